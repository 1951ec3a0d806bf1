"""Runs the record rules over a batch: which records are refused, and the findings that say why."""

import string
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import polars as pl

from checks.calendar import OfficeCalendar
from checks.catalogue import Period, RecordRule, Text
from checks.context import CheckContext
from checks.findings import FINDING_SCHEMA, FOUND_SCHEMA, Severity, masked_person_id, shown
from checks.leave_types import LeaveTypes
from checks.rules import (
    certificates,
    intervals,
    leave_codes,
    long_hours,
    overlaps,
    persons,
    presence,
    repeats,
    rest_days,
)
from checks.rules.leave_days import leave_days
from checks.rules.prepare import Roster
from checks.working_time import WorkingTime


def record_rules(leave_types: LeaveTypes) -> tuple[RecordRule, ...]:
    """Every record rule, in the order of the catalogue."""
    rules = (
        *persons.RULES,
        *persons.R114,
        *repeats.RULES,
        *intervals.RULES,
        *leave_codes.rules(leave_types),
        overlaps.R109,
        overlaps.R110,
        overlaps.R112,
        overlaps.R113,
        overlaps.R115,
        *rest_days.RULES,
        *long_hours.RULES,
        presence.W205,
        presence.W211,
        presence.W215,
        certificates.certificate_missing(leave_types),
    )
    return tuple(sorted(rules, key=lambda rule: rule.id))


class Judged(NamedTuple):
    """What the record rules say of a batch.

    `frames`: each dataset with `refused` and `warned`; `findings` have `document` and the columns of `FOUND_SCHEMA`,
    line and column still unknown; `unknown` (`document`, `rule`, `reason`, `people`): where a rule was not evaluated.
    """

    frames: dict[str, pl.DataFrame]
    findings: pl.DataFrame
    unknown: pl.DataFrame
    work: WorkingTime


def evaluate(
    frames: dict[str, pl.DataFrame], roster: Roster, calendar: OfficeCalendar, context: CheckContext
) -> Judged:
    """Judge prepared frames and their roster (see `prepare`)."""
    rules = [replace(rule, life=context.lives.get(rule.id, rule.life)) for rule in record_rules(context.leave_types)]
    judging = _Judging(rules, {name: _unjudged(frame) for name, frame in frames.items()})
    work = _every_record(judging, roster, calendar)
    _records_let_in(judging, work, context)
    return Judged(judging.frames, _in_order(judging.findings, list(frames)), _unknown(judging.unknown), work)


class _Judging:
    """Frames on their way through the rules, each judged by some rules after another."""

    def __init__(self, rules: Sequence[RecordRule], frames: dict[str, pl.DataFrame]) -> None:
        self.frames = frames
        self.findings: list[pl.DataFrame] = []
        self.unknown: list[pl.DataFrame] = []
        self._rules = rules

    def by(self, ids: Collection[str], *datasets: str) -> None:
        """Judge datasets (all, where none is named) by the rules of these ids."""
        for dataset in datasets or tuple(self.frames):
            rules = [rule for rule in self._rules if rule.id in ids and dataset in rule.datasets]
            self.frames[dataset], found, unknown = _judge(self.frames[dataset], dataset, rules)
            self.findings += found
            self.unknown += unknown


#: Rules that ask a record alone, and what they need first: whose it is, when, and how much.
_ALONE = ("R101", "R102", "R103", "R104", "R105", "R106", "R107", "R108", "R111", "R116")


def _every_record(judging: _Judging, roster: Roster, calendar: OfficeCalendar) -> WorkingTime:
    """Judge by the rules that refuse; they ask whom a record is about once the rows that say it are judged."""
    frames = judging.frames
    judging.by(_ALONE)
    frames["employees"] = overlaps.with_row_overlaps(frames["employees"])
    judging.by(["R112"], "employees")
    frames["shifts"] = overlaps.with_roster_overlaps(frames["shifts"])
    judging.by(["R115"], "shifts")
    work = WorkingTime.of(frames["employees"], frames["shifts"], roster.persons, calendar)
    for dataset in ("shifts", "leaves", "overtime", "clockings"):
        frames[dataset] = persons.with_employment(frames[dataset], frames["employees"])
        judging.by(["R114"], dataset)
    frames["leaves"] = overlaps.with_leave_overlaps(frames["leaves"], work)
    judging.by(["R109"], "leaves")
    frames["overtime"] = overlaps.with_overtime_in_leaves(frames["overtime"], frames["leaves"], work)
    judging.by(["R110"], "overtime")
    # Only then: overtime that is refused for a leave makes no other overlap it.
    frames["overtime"] = overlaps.with_overlaps(frames["overtime"])
    judging.by(["R113"], "overtime")
    return work


