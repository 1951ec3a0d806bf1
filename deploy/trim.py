"""`python deploy/trim.py SITE_PACKAGES`: removes from the image what its packages bring and the product never opens.

`make image-test` runs the product without it.  A pattern that finds nothing any more ends the build: a newer version
has moved what it is for, or it is needed no longer.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

#: What → why the product does not need it.
UNNEEDED = {
    "dagster_webserver/webapp/build/**/*.map": "for who debugs Dagster's pages",
    "kubernetes/aio": "the same client once more, for asyncio; Dagster's launcher uses the other",
    "matplotlib/tests": "its tests",
    "numpy/**/tests": "its tests",
    "pandas/tests": "its tests",
    "pyarrow/*flight*": "Arrow's own network protocol",
    "pyarrow/*s3*": "Arrow's own S3 client; the object store is asked by boto3",
    "pyarrow/include": "headers for who compiles against it",
    "pyarrow/tests": "its tests",
}
#: Services of Amazon's that are asked: the object store, and those by which credentials are had.
ASKED = {"s3", "sts", "sso", "sso-oidc", "signin"}
_LOADS = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"


def unneeded(packages: Path) -> Iterator[tuple[str, list[Path]]]:
    """Each pattern, with what of it is there."""
    for pattern in UNNEEDED:
        yield pattern, list(packages.glob(pattern))
    services = (path for path in (packages / "botocore/data").iterdir() if path.is_dir())
    yield "botocore/data/*", [path for path in services if path.name not in ASKED]


def remove(path: Path) -> None:
    """A file, or a folder with all that is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def strip(library: Path) -> None:
    """Take debuggers' symbols out of a library; one that does not load without them (patched ones) stays as it is."""
    stripped = library.with_name(f"{library.name}.stripped")
    subprocess.run(["strip", "--strip-unneeded", "-o", stripped, library], check=True)  # noqa: S603, S607
    # Beside the others that it loads, under its own name.
    whole = library.rename(library.with_name(f"{library.name}.whole"))
    stripped.rename(library)
    if subprocess.run([sys.executable, "-c", _LOADS, library], capture_output=True, check=False).returncode:  # noqa: S603
        whole.replace(library)
    else:
        whole.unlink()


def main() -> None:
    """Remove what is not needed, and the symbols from what is."""
    packages = Path(sys.argv[1])
    for pattern, found in unneeded(packages):
        if not found:
            sys.exit(f"deploy/trim.py: {pattern}: nothing there any more; see what has become of it")
        for path in found:
            remove(path)
    for library in sorted(packages.rglob("*.so*")):
        if library.is_file() and not library.is_symlink():
            strip(library)


if __name__ == "__main__":
    main()
