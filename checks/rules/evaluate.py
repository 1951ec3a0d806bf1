"""Runs the record rules over a batch: which records are refused, and the findings that say why."""

import string
from collections.abc import Iterable, Sequence
from dataclasses import replace

import polars as pl

from checks.calendar import OfficeCalendar
from checks.catalogue import Period, RecordRule
from checks.context import CheckContext
from checks.findings import FINDING_SCHEMA, FOUND_SCHEMA, Severity, shown
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


def record_rules(leave_types: LeaveTypes) -> tuple[RecordRule, ...]:
    """Every record rule, in the order of the catalogue."""
    rules = (
        *persons.RULES,
        *repeats.RULES,
        *intervals.RULES,
        *leave_codes.rules(leave_types),
        overlaps.R109,
        overlaps.R110,
        rest_days.W201,
        *long_hours.RULES,
        presence.W205,
        certificates.certificate_missing(leave_types),
    )
    return tuple(sorted(rules, key=lambda rule: rule.id))


def evaluate(
    frames: dict[str, pl.DataFrame], calendar: OfficeCalendar, context: CheckContext
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Prepared frames (see `prepare`) → the frames with `refused` and `warned`, and the findings.

    Findings have `document` and the columns of `FOUND_SCHEMA`; line and column are still unknown.
    """
    rules = [replace(rule, life=context.lives.get(rule.id, rule.life)) for rule in record_rules(context.leave_types)]
    judged, findings = _every_record(frames, [rule for rule in rules if not rule.of_records_let_in])
    findings += _records_let_in(judged, [rule for rule in rules if rule.of_records_let_in], calendar, context)
    return judged, _in_order(findings, list(frames))


def _every_record(
    frames: dict[str, pl.DataFrame], rules: Sequence[RecordRule]
) -> tuple[dict[str, pl.DataFrame], list[pl.DataFrame]]:
    of_leaves = [rule for rule in rules if rule.id == overlaps.R109.id]
    of_overtime = [rule for rule in rules if rule.id == overlaps.R110.id]
    alone = [rule for rule in rules if rule not in of_leaves + of_overtime]
    judged, findings = {}, []
    for dataset, frame in frames.items():
        judged[dataset], found = _judge(_unjudged(frame), dataset, [rule for rule in alone if dataset in rule.datasets])
        findings += found
    leaves = overlaps.with_leave_overlaps(judged["leaves"])
    judged["leaves"], found = _judge(leaves, "leaves", of_leaves)
    findings += found
    overtime = overlaps.with_overtime_overlaps(judged["overtime"], judged["leaves"])
    judged["overtime"], found = _judge(overtime, "overtime", of_overtime)
    return judged, findings + found


def _records_let_in(
    judged: dict[str, pl.DataFrame], rules: Sequence[RecordRule], calendar: OfficeCalendar, context: CheckContext
) -> list[pl.DataFrame]:
    """Adds to `refused` and `warned` in the judged frames and gives the findings."""
    findings = []
    judged["overtime"] = long_hours.with_overtime_sums(judged["overtime"], calendar, context.overtime_limits)
    for dataset, frame in judged.items():
        of_records = [rule for rule in rules if dataset in rule.datasets and rule.id != presence.W205.id]
        judged[dataset], found = _judge(frame, dataset, of_records)
        findings += found
    # A row for each day without a trace, so several of one employee.
    of_days = [rule for rule in rules if rule.id == presence.W205.id]
    days, found = _judge(presence.without_trace(judged, calendar), "employees", of_days)
    failing = days.group_by("document", "index").agg(
        refused_for=pl.col("refused").any(), warned_for=pl.col("warned").any()
    )
    judged["employees"] = (
        judged["employees"]
        .join(failing, on=["document", "index"], how="left", maintain_order="left")
        .with_columns(refused=pl.col("refused") | pl.col("refused_for").fill_null(value=False))
        .with_columns(warned=(pl.col("warned") | pl.col("warned_for").fill_null(value=False)) & ~pl.col("refused"))
        .drop("refused_for", "warned_for")
    )
    return findings + found


def _unjudged(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(refused=pl.lit(value=False), warned=pl.lit(value=False))


def _judge(frame: pl.DataFrame, dataset: str, rules: Sequence[RecordRule]) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Adds what these rules say to `refused` and `warned`, which the frame has, and gives their findings.

    The frame keeps `R104`, as later rules leave out what has failed it.
    """
    if not rules:
        return frame, []
    let_in = {rule.id: ~pl.col("refused") for rule in rules if rule.of_records_let_in}
    flagged = frame.with_columns((_applies(rule) & let_in.get(rule.id, True)).alias(rule.id) for rule in rules)
    known = set(flagged.columns)
    flagged = flagged.with_columns(
        pl.col(rule.id) & ~pl.any_horizontal(others)
        for rule in rules
        if (others := [name for name in rule.unless if name in known])
    )
    failing = [rule for rule in rules if flagged[rule.id].any()]
    findings = [_findings(flagged.filter(pl.col(rule.id)), dataset, rule) for rule in failing]
    refused = pl.any_horizontal("refused", *(_failing_as(rule, Severity.ERROR) for rule in failing))
    warned = pl.any_horizontal("warned", *(_failing_as(rule, Severity.WARNING) for rule in failing))
    drop = [rule.id for rule in rules if rule.id != "R104"]
    flagged = flagged.with_columns(refused=refused, warned=warned).with_columns(pl.col("warned") & ~pl.col("refused"))
    return flagged.drop(drop), findings


def _during(period: Period) -> pl.Expr:
    """Where a record's document is of a month of the period."""
    if period.first is None and period.last is None:
        return pl.lit(value=True)
    return (
        pl.col("month_first")
        .dt.strftime("%Y-%m")
        .is_between(pl.lit(period.first or ""), pl.lit(period.last or "9999-12"))
    )


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
        )
        .with_columns(message=filled(rule.message), message_en=filled(rule.message_en))
        .select("document", *FOUND_SCHEMA)
    )


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