def _records_let_in(judging: _Judging, work: WorkingTime, context: CheckContext) -> None:
    frames = judging.frames
    frames["leaves"] = certificates.with_spells(
        rest_days.with_working_hours(frames["leaves"], work), work, context.leave_types
    )
    on_leave = leave_days(frames["leaves"], work)
    clocked = presence.clocked_days(frames["clockings"], work.code.shape)
    frames["leaves"] = presence.with_clocked_days(frames["leaves"], clocked, on_leave)
    judging.by(["W201", "W208", "W210", "W215"], "leaves")
    frames["overtime"] = long_hours.with_overtime_sums(frames["overtime"], work, on_leave, context.overtime_limits)
    judging.by(["W203", "W204", "W212"], "overtime")
    documents = frames["clockings"]["document"].unique()
    frames["employees"] = presence.with_presence(frames["employees"], documents, clocked, work, on_leave)
    judging.by(["W205", "W211"], "employees")


def _unjudged(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(refused=pl.lit(value=False), warned=pl.lit(value=False))


def _judge(
    frame: pl.DataFrame, dataset: str, rules: Sequence[RecordRule]
) -> tuple[pl.DataFrame, list[pl.DataFrame], list[pl.DataFrame]]:
    """Adds what these rules say to `refused` and `warned`; gives their findings, and where they were not evaluated.

    The frame keeps what `_KEPT` names, as later rules leave out what has failed it.
    """
    if not rules:
        return frame, [], []
    let_in = {rule.id: ~pl.col("refused") for rule in rules if rule.of_records_let_in}
    flagged = frame.with_columns((_applies(rule) & let_in.get(rule.id, True)).alias(rule.id) for rule in rules)
    known = set(flagged.columns)
    flagged = flagged.with_columns(
        pl.col(rule.id) & ~pl.any_horizontal(others)
        for rule in rules
        if (others := [name for name in rule.unless if name in known])
    )
    failing = [rule for rule in rules if flagged[rule.id].any()]
    drop = [rule.id for rule in rules if rule.id not in _KEPT]
    findings = [_findings(flagged.filter(pl.col(rule.id)), dataset, rule) for rule in failing]
    unknown = [_not_known(frame, rule, *one) for rule in rules for one in rule.unknown]
    if not failing:
        return flagged.drop(drop), [], unknown
    refused = pl.any_horizontal("refused", *(_failing_as(rule, Severity.ERROR) for rule in failing))
    warned = pl.any_horizontal("warned", *(_failing_as(rule, Severity.WARNING) for rule in failing))
    flagged = flagged.with_columns(refused=refused, warned=warned).with_columns(pl.col("warned") & ~pl.col("refused"))
    return flagged.drop(drop), findings, unknown


_KEPT = ("R104", "R105", "R114")


def _not_known(frame: pl.DataFrame, rule: RecordRule, reason: Text, where: pl.Expr) -> pl.DataFrame:
    """Of each document how many people the rule says nothing of, and why."""
    in_force = pl.any_horizontal(_during(period) for period in rule.life)
    return (
        frame.filter(where.fill_null(value=False) & ~pl.col("refused") & in_force)
        .group_by("document")
        .agg(people=pl.col("person").n_unique())
        .select(
            "document", rule=pl.lit(rule.id), reason=pl.lit(reason.zh), reason_en=pl.lit(reason.en), people="people"
        )
    )


def _unknown(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    schema = {
        "document": pl.UInt32,
        "rule": pl.String,
        "reason": pl.String,
        "reason_en": pl.String,
        "people": pl.UInt32,
    }
    return pl.concat([pl.DataFrame(schema=schema), *parts]).sort("document", "rule", "reason")


def _during(period: Period) -> pl.Expr:
    """Where a record's document is of a month of the period."""
    # Compared as dates: a text made for each of a nation's clockings costs more than all that is asked of them.
    months = (period.first, period.last)
    first, last = (None if month is None else date.fromisoformat(f"{month}-01") for month in months)
    since = pl.lit(value=True) if first is None else pl.col("month_first") >= first
    return since if last is None else since & (pl.col("month_first") <= last)


def _applies(rule: RecordRule) -> pl.Expr:
    """Where the rule fails, in the months of its life."""
    in_force = pl.any_horizontal(_during(period) for period in rule.life)
    return rule.fails.fill_null(value=False) & in_force


def _failing_as(rule: RecordRule, severity: Severity) -> pl.Expr:
    """Where the rule, evaluated already, has failed in a month in which it is of that severity."""
    periods = [_during(period) for period in rule.life if period.severity is severity]
    return pl.col(rule.id) & pl.any_horizontal(periods) if periods else pl.lit(value=False)


def _severity(rule: RecordRule) -> pl.Expr:
    severity = pl.lit(None, dtype=pl.String)
    for period in rule.life:
        severity = pl.when(_during(period)).then(pl.lit(str(period.severity))).otherwise(severity)
    return severity.cast(FINDING_SCHEMA["severity"])


def _findings(failing: pl.DataFrame, dataset: str, rule: RecordRule) -> pl.DataFrame:
    record_id = shown(pl.col("record_id")) if "record_id" in failing.columns else pl.lit(None, dtype=pl.String)
    return (
        failing.select(
            "document",
            rule=pl.lit(rule.id),
            severity=_severity(rule),
            dataset=pl.lit(dataset),
            index=pl.col("index"),
            record_id=record_id,
            field=pl.lit(rule.field),
            pointer=pl.format(f"/{dataset}/{{}}/{rule.field}", "index"),
            line=pl.lit(None, dtype=pl.UInt32),
            column=pl.lit(None, dtype=pl.UInt32),
            value=rule.value,
            expected=rule.expected,
            person=pl.col("person"),
            whom=masked_person_id(pl.col("person_id")),
            dates=DATES[dataset],
        )
        .with_columns(message=filled(rule.message), message_en=filled(rule.message_en))
        .select("document", *FOUND_SCHEMA)
    )


_CLOCK, _DAY_AND_CLOCK = "%H:%M", "%Y-%m-%d %H:%M"
_START, _END = pl.col("start_at").dt, pl.col("end_at").dt
_SPAN = (
    pl.when(pl.col("first_day") == _END.date())
    .then(pl.format("{}–{}", _START.to_string(_DAY_AND_CLOCK), _END.to_string(_CLOCK)))
    .otherwise(pl.format("{}–{}", _START.to_string(_DAY_AND_CLOCK), _END.to_string(_DAY_AND_CLOCK)))
)
#: When a record is, as findings say it: `2021-06-03 08:30–17:30`, with both days where it has two.
DATES = {
    "employees": pl.when(pl.col("from").is_null() & pl.col("to").is_null())
    .then(pl.col("month_first").dt.to_string("%Y-%m"))
    .otherwise(pl.format("{}–{}", pl.col("from").fill_null(""), pl.col("to").fill_null(""))),
    "shifts": _SPAN,
    "leaves": _SPAN,
    "overtime": _SPAN,
    "clockings": pl.col("clocked_at").dt.to_string(_DAY_AND_CLOCK),
}


def filled(template: str) -> pl.Expr:
    """A message template as an expression over `value` and `expected`."""
    parts = list(string.Formatter().parse(template))
    names = [pl.col(name).fill_null("") for _, name, _, _ in parts if name]
    return pl.format("".join(text + ("{}" if name else "") for text, name, _, _ in parts), *names)


def _in_order(findings: Iterable[pl.DataFrame], datasets: list[str]) -> pl.DataFrame:
    """By document, dataset, index and rule, and as found: a document gives the same findings in whatever batch."""
    empty = pl.DataFrame(schema={"document": pl.UInt32, **FOUND_SCHEMA})
    place = pl.col("dataset").cast(pl.Enum(datasets)).to_physical()
    return pl.concat([empty, *findings]).sort("document", place, "index", "rule", maintain_order=True)
