"""What must hold of the format check whatever bytes it is given: the fuzzer's question, and that of its finds.

Judged by what was not written by us (Python's strict `json`) and by the two ways against each other, decision 0001.
"""

import json
import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from zlib import crc32

import polars as pl

from checks.bulk import check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.findings import Finding
from checks.format.reader import Columns, faulty_documents, header_fits, plain_columns, read_columns
from checks.format.scanner import Scan, scan
from checks.format.versions import VERSIONS
from checks.limits import Limits

BOM = b"\xef\xbb\xbf"
LIMITS = Limits(max_bytes=20_000, max_depth=16, max_records=6)
CONTEXT = CheckContext(today=date(2026, 11, 23), limits=LIMITS)
WORKERS = ThreadPoolExecutor(1)

#: By the specification's forms, in half and in full width; stricter than what masks them and not taken from there.
ID = re.compile(r"[A-Za-z][A-Da-d1289][0-9]{8}|[Ａ-Ｚａ-ｚ][１２８９Ａ-Ｄａ-ｄ][０-９]{8}")
#: What may begin at the place of a finding: a value or a name.
BEGINS = {"F003": '"', "F004": '"', "F005": "{", "F006": '"', "F007": '"{[-0123456789tfn', "F008": '"-0123456789'}
#: Unicode's categories of what no terminal or sheet may be given: controls, directions, halves, breaks of lines.
UNSHOWN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
NOTHING = object()


def judge(data: bytes) -> None:
    """Raise AssertionError, or whatever the check raises, where something does not hold of these bytes."""
    found = scan(data, LIMITS)
    document = strictly(data)
    is_json = document is not NOTHING
    rules = [finding.rule for finding in found.findings]
    if len(data) > LIMITS.max_bytes:
        assert rules == ["F009"]
        return
    assert found.complete == (is_json and "F009" not in rules), (found.complete, is_json, rules)
    assert {"F001", "F002", "F009"}.isdisjoint(rules) == found.complete
    assert found.total == len(rules)
    for finding in found.findings:
        stands_in_the_text(finding, data)
        if is_json and "F003" not in rules:  # Python's parser keeps only the last of what is given twice
            points_at_something(finding, document)
    ways_agree(found, data, document)


def strictly(data: bytes) -> Any:
    """The document by Python's own parser, in the strict reading of RFC 8259; NOTHING where there is none."""
    try:
        text = data.removeprefix(BOM).decode()
        # Numbers are taken as they are written: how large an integer Python prints is not JSON's affair.
        return json.loads(text, parse_int=float, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return NOTHING


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def stands_in_the_text(finding: Finding, data: bytes) -> None:
    """Line and column lie inside; the pointer's place looks like what the rule is about; nobody's ID is shown."""
    # What is no UTF-8 counts a character for every byte that only continues none.
    lines = data.removeprefix(BOM).split(b"\n")
    assert finding.line is not None
    assert finding.column is not None
    assert 1 <= finding.line <= len(lines), (finding, len(lines))
    line = bytes(byte for byte in lines[finding.line - 1] if not 0x80 <= byte < 0xC0)
    assert 1 <= finding.column <= len(line) + 1, (finding, line)
    begins = BEGINS.get(finding.rule)
    if begins:
        here = line[finding.column - 1 :][:1].decode("ascii", "replace")
        assert here, finding
        assert here in begins or finding.pointer == "", (finding, here)
    said = " ".join(str(value) for value in finding.as_dict().values())
    assert not ID.search(said), said
    assert UNSHOWN.isdisjoint(map(unicodedata.category, said)), said


def points_at_something(finding: Finding, document: Any) -> None:
    """RFC 6901: the pointer leads to a value; of a missing property to an object, of an odd name to its object."""
    *way, last = finding.pointer.split("/")[1:] or [""]
    inner = document
    for step in way:
        if isinstance(inner, dict) and step not in inner:
            return  # a name shortened or masked for being shown
        inner = inner[int(step) if isinstance(inner, list) else step]
    if finding.rule == "F005":
        assert last not in inner
    elif finding.rule in {"F004", "F007", "F008"} and finding.pointer:
        assert (last in inner) if isinstance(inner, dict) else int(last) < len(inner)


def ways_agree(found: Scan, data: bytes, document: Any) -> None:
    """Arrow's way is never more lenient than the scanner, both give the same columns, and the whole check copes."""
    quick = read_columns([data], [0], WORKERS)
    taken = bool(quick.documents) and accepted(quick)
    if taken:
        assert found.findings == [], found.findings
    if not found.findings:
        plain = plain_columns(data, 0, VERSIONS[str(found.format_version)])
        assert accepted(plain)
        same_as_said(plain, document)
        if taken:
            same_columns(quick, plain)
        told = plain.headers.drop("format_version").row(0, named=True)
        assert told == {name: getattr(found, name) for name in told}
    # Refused, it costs as much and says the same as the scan: of those only some.
    if not found.findings or crc32(data) % 16 == 0:
        (checked,) = check_documents([SubmittedDocument(data)], CONTEXT).documents
        assert checked.refused or not found.findings
        for row in checked.findings.drop("person").iter_rows(named=True):
            if row["line"] or (
                found.complete and row["rule"] != "F014"
            ):  # whose a document is that cannot be read is known without a place
                stands_in_the_text(Finding(**row), data)


def accepted(columns: Columns) -> bool:
    """Whether the quick way lets the document pass, as `checks.bulk` decides it."""
    too_many = any(frame.height > LIMITS.max_records for frame in columns.frames.values())
    headers = columns.headers.iter_rows(named=True)
    return not too_many and not faulty_documents(columns.frames) and all(header_fits(header) for header in headers)


def same_columns(one: Columns, other: Columns) -> None:
    """Records and headers are the same."""
    assert one.headers.equals(other.headers)
    for name, frame in one.frames.items():
        assert frame.equals(other.frames[name]), name


def same_as_said(columns: Columns, document: Any) -> None:
    """Every record, property by property, is what Python's parser reads."""
    for name, frame in columns.frames.items():
        records = frame.drop("document", "index").rows(named=True)
        said = [{column: record.get(column) for column in frame.columns[2:]} for record in document.get(name) or []]
        assert records == said, name
        assert frame["index"].to_list() == list(range(frame.height))
        assert frame.select(pl.col("document").n_unique()).item() <= 1
