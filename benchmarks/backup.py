"""Measure a backup, a second one with little new, verifying, and a restore elsewhere, of a share of a national month.

    python benchmarks/backup.py --share 0.05

Home, destination and restored home lie under `--work`, on one disk; the numbers are this machine's as it is.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

from measure import Stages
from nation import make_nation
from ours import run_platform

from pipelines.cli.app import ending


def main() -> None:
    """Print a line for each step: wall and processor seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--work", type=Path, default=Path("benchmarks/work"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    nation = make_nation(options.work, options.share)
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        out, disk, elsewhere = (Path(folder) / name for name in ("home", "disk", "elsewhere"))
        disk.mkdir()
        run_platform(nation.all_files, nation.register, out)
        home = next(path.parent for path in Path(folder).rglob("ledger.sqlite"))
        os.environ["ATTENDANCE_HOME"] = str(home)
        print(f"share {options.share}: {len(nation.agencies):,} agencies, {nation.bytes / 1e6:,.0f} MB of JSON")
        stages = Stages()
        for stage, command in {
            "create": ["create", disk],
            "create again": ["create", disk],
            "verify": ["verify", disk],
            "restore without rebuild": ["restore", disk, "--to", elsewhere, "--keys", home, "--no-rebuild"],
        }.items():
            _run("backup", *command)
            stages.end(stage)
        os.environ["ATTENDANCE_HOME"] = str(elsewhere)
        _run("rebuild")
        stages.end("rebuild")
        _run("doctor")
        for stage, seconds in stages.seconds.items():
            print(f"{stage}: {seconds:.1f} s, {stages.cpu[stage]:.1f} s of processor")
        sizes = {path.name: _size(path) for path in sorted(disk.iterdir()) if path.is_dir()}
        print(json.dumps({**sizes, "home": _size(home)}))


def _run(*arguments: object) -> None:
    code = ending([str(argument) for argument in arguments])
    if code:
        raise SystemExit(f"{arguments} ended with {code}")


def _size(folder: Path) -> int:
    """Bytes of the files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
