"""Measure a share of a national month: the platform, DuckDB copying unchecked, and the obvious pipeline.

    python benchmarks/national.py --share 0.1 --work /var/tmp/benchmark --repeat 3

Each way runs in a process of its own over the same files, in turns that alternate, and the best turn counts.  The
files lie in the page cache for all of them.  Numbers of records are compared with what the generator knows to be
right; a way that is wrong is said to be so.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from measure import Measured, Outcome, measure
from nation import Nation, make_nation, open_nation

#: The obvious pipeline is run over at most so many agencies, evenly chosen, and scaled by bytes.
OBVIOUS_SAMPLE = 400
STAGES = ("land", "check", "store", "publish")


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


WAYS: dict[str, Callable[[Nation, Path], Outcome]] = {"platform": _platform, "duckdb": _duckdb, "obvious": _obvious}


def main() -> None:
    """Measure and print, or (`--way`, in the measured process) run one way and print its outcome as JSON."""
    options = _options()
    if options.way:
        outcome = WAYS[options.way](open_nation(options.nation), options.out)
        json.dump(asdict(outcome), sys.stdout)
        return
    nation = make_nation(options.work, options.share)
    results = _measure_all(nation, options)
    _print_table(nation, results)
    report = options.work / f"result-{options.share:g}.json"
    report.write_text(json.dumps({"share": options.share, "bytes": nation.bytes, "ways": results}, indent=1))
    print(f"\nwritten to {report}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.05, help="of a national month; 1 is 1.7 GB (default 0.05)")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/attendance-benchmark"), help="where files go")
    parser.add_argument("--repeat", type=int, default=1, help="turns of each way; the best counts")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="which to run")
    for inner in ("--way", "--nation", "--out"):
        parser.add_argument(inner, type=str if inner == "--way" else Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure_all(nation: Nation, options: argparse.Namespace) -> dict[str, dict[str, object]]:
    best: dict[str, tuple[Measured, Outcome]] = {}
    for turn in range(options.repeat):
        for way in options.ways if turn % 2 == 0 else reversed(options.ways):
            out = options.work / f"out-{way}"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir(parents=True)
            arguments = [__file__, "--way", way, "--nation", str(nation.root), "--out", str(out)]
            measured = measure(arguments)
            outcome = Outcome(**json.loads(measured.output))
            shutil.rmtree(out)
            if way not in best or sum(outcome.seconds.values()) < sum(best[way][1].seconds.values()):
                best[way] = measured, outcome
            print(f"{way}: {sum(outcome.seconds.values()):.1f} s", file=sys.stderr)
    return {way: _summary(nation, way, *best[way]) for way in options.ways}


def _summary(nation: Nation, way: str, measured: Measured, outcome: Outcome) -> dict[str, object]:
    scale = nation.bytes / outcome.bytes if way == "obvious" else 1.0
    seconds = {stage: outcome.seconds[stage] * scale for stage in STAGES if stage in outcome.seconds}
    # DuckDB copies faulty records too: it is right when it has all that the sound documents hold.  The obvious
    # pipeline knows too few of the rules to be right.
    expected = nation.expected(sound_only=way != "duckdb")
    total = sum(seconds.values())
    return {
        "seconds": seconds,
        "total": total,
        "cpu": measured.cpu * scale,
        "peak_bytes": measured.peak_bytes,
        "megabytes_per_second": nation.bytes / 1e6 / total,
        "records": outcome.records,
        "records_right": outcome.records == expected if way != "obvious" else None,
        "scaled_by": scale,
    }


def _print_table(nation: Nation, results: dict[str, dict[str, object]]) -> None:
    records = ", ".join(f"{count:,} {name}" for name, count in nation.expected().items())
    print(f"{len(nation.agencies):,} agencies, {nation.bytes / 1e6:,.0f} MB of JSON; right: {records}\n")
    head = [*STAGES, "total", "÷ duckdb", "÷ obvious", "MB/s", "CPU s", "peak MB", "records"]
    print(f"{'':10}" + "".join(f"{name:>12}" for name in head))
    totals = {way: float(row["total"]) for way, row in results.items()}  # type: ignore[arg-type]
    for way, row in results.items():
        seconds: dict[str, float] = row["seconds"]  # type: ignore[assignment]
        cells = [f"{seconds[stage]:.1f}" if stage in seconds else "–" for stage in STAGES]
        cells.append(f"{totals[way]:.1f}")
        cells += [f"{totals[way] / totals[peer]:.2f}" if peer in totals else "–" for peer in ("duckdb", "obvious")]
        cells += [f"{row['megabytes_per_second']:.1f}", f"{row['cpu']:.1f}", f"{int(row['peak_bytes']) / 1e6:.0f}"]  # type: ignore[call-overload]
        cells.append({True: "right", False: "WRONG", None: "fewer rules"}[row["records_right"]])  # type: ignore[index]
        print(f"{way:10}" + "".join(f"{cell:>12}" for cell in cells))
    for way, row in results.items():
        if row["scaled_by"] != 1.0:
            print(f"\n{way}: measured over a sample of the agencies, times {row['scaled_by']:.2f} by bytes.")


if __name__ == "__main__":
    main()
