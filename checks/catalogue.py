"""What a rule is: the one object that carries its id, severity, dates in force, messages, reason and check.

The rules themselves stand in `checks/format` (F) and `checks/rules` (R, W), one module a family; `RULES` below
gathers them.  The catalogue page and the Dagster checks are generated from these objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from checks.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of months in which a rule has one severity: `first` to `last` (`YYYY-MM`, both included), None open."""

    severity: Severity
    first: str | None = None
    last: str | None = None

    def holds(self, month: str) -> bool:
        """Whether the month lies within."""
        return (self.first or "") <= month <= (self.last or "9999-12")


def always(severity: Severity) -> tuple[Period, ...]:
    """The life of a rule that never changed."""
    return (Period(severity),)


@dataclass(frozen=True, slots=True)
class Text:
    """The same said in Chinese and in English."""

    zh: str
    en: str


EVERYBODY = Text("所有人員", "everybody")


@dataclass(frozen=True, kw_only=True, eq=False)
class Rule:
    """A rule of the catalogue.  Ids are stable for ever.

    `life` is in order and without overlap; months in no period are not judged by the rule.  A rule is announced by two
    periods: a warning until a month, an error from the next one on.  `whom` says for whom it is: of anybody else, and
    where that is not known, it is not evaluated.  `message` and `message_en` may name `{value}` and `{expected}`.
    `note` says how what the catalogue leaves open was decided.
    """

    id: str
    life: tuple[Period, ...]
    whom: Text = EVERYBODY
    title: str
    title_en: str
    message: str
    message_en: str
    why: str
    note: str = ""

    def __post_init__(self) -> None:
        for before, after in pairwise(self.life):
            if not (before.last and after.first and before.last < after.first):
                raise ValueError(f"{self.id}: the periods of its life must be in order and must not overlap")

    @property
    def severity(self) -> Severity:
        """What it is in the newest period of its life."""
        return self.life[-1].severity

    def of_document(self, field: str | None, value: str, expected: str) -> Finding:
        """A finding about the document, or about one of its properties, and no record."""
        said = {"value": value, "expected": expected}
        return Finding(
            rule=self.id,
            severity=self.severity,
            dataset=None,
            index=None,
            record_id=None,
            field=field,
            pointer=None if field is None else f"/{field}",
            line=None,
            column=None,
            **said,
            message=self.message.format(**said),
            message_en=self.message_en.format(**said),
        )

    def severity_in(self, month: str) -> Severity | None:
        """What it is for documents of a month; None where it is not in force."""
        return next((period.severity for period in self.life if period.holds(month)), None)


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordRule(Rule):
    """A rule over single records, evaluated on all records of a batch at once.

    `fails` is a Boolean expression over the prepared columns (see `checks.rules.prepare`); `unless` names the rules
    whose failure leaves this one out for the record; `value` and `expected` are text expressions, evaluated on the
    failing rows only.  `of_records_let_in`: asked only of records that no
    other kind of rule has refused, and after all of those, whatever its severity.  `unknown`: why it was not evaluated,
    each with where (an expression like `fails`); nothing is guessed of those people.
    """

    datasets: Sequence[str]
    field: str
    fails: pl.Expr
    value: pl.Expr
    expected: pl.Expr
    unless: Sequence[str] = ()
    of_records_let_in: bool = False
    unknown: Sequence[tuple[Text, pl.Expr]] = ()
