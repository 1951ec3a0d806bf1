"""The faults of one document as they are come across, and the findings made of them in the end."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checks.findings import Finding
from checks.format.messages import REASONS, RULES
from checks.format.positions import Positions
from checks.format.values import SHOWN
from checks.format.versions import NEWEST

#: Findings kept of one document at most, and of any; between them one for so many bytes, which is more than one for
#: each record.  Memory and work are bounded by it; each rule's faults are counted in full.
KEPT, _KEPT_OF_ANY, _BYTES_EACH = 4_000, 1_000, 100


def most_kept(size: int) -> int:
    """How many fatal findings are kept of a document of so many bytes."""
    return min(max(size // _BYTES_EACH, _KEPT_OF_ANY), KEPT)


_DATASETS = NEWEST.datasets


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the document: names and indices from the root; `title` is the property's Chinese name, if known."""

    path: Sequence[str | int] = ()
    title: str = ""

    @property
    def pointer(self) -> str:
        """RFC 6901."""
        return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in self.path)

    @property
    def dataset(self) -> str | None:
        """The dataset that the place is in."""
        first = self.path[0] if self.path else None
        return first if isinstance(first, str) and first in _DATASETS else None

    @property
    def index(self) -> int | None:
        """0-based index of the record that the place is in."""
        second = self.path[1] if self.dataset and len(self.path) > 1 else None
        return second if isinstance(second, int) else None

    @property
    def field(self) -> str | None:
        """The property within its record, or within the document; None for a record or a dataset as a whole."""
        within = self.path[(self.dataset is not None) + (self.index is not None) :]
        name = ".".join(map(str, within))
        return (name if len(name) <= SHOWN else f"{name[: SHOWN - 1]}…") or None

    def words(self) -> tuple[str, str]:
        """Say the place for readers: in Chinese (records counted from 1) and in English (as in the pointer)."""
        dataset, index, name = self.dataset, self.index, self.field
        zh = f"{dataset}（{_DATASETS[dataset].title}）" if dataset else ""
        zh += "" if index is None else f"第 {index + 1} 筆"
        en = (dataset or "") + ("" if index is None else f"[{index}]")
        if name:
            zh += f"{'的 ' if zh else ''}{name}" + (f"（{self.title}）" if self.title else "")
            en += f"{'.' if en else ''}{name}"
        zh = zh or "整份文件"
        # A space between Latin and Chinese writing, none after a full-width bracket.
        return f"{zh} " if zh[-1].isascii() else zh, en or "the document"


@dataclass(slots=True)
class Fault:
    """A finding to be: everything but line, column and words."""

    #: None for a fault of the file as a whole.
    offset: int | None
    rule: str
    place: Place | None = None
    value: str | None = None
    expected: str | None = None
    reason: str = ""
    token: str = ""
    record_id: str | None = None


@dataclass(slots=True)
class Faults:
    """The faults so far: at most `most` of them kept (and the few that must never be lost), all counted."""

    most: int = KEPT
    #: Rule → its faults, kept or not.
    by_rule: Counter[str] = field(default_factory=Counter)
    kept: list[Fault] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether faults are only counted from now on."""
        return len(self.kept) >= self.most

    def add(self, fault: Fault) -> None:
        """Count the fault and keep it."""
        self.by_rule[fault.rule] += 1
        self.kept.append(fault)

    def findings(self, data: bytes) -> Iterator[Finding]:
        """Give the kept faults as findings, in document order."""
        positions = Positions(data)
        for fault in sorted(self.kept, key=lambda fault: fault.offset or 0):
            yield _finding(fault, *((None, None) if fault.offset is None else positions.of(fault.offset)))


def _finding(fault: Fault, line: int | None, column: int | None) -> Finding:
    rule = RULES[fault.rule]
    place = fault.place
    where, where_en = place.words() if place else ("", "")
    words = {"where": where, "where_en": where_en, "line": line, "column": column, "token": fault.token}
    reason = REASONS.get(fault.reason)
    if reason:
        words |= {"reason": reason.zh.format_map(words), "reason_en": reason.en.format_map(words)}
    words["expected"] = fault.expected or ""
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        dataset=place.dataset if place else None,
        index=place.index if place else None,
        record_id=fault.record_id,
        field=place.field if place else None,
        pointer=place.pointer if place else None,
        line=line,
        column=column,
        value=fault.value,
        expected=fault.expected,
        message=rule.message.format_map(words),
        message_en=rule.message_en.format_map(words),
    )


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found.  Identity as the document says it, where it says it readably, faulty or not."""

    #: In document order; at most as many as `Faults` keeps, and those that ended the reading.
    findings: list[Finding]
    #: Rule → how many faults there are, kept or not.
    by_rule: Mapping[str, int]
    #: Line and column of the values told below, by their names.
    places: dict[str, tuple[int, int]]
    #: Whether the document was read to its end; if not, the last finding (F001, F002, F009) says why.
    complete: bool
    format_version: str | None
    agency_code: str | None
    month: str | None
    system: str | None
    version: str | None
    #: RFC 3339, as written.
    produced_at: str | None

    @property
    def total(self) -> int:
        """How many faults there are, kept or not."""
        return sum(self.by_rule.values())

    @property
    def unlisted(self) -> dict[str, int]:
        """Rule → its faults that were not kept."""
        return dict(Counter(self.by_rule) - Counter(finding.rule for finding in self.findings))
