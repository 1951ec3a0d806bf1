"""Importing a register file into the ledger: one transaction, repeatable, with a report of what was odd.

What a file may look like, and what becomes of each of its rows: docs/register.md.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from warehouse.ledger.audit import Deed, note
from warehouse.ledger.models import Agency, Obligation
from warehouse.register.files import load_bytes
from warehouse.register.obligations import Duty, Span, restate_obligations
from warehouse.register.oddities import Oddities, Oddity
from warehouse.register.periods import Outcome, choose_periods, copy_from, reconcile, start_key
from warehouse.register.reading import RegisterFile, Stated, read_register
from warehouse.register.tree import Node, Tree

#: PostgreSQL's advisory lock of this import ("regi" in ASCII): two at once would open the same periods twice.
_IMPORT_LOCK = 0x72656769

Register = dict[str, list[Agency]]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import found and did.

    `agencies` = `added` + `changed` + `closed` + `unchanged`, each agency code of the file counted once: added (new,
    or a new period of a known one), changed (attributes or dates), closed (given a last day).  `active`: agencies
    that the file does not mark as abolished.  `authority_changed`: periods opened because an ancestor moved.
    """

    kind: str
    encoding: str
    sha256: str
    rows: int
    agencies: int
    active: int
    added: int
    changed: int
    closed: int
    unchanged: int
    authority_changed: int
    obligations_changed: int
    oddities: list[Oddity]

    def count(self, kind: str) -> int:
        """How often a kind of oddity was met."""
        return next((oddity.count for oddity in self.oddities if oddity.kind == kind), 0)

    def as_dict(self) -> dict[str, Any]:
        """Give the report as JSON-ready values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Give the report as `attendance register import` prints it."""
        kind = {"government": "政府公告格式 government publication", "project": "本平臺格式 own columns"}[self.kind]
        lines = [
            f"機關代碼檔 register file: {kind}, {self.encoding}, {self.rows:,} 列 rows",
            f"機關 agencies: {self.agencies:,}（未註記裁撤 not marked abolished {self.active:,}）",
            f"新增 added {self.added:,}、異動 changed {self.changed:,}",
            f"裁撤 closed {self.closed:,}、不變 unchanged {self.unchanged:,}",
            f"主管機關異動 authority changed {self.authority_changed:,}",
            f"報送義務異動 obligations changed {self.obligations_changed:,}",
        ]
        for oddity in self.oddities:
            lines.append(f"{oddity.count:,}× {oddity.text} {oddity.text_en}")
            lines.extend(f"    {sample}" for sample in oddity.samples)
        return lines


def import_register(
    session: Session,
    path_or_bytes: str | Path | bytes,
    today: date,
    *,
    by: str = "register import",
    at: datetime | None = None,
) -> ImportReport:
    """Take in a register file: the government's CSV as published, or the project's own columns.

    Importing the same again changes nothing.  Changes without a date of their own hold from `today` on; `by` is who
    does it and `at` when (None: now), for the audit.
    Within a transaction of the caller's all of it is undone where it fails, and the caller commits; else it commits.
    Raises `RegisterError` where the file is no register, OSError where it cannot be read.
    """
    data, source = load_bytes(path_or_bytes)
    oddities = Oddities()
    file = read_register(data, source, oddities)
    with _one_transaction(session):
        if session.get_bind().dialect.name == "postgresql":
            session.execute(select(func.pg_advisory_xact_lock(_IMPORT_LOCK)))
        register = _held(session)
        before = {id(row): row for rows in register.values() for row in rows}
        stated = _by_agency(file.stated, oddities)
        outcomes = _lay_over(register, stated, file, today, oddities)
        tree, authority_changed = _assign_authorities(register, today)
        _note_tree(tree, register, stated, oddities)
        _store(session, register, before)
        obligations = _store_obligations(session, stated, today) if file.states_obligations else 0
        _note_reporters(stated, register, oddities)
        sha256 = hashlib.sha256(data).hexdigest()
        done = ", ".join(f"{kind.value} {number}" for kind, number in outcomes.items())
        note(session, [Deed("register_imported", by, concerns=sha256, reason=done, at=at)])
    return ImportReport(
        kind=file.kind,
        encoding=file.encoding,
        sha256=sha256,
        rows=file.rows,
        agencies=len(stated),
        active=sum(any(not row.marked_abolished for row in rows) for rows in stated.values()),
        added=outcomes[Outcome.ADDED],
        changed=outcomes[Outcome.CHANGED],
        closed=outcomes[Outcome.CLOSED],
        unchanged=outcomes[Outcome.UNCHANGED],
        authority_changed=authority_changed,
        obligations_changed=obligations,
        oddities=oddities.listed(),
    )


def _one_transaction(session: Session) -> AbstractContextManager[Any]:
    return session.begin_nested() if session.in_transaction() else session.begin()


