"""The check: many documents at once, bytes in, records and findings out.

The same function answers `attendance check FILE`, the portal's format check and the pipeline.  Pure: it reads and
writes nothing, and a document's findings are the same in whatever company it is checked.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.findings import FOUND_SCHEMA, Finding, findings_frame
from checks.format.identity import identity_findings
from checks.format.locate import Target, locate
from checks.format.reader import Columns, faulty_documents, header_fits, plain_columns, read_columns
from checks.format.scanner import Scan, scan
from checks.format.versions import VERSIONS
from checks.model.submitted import SUBMITTED
from checks.rules.evaluate import evaluate
from checks.rules.prepare import prepare
from checks.rules.whole_document import faults_of_whole
from checks.stored_columns import entered_records


class Counts(NamedTuple):
    """Records of one dataset: read = entered + refused; warned are among the entered."""

    read: int
    entered: int
    refused: int
    warned: int


class NotEvaluated(NamedTuple):
    """A rule that says nothing of some people (None: of the whole document), and why."""

    rule: str
    reason: str
    reason_en: str
    people: int | None = None

    def __str__(self) -> str:
        if self.people is None:
            return f"{self.reason} {self.reason_en}"
        people = "1 person" if self.people == 1 else f"{self.people:,} people"
        return f"{self.reason}（{self.people:,} 人）{self.reason_en} ({people})"


@dataclass(frozen=True)
class CheckedDocument:
    """What the check says of one document.

    `refused`: there is a fatal finding, and none of its records is entered.  `findings` is a frame of
    `FOUND_SCHEMA`.  What the document says of itself is None where it could not be read.  `unknown` says
    which rules were not evaluated, why, and of how many people; `unlisted` rule → how many findings there are beside
    those in `findings`, which of a document of faults alone are the first (`checks.format.faults.most_kept`).
    """

    agency_code: str | None
    month: str | None
    system: str | None
    version: str | None
    produced_at: str | None
    refused: bool
    findings: pl.DataFrame
    counts: dict[str, Counts] = field(default_factory=dict)
    unknown: Sequence[NotEvaluated] = ()
    unlisted: dict[str, int] = field(default_factory=dict)

    @property
    def not_evaluated(self) -> dict[str, str]:
        """Rule → why it was not evaluated and of how many people, in Chinese and English."""
        said: dict[str, list[str]] = {}
        for one in self.unknown:
            said.setdefault(one.rule, []).append(str(one))
        return {rule: "；".join(reasons) for rule, reasons in said.items()}


@dataclass(frozen=True)
class BatchResult:
    """`documents` in the order given; `entered[dataset]` the records let in, see `checks.stored_columns`."""

    documents: list[CheckedDocument]
    entered: dict[str, pl.DataFrame]


class _Header(NamedTuple):
    agency_code: str | None
    month: str | None
    system: str | None
    version: str | None
    produced_at: str | None


#: Rules that look across submissions run after storage.
ACROSS_SUBMISSIONS = ("W202", "W206", "W207", "W209", "W213", "W214")


def check_documents(
    documents: Sequence[SubmittedDocument], context: CheckContext, threads: int | None = None
) -> BatchResult:
    """Check a batch.  Memory is a small multiple of the batch's bytes; the caller chooses the batch.

    `threads` read documents beside each other (None: one a core).
    """
    with ThreadPoolExecutor(threads or os.cpu_count()) as workers:
        columns, scans = _read(documents, context, workers)
    headers = _headers(columns, scans)
    fatal = {
        position: [
            *(scans[position].findings if position in scans else ()),
            *_located_identity(document, headers[position], context, scans.get(position)),
        ]
        for position, document in enumerate(documents)
    }
    refused = {position for position, findings in fatal.items() if findings}
    whose = _whose(headers, refused)
    prepared, roster = prepare(_without(columns.frames, refused), context.staff(whose), context.leave_types)
    judged = evaluate(prepared, roster, context.calendar(whose), context)
    of_whole = faults_of_whole(judged.frames, judged.findings)
    counted = _by_rule(judged.findings, of_whole)
    for position, finding in of_whole.items():
        fatal[position].append(_placed(finding, documents[position], context))
    frames = _without(judged.frames, set(of_whole))
    counts = _counts(frames)
    findings = _located(judged.findings.filter(~_of(of_whole)), documents, counts)
    found = {
        int(key[0]): part.drop("document") for key, part in findings.partition_by("document", as_dict=True).items()
    }
    always, unknown = _not_evaluated(context), _by_document(judged.unknown)
    checked = [
        CheckedDocument(
            *headers[position],
            refused=bool(fatal[position]),
            findings=findings_frame(fatal[position]) if fatal[position] else found.get(position, _NO_FINDINGS),
            counts={} if fatal[position] else {name: counts[name].get(position, _NO_RECORDS) for name in SUBMITTED},
            unknown=always if fatal[position] else [*always, *unknown.get(position, ())],
            unlisted=scans[position].unlisted if position in scans else counted.get(position, {}),
        )
        for position in range(len(documents))
    ]
    return BatchResult(checked, entered_records(frames, roster, judged.work))


def _whose(headers: Mapping[int, _Header], refused: Collection[int]) -> pl.DataFrame:
    """`document`, `agency_code` and `month` of those that are not refused."""
    rows = [
        (position, header.agency_code, header.month)
        for position, header in sorted(headers.items())
        if position not in refused
    ]
    schema = {"document": pl.UInt32, "agency_code": pl.String, "month": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _of(positions: Collection[int]) -> pl.Expr:
    return pl.col("document").is_in(pl.Series(sorted(positions), dtype=pl.UInt32).implode())


def _by_rule(findings: pl.DataFrame, positions: Collection[int]) -> dict[int, dict[str, int]]:
    """Of documents whose findings are not listed, how many each rule has."""
    counted: dict[int, dict[str, int]] = {}
    for position, rule, number in (
        findings.filter(_of(positions)).group_by("document", "rule").len().sort("document", "rule").iter_rows()
    ):
        counted.setdefault(position, {})[rule] = number
    return counted


def _by_document(unknown: pl.DataFrame) -> dict[int, list[NotEvaluated]]:
    by_document: dict[int, list[NotEvaluated]] = {}
    for position, *said in unknown.iter_rows():
        by_document.setdefault(position, []).append(NotEvaluated(*said))
    return by_document


_NO_FINDINGS = pl.DataFrame(schema=FOUND_SCHEMA)
_NO_RECORDS = Counts(0, 0, 0, 0)


def _read(
    documents: Sequence[SubmittedDocument], context: CheckContext, workers: ThreadPoolExecutor
) -> tuple[Columns, dict[int, Scan]]:
    """Columns of all documents that have no fault of format, and the scan of each that was set aside."""
    small = [position for position, document in enumerate(documents) if len(document.data) <= context.limits.max_bytes]
    columns = read_columns([documents[position].data for position in small], small, workers)
    suspect = set(range(len(documents))) - set(columns.documents)
    suspect |= faulty_documents(columns.frames)
    suspect |= {
        position
        for position, header in zip(columns.documents, columns.headers.iter_rows(named=True), strict=True)
        if not header_fits(header)
    }
    suspect |= _too_many_records(columns, context.limits.max_records)
    scans = {position: scan(documents[position].data, context.limits) for position in sorted(suspect)}
    kept = _keep(columns, set(columns.documents) - suspect)
    excused = [
        plain_columns(documents[position].data, position, VERSIONS[str(one.format_version)])
        for position, one in scans.items()
        if not one.findings
    ]
    return _in_order(_joined([kept, *excused])), scans


def _too_many_records(columns: Columns, most: int) -> set[int]:
    sizes = [frame.group_by("document").len().filter(pl.col("len") > most) for frame in columns.frames.values()]
    return set(pl.concat(sizes)["document"])


def _keep(columns: Columns, wanted: set[int]) -> Columns:
    if len(wanted) == len(columns.documents):
        return columns
    rows = pl.Series([position in wanted for position in columns.documents], dtype=pl.Boolean)
    documents = [position for position in columns.documents if position in wanted]
    return Columns(documents, columns.headers.filter(rows), _without(columns.frames, set(columns.documents) - wanted))


def _without(frames: dict[str, pl.DataFrame], unwanted: set[int]) -> dict[str, pl.DataFrame]:
    if not unwanted:
        return frames
    positions = pl.Series(sorted(unwanted), dtype=pl.UInt32).implode()
    return {name: frame.filter(~pl.col("document").is_in(positions)) for name, frame in frames.items()}


def _joined(parts: Sequence[Columns]) -> Columns:
    if len(parts) == 1:
        return parts[0]
    return Columns(
        [position for part in parts for position in part.documents],
        pl.concat([part.headers for part in parts]),
        {name: pl.concat([part.frames[name] for part in parts]) for name in SUBMITTED},
    )


def _in_order(columns: Columns) -> Columns:
    """By document: readers give what they take together first, but what is stored is cut by position."""
    if columns.documents == sorted(columns.documents):
        return columns
    rows = sorted(range(len(columns.documents)), key=columns.documents.__getitem__)
    return Columns(
        [columns.documents[row] for row in rows],
        columns.headers[rows],
        {name: frame.sort("document", maintain_order=True) for name, frame in columns.frames.items()},
    )


def _headers(columns: Columns, scans: dict[int, Scan]) -> dict[int, _Header]:
    headers = {
        position: _Header(one.agency_code, one.month, one.system, one.version, one.produced_at)
        for position, one in scans.items()
    }
    rows = columns.headers.select(_Header._fields).iter_rows()
    headers.update({position: _Header(*row) for position, row in zip(columns.documents, rows, strict=True)})
    return headers


def _located_identity(
    document: SubmittedDocument, header: _Header, context: CheckContext, scanned: Scan | None
) -> list[Finding]:
    findings = list(identity_findings(document, header.agency_code, header.month, context))
    if not findings:
        return findings
    places = (scanned or scan(document.data, context.limits)).places
    return [finding.at(*places[finding.field]) if finding.field in places else finding for finding in findings]


def _placed(finding: Finding, document: SubmittedDocument, context: CheckContext) -> Finding:
    """A finding about the document's month, with the place of the month."""
    if finding.field is None:
        return finding
    return finding.at(*scan(document.data, context.limits).places[finding.field])


