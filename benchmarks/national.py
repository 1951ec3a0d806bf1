"""Measure a share of a national month: the platform, DuckDB copying unchecked, and the obvious pipeline.

    python benchmarks/national.py --share 1 --limits
    python benchmarks/national.py --shares 0.25 0.5 1 --ways platform

Each way runs in a process of its own over the same files, in turns that alternate, and the best turn counts.  The
files lie in the page cache for all of them.  The total is from landed bytes on: bringing them in is printed and not
counted.  Numbers of records are compared with what the generator knows to be right; a way that is wrong is said to be
so.  Where the platform is among the ways, marking the month in Dagster, which comes after all data work, is printed on
a line of its own.  `--limits` adds what each part costs alone, `--shares` whether the cost is linear in bytes.  Wait
five minutes between two calls: see `OUT`.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measure import Measured, Outcome, measure
from nation import Nation, make_nation, open_nation
from tables import print_limits, print_marking, print_shares, print_ways

#: The obvious pipeline is run over at most so many agencies, evenly chosen, and scaled by bytes.
OBVIOUS_SAMPLE = 400
#: `land` is printed only.
STAGES = ("land", "enter", "review", "publish")
COUNTED = STAGES[1:]

Row = dict[str, Any]


# Each way is imported in its own process only: no way's memory holds another's libraries.


def _platform(nation: Nation, out: Path) -> Outcome:
    from ours import run_platform  # noqa: PLC0415

    return run_platform(nation.all_files, nation.register, out)


def _duckdb(nation: Nation, out: Path) -> Outcome:
    from duckdb_copy import copy_with_duckdb  # noqa: PLC0415

    return copy_with_duckdb(nation.sound_files, out)


def _obvious(nation: Nation, out: Path) -> Outcome:
    from obvious_pipeline import run_obvious_pipeline  # noqa: PLC0415

    step = max(1, len(nation.all_files) // OBVIOUS_SAMPLE)
    return run_obvious_pipeline(nation.all_files[::step], out)


def _limits(nation: Nation, out: Path) -> Outcome:
    from limits import measure_limits  # noqa: PLC0415

    return measure_limits(nation, out)


def _marking(nation: Nation, out: Path) -> Outcome:
    from dagster_marks import mark_on_both  # noqa: PLC0415

    return mark_on_both(len(nation.agencies), out)


WAYS: dict[str, Callable[[Nation, Path], Outcome]] = {"platform": _platform, "duckdb": _duckdb, "obvious": _obvious}
LIMITS, MARKING = "limits", "marking"
#: What the ways write is removed only after everything is measured: for up to five minutes ext4 passes over the inodes
#: of removed files one by one, which made new files and folders three times as dear (measured with 7,500 of them).
OUT = "out-"


def main() -> None:
    """Measure and print, or (`--way`, in the measured process) run one way and print its outcome as JSON."""
    options = _options()
    if options.way:
        outcome = {**WAYS, LIMITS: _limits, MARKING: _marking}[options.way](open_nation(options.nation), options.out)
        json.dump(asdict(outcome), sys.stdout)
        return
    by_share: dict[float, dict[str, Row]] = {}
    for share in options.shares or [options.share]:
        nation = make_nation(options.work, share)
        by_share[share] = rows = _measure_all(nation, options)
        print_ways(nation, rows, STAGES)
        if "platform" in rows:
            _, outcome = _run(nation, MARKING, options.work)
            rows[MARKING] = {"seconds": outcome.seconds, "cpu": outcome.cpu}
            print_marking(nation, outcome)
        if options.limits:
            _, outcome = _run(nation, LIMITS, options.work)
            rows[LIMITS] = {"seconds": outcome.seconds, "cpu": outcome.cpu, "bytes": outcome.bytes}
            print_limits(nation, outcome, rows.get("platform"))
        report = options.work / f"result-{share:g}.json"
        report.write_text(json.dumps({"share": share, "bytes": nation.bytes, "ways": rows}, indent=1))
        print(f"\nwritten to {report}\n")
    for leftover in options.work.glob(f"{OUT}*"):
        shutil.rmtree(leftover)
    if options.shares:
        print_shares({share: rows["platform"] for share, rows in by_share.items() if "platform" in rows}, COUNTED)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.05, help="of a national month; 1 is 1.7 GB (default 0.05)")
    parser.add_argument("--shares", type=float, nargs="+", help="several, and a table of seconds per GB")
    parser.add_argument("--limits", action="store_true", help="what each part costs alone, as a share of the whole")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/attendance-benchmark"), help="where files go")
    parser.add_argument("--repeat", type=int, default=1, help="turns of each way; the best counts")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="which to run")
    for inner in ("--way", "--nation", "--out"):
        parser.add_argument(inner, type=str if inner == "--way" else Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure_all(nation: Nation, options: argparse.Namespace) -> dict[str, Row]:
    best: dict[str, tuple[Measured, Outcome]] = {}
    for turn in range(options.repeat):
        for way in options.ways if turn % 2 == 0 else reversed(options.ways):
            measured, outcome = _run(nation, way, options.work)
            if way not in best or _total(outcome) < _total(best[way][1]):
                best[way] = measured, outcome
            print(f"{way}: {_total(outcome):.1f} s", file=sys.stderr)
    return {way: _summary(nation, way, *best[way]) for way in options.ways}


def _run(nation: Nation, way: str, work: Path) -> tuple[Measured, Outcome]:
    out = Path(tempfile.mkdtemp(prefix=f"{OUT}{way}-", dir=work))
    measured = measure([__file__, "--way", way, "--nation", str(nation.root), "--out", str(out)])
    return measured, Outcome(**json.loads(measured.output))


def _total(outcome: Outcome) -> float:
    return sum(outcome.seconds.get(stage, 0.0) for stage in COUNTED)


def _summary(nation: Nation, way: str, measured: Measured, outcome: Outcome) -> Row:
    scale = nation.bytes / outcome.bytes if way == "obvious" else 1.0
    # DuckDB copies faulty records too: it is right when it has all that the sound documents hold.  The obvious
    # pipeline knows too few of the rules to be right.
    expected = nation.expected(sound_only=way != "duckdb")
    total = _total(outcome) * scale
    return {
        "seconds": {stage: outcome.seconds[stage] * scale for stage in STAGES if stage in outcome.seconds},
        "total": total,
        "cpu": {stage: outcome.cpu[stage] * scale for stage in STAGES if stage in outcome.cpu},
        "peak_bytes": measured.peak_bytes,
        "bytes": nation.bytes,
        "records": outcome.records,
        "records_right": outcome.records == expected if way != "obvious" else None,
        "scaled_by": scale,
    }


if __name__ == "__main__":
    main()
