"""Prints this machine's settings of pip as options of `buildah run`, a line each: variables, and the files named."""

import ast
import subprocess
import sys
from pathlib import Path

#: Which settings count, the later before the earlier: pip's own order.
_SECTIONS = ("global", "download", ":env:")


def settings() -> dict[str, str]:
    """Name, as after `PIP_`, → value."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 — ourselves
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, name = name.rpartition(".")
        found.get(section, {})[name.upper().replace("-", "_")] = " ".join(ast.literal_eval(value).split())
    return {name: value for section in _SECTIONS for name, value in found[section].items()}


def main() -> None:
    """Print them; of an index in a folder also the folder beside it, where its files may lie."""
    for name, value in settings().items():
        sys.stdout.write(f"--env=PIP_{name}={value}\n")
        for word in value.split():
            path = Path(word.removeprefix("file://"))
            if path.is_absolute() and path.exists():
                shared = path.parent if word.startswith("file://") else path
                sys.stdout.write(f"--volume={shared}:{shared}:ro\n")


if __name__ == "__main__":
    main()
