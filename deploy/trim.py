"""`python deploy/trim.py SITE_PACKAGES`: removes from the image what its packages bring and the product never opens.

`make image-test` runs the product without them.  A line that removes nothing any more ends the build: a newer version
has moved it, or it is no longer needed here.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

#: What → why the product does not need it.
UNNEEDED = {
    "pyarrow/include": "headers for who compiles against it",
    "pyarrow/*flight*": "Arrow's own network protocol",
    "pyarrow/*s3*": "Arrow's own S3 client; the object store is asked by boto3",
    "pyarrow/tests": "its tests",
    "pandas/tests": "its tests",
    "matplotlib/tests": "its tests",
    "dagster_webserver/webapp/build/**/*.map": "for who debugs Dagster's pages",
}
#: Services of Amazon's that are asked: the object store, and those by which credentials are had.
ASKED = {"s3", "sts", "sso", "sso-oidc", "signin"}


def unneeded(packages: Path) -> Iterator[tuple[str, list[Path]]]:
    """Each pattern, with what of it is there."""
    for pattern in UNNEEDED:
        yield pattern, list(packages.glob(pattern))
    services = (path for path in (packages / "botocore/data").iterdir() if path.is_dir())
    yield "botocore/data/*", [path for path in services if path.name not in ASKED]


def main() -> None:
    """Remove them."""
    for pattern, found in unneeded(Path(sys.argv[1])):
        if not found:
            sys.exit(f"deploy/trim.py: {pattern}: nothing there any more; see what has become of it")
        for path in found:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


if __name__ == "__main__":
    main()
