"""Runs the record rules over a batch: which records are refused, and the findings that say why."""

import string
from collections.abc import Iterable, Sequence

import polars as pl

from checks.catalogue import RecordRule
from checks.findings import FINDING_SCHEMA, Severity, shown
from checks.leave_types import LeaveTypes
from checks.rules import intervals, leave_codes, overlaps, persons, repeats


def record_rules(leave_types: LeaveTypes) -> tuple[RecordRule, ...]:
    """Every record rule, in the order of the catalogue."""
    rules = (
        *persons.RULES,
        *repeats.RULES,
        *intervals.RULES,
        *leave_codes.rules(leave_types),
        overlaps.R109,
        overlaps.R110,
    )
    return tuple(sorted(rules, key=lambda rule: rule.id))


def evaluate(frames: dict[str, pl.DataFrame], leave_types: LeaveTypes) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Prepared frames (see `prepare`) → the frames with `refused`, and the findings.

    Findings have `document` and the columns of `FINDING_SCHEMA`; line and column are still unknown.
    """
    rules = record_rules(leave_types)
    alone = [rule for rule in rules if rule not in {overlaps.R109, overlaps.R110}]
    judged, findings = {}, []
    for dataset, frame in frames.items():
        judged[dataset], found = _judge(frame, dataset, [rule for rule in alone if dataset in rule.datasets])
        findings += found
    leaves = overlaps.with_leave_overlaps(judged["leaves"])
    judged["leaves"], found = _judge(leaves, "leaves", [overlaps.R109])
    findings += found
    overtime = overlaps.with_overtime_overlaps(judged["overtime"], judged["leaves"])
    judged["overtime"], found = _judge(overtime, "overtime", [overlaps.R110])
    findings += found
    return judged, _in_order(findings, list(frames))


def _judge(frame: pl.DataFrame, dataset: str, rules: Sequence[RecordRule]) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    flagged = frame.with_columns(_applies(rule).alias(rule.id) for rule in rules)
    known = set(flagged.columns)
    flagged = flagged.with_columns(
        pl.col(rule.id) & ~pl.any_horizontal(others)
        for rule in rules
        if (others := [name for name in rule.unless if name in known])
    )
    failing = [rule for rule in rules if flagged[rule.id].any()]
    findings = [_findings(flagged.filter(pl.col(rule.id)), dataset, rule) for rule in failing]
    before = [pl.col("refused")] if "refused" in known else []
    refusing = [pl.col(rule.id) for rule in failing if rule.severity is Severity.ERROR]
    refused = pl.any_horizontal(*before, *refusing) if before or refusing else pl.lit(value=False)
    drop = [rule.id for rule in rules if rule.id != "R104"]
    return flagged.with_columns(refused=refused).drop(drop), findings


def _applies(rule: RecordRule) -> pl.Expr:
    """Where the rule fails, in the months of its life."""
    fails = rule.fails.fill_null(value=False)
    if rule.in_force_from is None and rule.in_force_to is None:
        return fails
    month = pl.col("month_first").dt.strftime("%Y-%m")
    return fails & (month >= (rule.in_force_from or "")) & (month <= (rule.in_force_to or "9999-12"))


def _findings(failing: pl.DataFrame, dataset: str, rule: RecordRule) -> pl.DataFrame:
    record_id = shown(pl.col("record_id")) if "record_id" in failing.columns else pl.lit(None, dtype=pl.String)
    return failing.select(
        "document",
        rule=pl.lit(rule.id),
        severity=pl.lit(str(rule.severity), dtype=FINDING_SCHEMA["severity"]),
        dataset=pl.lit(dataset),
        index=pl.col("index"),
        record_id=record_id,
        field=pl.lit(rule.field),
        pointer=pl.format(f"/{dataset}/{{}}/{rule.field}", "index"),
        line=pl.lit(None, dtype=pl.UInt32),
        column=pl.lit(None, dtype=pl.UInt32),
        value=rule.value,
        expected=rule.expected,
    ).with_columns(message=_filled(rule.message), message_en=_filled(rule.message_en))


def _filled(template: str) -> pl.Expr:
    """A message template as an expression over `value` and `expected`."""
    parts = list(string.Formatter().parse(template))
    names = [pl.col(name).fill_null("") for _, name, _, _ in parts if name]
    return pl.format("".join(text + ("{}" if name else "") for text, name, _, _ in parts), *names)


def _in_order(findings: Iterable[pl.DataFrame], datasets: list[str]) -> pl.DataFrame:
    """By document, dataset, index and rule: the same document gives the same findings in whatever batch."""
    empty = pl.DataFrame(schema={"document": pl.UInt32, **FINDING_SCHEMA})
    place = pl.col("dataset").cast(pl.Enum(datasets)).to_physical()
    return pl.concat([empty, *findings]).sort("document", place, "index", "rule")
