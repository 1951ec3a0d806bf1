"""Versions of the systems that produce submissions (系統版本): which were released when, and who is behind.

Released versions are dated rows: `client_versions.csv` (system,version,released_on) in the home folder, over the
shipped table.  Who is enrolled in automatic updates (自動版更) is `automatic_updates.csv` (agency_code,enrolled_from,
enrolled_to).  Both are the installation's own: neither can be known from a submission.

Versions are put in order by `packaging.version`; one that it does not know is only found by its very text.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from packaging.version import InvalidVersion, Version

from checks.model.roc import parse_roc_date
from warehouse.office_text import office_text

RELEASES_FILE, UPDATES_FILE = "client_versions.csv", "automatic_updates.csv"

_SHOWN = 5


class VersionsRefused(ValueError):  # noqa: N818 — reads as what it is
    """A file of versions cannot be used; the message names it and the first lines that are wrong."""

    def __init__(self, path: Path | str, faults: Sequence[str]) -> None:
        more = f" …共 {len(faults)} 處 {len(faults)} faults in all" if len(faults) > _SHOWN else ""
        super().__init__(f"{path}: {'；'.join(faults[:_SHOWN])}{more}")


class Release(NamedTuple):
    """A version as it was released; systems are told apart without regard to capitals."""

    system: str
    version: str
    released_on: date


class Enrolment(NamedTuple):
    """An agency is enrolled in automatic updates from a day to a day, both included; None is open."""

    agency_code: str
    first: date | None
    last: date | None


class Standing(NamedTuple):
    """How a version stood on a day: all None where the system or the version's place is not known.

    `newest` the newest version released by then, `behind` how many released ones are newer, `since` the day on which
    the first of those was released, `months` the whole months from then.
    """

    newest: str | None
    behind: int | None
    since: date | None
    months: int | None


@dataclass(frozen=True)
class Versions:
    """What an installation knows of versions and enrolments."""

    releases: Sequence[Release] = ()
    enrolments: Sequence[Enrolment] = ()
    _by_system: Mapping[str, list[Release]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_system: dict[str, list[Release]] = defaultdict(list)
        for one in self.releases:
            by_system[one.system.casefold()].append(one)
        object.__setattr__(self, "_by_system", by_system)

    def standing(self, system: str | None, version: str | None, on: date) -> Standing:
        """How a system's version stood on a day."""
        known = [one for one in self._by_system.get((system or "").casefold(), ()) if one.released_on <= on]
        ordered = sorted(((parsed, one) for one in known if (parsed := order_of(one.version))), key=lambda it: it[0])
        if not ordered or version is None:
            return Standing(None, None, None, None)
        newest = ordered[-1][1].version
        own = order_of(version)
        if own is None:
            return Standing(newest, None, None, None)
        newer = [one.released_on for parsed, one in ordered if parsed > own]
        since = min(newer, default=None)
        return Standing(newest, len(newer), since, 0 if since is None else _whole_months(since, on))

    def enrolled(self, agency_code: str, on: date) -> bool | None:
        """Whether the agency was enrolled on a day; None where nothing is said of any agency."""
        if not self.enrolments:
            return None
        return any(
            one.agency_code == agency_code and (one.first or date.min) <= on <= (one.last or date.max)
            for one in self.enrolments
        )


def order_of(version: str) -> Version | None:
    """A version's place among others; None where it has none."""
    try:
        return Version(version)
    except InvalidVersion:
        return None


def read_versions(home: Path) -> Versions:
    """Read the shipped table and the installation's files, of which each may be absent.

    The installation's row of a version goes before the shipped one.  Raises `VersionsRefused`, OSError.
    """
    shipped = files("warehouse").joinpath("data/client_versions.csv").read_text(encoding="utf-8")
    releases = {(one.system.casefold(), one.version): one for one in _releases("data/client_versions.csv", shipped)}
    own, updates = home / RELEASES_FILE, home / UPDATES_FILE
    if own.is_file():
        releases |= {(one.system.casefold(), one.version): one for one in _releases(own, _text(own))}
    return Versions(list(releases.values()), list(_enrolments(updates, _text(updates))) if updates.is_file() else ())


def _releases(path: Path | str, text: str) -> Iterator[Release]:
    faults = []
    for line, (system, version, released_on) in _rows(path, text, ("system", "version", "released_on")):
        day = _day(released_on)
        if not system or not version or day is None:
            faults.append(f"第 {line} 行須有系統、版本與釋出日 line {line} must have a system, a version and a day")
        elif order_of(version) is None:
            faults.append(f"第 {line} 行的版本無法排序 line {line}: the version has no place among others (like 2.4.1)")
        else:
            yield Release(system, version, day)
    if faults:
        raise VersionsRefused(path, faults)


def _enrolments(path: Path, text: str) -> Iterator[Enrolment]:
    faults = []
    names = ("agency_code", "enrolled_from", "enrolled_to")
    for line, (code, first, last) in _rows(path, text, names, optional=names[1:]):
        days = [_day(cell) if cell else None for cell in (first, last)]
        if not code or any(day is None and cell for day, cell in zip(days, (first, last), strict=True)):
            faults.append(
                f"第 {line} 行須有機關代碼，日期寫成 YYYY-MM-DD line {line} must have a code, and days as YYYY-MM-DD"
            )
        else:
            yield Enrolment(code, *days)
    if faults:
        raise VersionsRefused(path, faults)


def _rows(
    path: Path | str, text: str, names: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[tuple[int, list[str]]]:
    """Line number and the cells of these columns, of which some may be absent."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in names if name not in (reader.fieldnames or ()) and name not in optional]
    if missing:
        raise VersionsRefused(path, [f"標題列缺少 the header lacks: {', '.join(missing)}（{','.join(names)}）"])
    for row in reader:
        yield reader.line_num, [(row.get(name) or "").strip() for name in names]


def _text(path: Path) -> str:
    text = office_text(path.read_bytes())
    if text is None:
        raise VersionsRefused(path, ["須為 UTF-8 或 CP950 編碼 must be UTF-8 or CP950"])
    return text


def _day(text: str) -> date | None:
    """`2021-07-01`, or in ROC years `1100701`; None for anything else."""
    for read in (date.fromisoformat, parse_roc_date):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _whole_months(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)


def standings(
    versions: Versions, used: Iterable[tuple[str, str | None, str | None, date]]
) -> Iterator[tuple[str, str | None, int | None, date | None, int | None, bool | None]]:
    """Of each agency with what it used on which day: code, newest, versions behind, since, months, enrolled."""
    for code, system, version, on in used:
        yield (code, *versions.standing(system, version, on), versions.enrolled(code, on))
