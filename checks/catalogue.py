"""What a rule is: the one object that carries its id, severity, dates in force, messages, reason and check.

The rules themselves stand in `checks/format` (F) and `checks/rules` (R, W), one module a family; `RULES` below
gathers them.  The catalogue page and the Dagster checks are generated from these objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from checks.findings import Severity


@dataclass(frozen=True, kw_only=True, eq=False)
class Rule:
    """A rule of the catalogue.  Ids are stable for ever.

    `message` and `message_en` may name `{value}` and `{expected}`.  `in_force_from` and `in_force_to` are months
    (`YYYY-MM`, last one included), None is open.
    """

    id: str
    severity: Severity
    title: str
    title_en: str
    message: str
    message_en: str
    why: str
    in_force_from: str | None = None
    in_force_to: str | None = None

    def in_force(self, month: str) -> bool:
        """Whether documents of `month` are judged by this rule."""
        return (self.in_force_from or "") <= month <= (self.in_force_to or "9999-12")


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordRule(Rule):
    """A rule over single records, evaluated on all records of a batch at once.

    `fails` is a Boolean expression over the prepared columns (see `checks.rules.prepare`); `unless` names the rules
    whose failure leaves this one out for the record; `value` and `expected` are text expressions, evaluated on the
    failing rows only.
    """

    datasets: Sequence[str]
    field: str
    fails: pl.Expr
    value: pl.Expr
    expected: pl.Expr
    unless: Sequence[str] = ()
