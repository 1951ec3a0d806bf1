"""The tables that `national.py` prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from measure import Outcome
from nation import Nation

Row = Mapping[str, Any]
_RIGHT = {True: "right", False: "WRONG", None: "fewer rules"}


def print_ways(nation: Nation, rows: Mapping[str, Row], stages: Sequence[str]) -> None:
    """A line a way: seconds by stage, the total from landed bytes, ratios, processor seconds, peak memory."""
    records = ", ".join(f"{count:,} {name}" for name, count in nation.expected().items())
    print(f"{len(nation.agencies):,} agencies, {nation.bytes / 1e6:,.0f} MB of JSON; right: {records}\n")
    _line("", *(f"({stage})" if stage == "land" else stage for stage in stages), "total", "÷ duckdb", "÷ obvious",
          "MB/s", "CPU s", "peak MB", "records")  # fmt: skip
    for way, row in rows.items():
        cells = [f"{row['seconds'][stage]:.1f}" if stage in row["seconds"] else "–" for stage in stages]
        ratios = [
            f"{row['total'] / rows[peer]['total']:.2f}" if peer in rows else "–" for peer in ("duckdb", "obvious")
        ]
        cpu = sum(taken for stage, taken in row["cpu"].items() if stage != "land")
        _line(way, *cells, f"{row['total']:.1f}", *ratios, f"{nation.bytes / 1e6 / row['total']:.1f}", f"{cpu:.1f}",
              f"{row['peak_bytes'] / 1e6:.0f}", _RIGHT[row["records_right"]])  # fmt: skip
    for way, row in rows.items():
        if row["scaled_by"] != 1.0:
            print(f"\n{way}: measured over a sample of the agencies, times {row['scaled_by']:.2f} by bytes.")


def print_marking(nation: Nation, marking: Outcome) -> None:
    """One line: what showing every agency-month in Dagster's grid takes, after the data work."""
    taken = "; ".join(
        f"{database} {seconds:.1f} s (processor {marking.cpu[database]:.1f} s)"
        for database, seconds in marking.seconds.items()
    )
    print(f"\nmarking {len(nation.agencies):,} agency-months in Dagster, after all that: {taken}")


def print_limits(nation: Nation, limits: Outcome, platform: Row | None) -> None:
    """A line a part of entering: what it costs alone, and its share of all the processor time from landed bytes."""
    scale = nation.bytes / limits.bytes
    whole = sum(taken for stage, taken in platform["cpu"].items() if stage != "land") if platform else None
    print(
        f"\nEach part alone, one thread, over {limits.bytes / 1e6:,.0f} MB, scaled to {nation.bytes / 1e6:,.0f} MB:\n"
    )
    _line("", "seconds", "CPU s", "of the whole")
    for part, seconds in limits.seconds.items():
        _limit(part, seconds * scale, limits.cpu[part] * scale, whole)
    _limit("enter, limit", sum(limits.seconds.values()) * scale, sum(limits.cpu.values()) * scale, whole)
    if platform:
        for stage, seconds in platform["seconds"].items():
            if stage != "land":
                _limit(f"{stage}, done", seconds, platform["cpu"][stage], whole)


def _limit(name: str, seconds: float, cpu: float, whole: float | None) -> None:
    _line(name, f"{seconds:.1f}", f"{cpu:.1f}", f"{cpu / whole:.0%}" if whole else "–")


def print_shares(rows: Mapping[float, Row], stages: Sequence[str]) -> None:
    """A line a share of the month: seconds per GB, which stay the same where the cost is linear in bytes."""
    print("The platform, seconds per GB of JSON:\n")
    _line("share", "GB", *stages, "total", "CPU s", "peak MB")
    for share, row in rows.items():
        size = row["bytes"] / 1e9
        cpu = sum(taken for stage, taken in row["cpu"].items() if stage != "land")
        cells = [f"{row['seconds'][stage] / size:.1f}" for stage in stages]
        _line(f"{share:g}", f"{size:.2f}", *cells, f"{row['total'] / size:.1f}", f"{cpu / size:.1f}",
              f"{row['peak_bytes'] / 1e6:.0f}")  # fmt: skip


def _line(head: str, *cells: str) -> None:
    print(f"{head:14}" + "".join(f"{cell:>13}" for cell in cells))
