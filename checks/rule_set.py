"""The rules taken together: their list, and the version that receipts and the ledger name."""

import hashlib
from functools import cache
from importlib.resources import files

from checks.across.history import W206, W207, W214
from checks.across.leave_quotas import W202
from checks.across.overtime import W213
from checks.across.payrolls import W209
from checks.catalogue import Rule
from checks.format import identity, messages
from checks.leave_types import packaged_leave_types
from checks.model.office_days import days_worked
from checks.rules import whole_document
from checks.rules.evaluate import record_rules

#: Years of the office calendar that submissions can be of: another day off in one of them is another rule set.
_YEARS = range(2020, 2036)
#: The dated tables that decide findings.
_TABLES = ("leave_types.csv", "overtime_limits.csv", "quotas.csv")


@cache
def all_rules() -> dict[str, Rule]:
    """Every rule by id, in the order of the catalogue.  A rule with a form for each dataset is given once."""
    across = (W202, W206, W207, W209, W213, W214)
    rules = [
        *messages.RULES.values(),
        *identity.RULES,
        *whole_document.RULES,
        *record_rules(packaged_leave_types()),
        *across,
    ]
    return {rule.id: rule for rule in sorted(rules, key=lambda rule: rule.id)}


@cache
def rule_set_version(switched_on: tuple[str, ...] = ()) -> str:
    """Twelve hexadecimal digits over everything that decides a finding: rules, severities, dated tables, calendar.

    `switched_on`: ids of rows of the dated tables that are on here and not as shipped, as `LimitTables` has them.
    A change of wording is a new version too: the findings read differently.
    """
    digest = hashlib.sha256()
    for table in _TABLES:
        digest.update(files("checks").joinpath("data", table).read_bytes())
    for year in _YEARS:
        digest.update(days_worked(year).tobytes())
    for rule in all_rules().values():
        digest.update(repr((rule.id, rule.life, rule.message)).encode())
        # Polars' repr is cut short and holds an address in memory; its str is the whole expression and nothing else.
        digest.update(str(getattr(rule, "fails", "")).encode())
    for row in switched_on:
        digest.update(f"on {row}\n".encode())
    return digest.hexdigest()[:12]