def _located(
    findings: pl.DataFrame, documents: Sequence[SubmittedDocument], counts: Mapping[str, Mapping[int, Counts]]
) -> pl.DataFrame:
    """Line and column of every finding; only documents that have findings are looked at again."""
    if findings.is_empty():
        return findings
    wanted: dict[int, list[Target]] = {}
    for position, dataset, index, field_name in findings.select("document", "dataset", "index", "field").iter_rows():
        wanted.setdefault(position, []).append((dataset, index, field_name))
    lines, columns = [], []
    for position, targets in wanted.items():
        records = sum(of_dataset.get(position, _NO_RECORDS).read for of_dataset in counts.values())
        places = locate(documents[position].data, set(targets), records)
        for target in targets:
            line, column = places[target]
            lines.append(line)
            columns.append(column)
    return findings.with_columns(line=pl.Series(lines, dtype=pl.UInt32), column=pl.Series(columns, dtype=pl.UInt32))


def _counts(judged: dict[str, pl.DataFrame]) -> dict[str, dict[int, Counts]]:
    counts: dict[str, dict[int, Counts]] = {}
    for name, frame in judged.items():
        sums = frame.group_by("document").agg(pl.len(), pl.col("refused", "warned").sum())
        counts[name] = {
            document: Counts(read, read - refused, refused, warned)
            for document, read, refused, warned in sums.iter_rows()
        }
    return counts


def _not_evaluated(context: CheckContext) -> list[NotEvaluated]:
    """Rules that no document is judged by here."""
    reasons = [NotEvaluated(rule, "跨檔規則於入檔後計算", "computed after storage") for rule in ACROSS_SUBMISSIONS]
    if context.agencies is None:
        reasons.insert(0, NotEvaluated("F011", "沒有機關代碼檔", "no register at hand"))
    return reasons