def _held(session: Session) -> Register:
    register: Register = {}
    for row in session.scalars(select(Agency)):
        register.setdefault(row.agency_code, []).append(row)
    for rows in register.values():
        rows.sort(key=start_key)
    return register


def _by_agency(rows: Iterable[Stated], oddities: Oddities) -> dict[str, list[Stated]]:
    grouped: dict[str, list[Stated]] = {}
    for row in rows:
        grouped.setdefault(row.agency_code, []).append(row)
    return {code: choose_periods(code, periods, oddities) for code, periods in grouped.items()}


def _lay_over(
    register: Register, stated: Mapping[str, list[Stated]], file: RegisterFile, today: date, oddities: Oddities
) -> Counter[Outcome]:
    outcomes: Counter[Outcome] = Counter()
    for code in register:
        if code not in stated and file.kind == "government":
            oddities.note("absent", f"{code} {register[code][-1].name}")
    for code, periods in stated.items():
        outcome, register[code] = reconcile(register.get(code, []), periods, file.attributes, today, oddities)
        outcomes[outcome] += 1
    return outcomes


def _node(row: Agency) -> Node:
    return Node(row.parent_code, row.level)


def _assign_authorities(register: Register, today: date) -> tuple[Tree, int]:
    """Give each period its authority; a period in force whose authority moved is closed and continued from today."""
    latest = {code: rows[-1] for code, rows in register.items()}
    everyone = {code: _node(row) for code, row in latest.items()}
    current = {code: node for code, node in everyone.items() if _lasts(latest[code], today)}
    whole, now = Tree(everyone), Tree(current, everyone)
    moved = 0
    for code, rows in register.items():
        for row in rows[:-1]:
            if row.authority_code is None:
                row.authority_code = whole.authority_under(code, _node(row))
        row = rows[-1]
        if code not in current:
            row.authority_code = row.authority_code or whole.authority_of(code)
            continue
        authority = now.authority_of(code)
        if row.authority_code not in (None, authority) and start_key(row) < today:
            row = copy_from(row, today)
            rows.append(row)
            moved += 1
        row.authority_code = authority
    return whole, moved


def _lasts(row: Agency, today: date) -> bool:
    """In force today or to come."""
    return row.active_to is None or row.active_to >= max(today, start_key(row))


def _note_tree(tree: Tree, register: Register, stated: Mapping[str, list[Stated]], oddities: Oddities) -> None:
    """Note what is odd about the tree as it now is, of agencies that the file lists."""
    for code, unknown in tree.missing.items():
        if code in stated:
            oddities.note("missing_parent", f"{code} {register[code][-1].name} → {unknown}")
    for cycle in tree.cycles:
        if not stated.keys().isdisjoint(cycle):
            oddities.note("cycle", " → ".join((*cycle, cycle[0])))
    for code, parent in tree.parents.items():
        if code in stated and parent is not None:
            level, above = register[code][-1].level, register[parent][-1].level
            if level is not None and above is not None and level != above + 1:
                oddities.note("level_gap", f"{code} {level} → {parent} {above}")


def _note_reporters(stated: Mapping[str, list[Stated]], register: Register, oddities: Oddities) -> None:
    for code, rows in stated.items():
        for row in rows:
            for exemption in row.exemptions:
                if exemption.reported_by is not None and exemption.reported_by not in register:
                    oddities.note("missing_reporter", f"{code} → {exemption.reported_by}")


def _store(session: Session, register: Register, before: Mapping[int, Agency]) -> None:
    kept = {id(row) for rows in register.values() for row in rows}
    session.add_all(row for rows in register.values() for row in rows if id(row) not in before)
    for identity, row in before.items():
        if identity not in kept:
            session.delete(row)
    session.flush()


def _store_obligations(session: Session, stated: Mapping[str, Sequence[Stated]], today: date) -> int:
    """Write the obligations of the agencies that the file lists; how many agencies' changed."""
    held: dict[str, list[Obligation]] = {}
    for row in session.scalars(select(Obligation)):
        held.setdefault(row.agency_code, []).append(row)
    changed = 0
    for code, periods in stated.items():
        rows = sorted(held.get(code, ()), key=lambda row: row.valid_from or date.min)
        spans = [span_of(row) for row in rows]
        restated = restate_obligations(spans, periods, today)
        if restated == spans:
            continue
        changed += 1
        for row in rows:
            session.delete(row)
        session.add_all(
            Obligation(agency_code=code, valid_from=span.first, valid_to=span.last, **span.duty._asdict())
            for span in restated
        )
    session.flush()
    return changed


def span_of(row: Obligation) -> Span:
    """Read an obligation's row as a span of days."""
    return Span(row.valid_from, row.valid_to, Duty(row.channel, row.exempt_reason, row.reported_by))
