"""The catalogue page says what the rules say."""

import subprocess
import sys
from pathlib import Path

from checks.model.office_days import days_worked
from checks.rule_set import all_rules, rule_set_version
from checks.rules_page import rules_page

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == rules_page(), "run: python -m checks.rules_page > docs/rules.md"


def test_every_rule_of_the_catalogue_is_there():
    fatal = [f"F{number:03}" for number in range(1, 15)]
    errors = [f"R{number}" for number in range(101, 117)]
    warnings = [f"W{number}" for number in range(201, 216)]
    assert list(all_rules()) == fatal + errors + warnings


def test_the_version_hangs_on_the_rules(monkeypatch):
    before = rule_set_version()
    kept = dict(list(all_rules().items())[1:])
    monkeypatch.setattr("checks.rule_set.all_rules", lambda: kept)
    rule_set_version.cache_clear()
    try:
        assert rule_set_version() != before
    finally:
        rule_set_version.cache_clear()


def test_the_version_is_the_same_in_every_process():
    """It once held memory addresses: each run was a rule set of its own."""
    asked = [sys.executable, "-c", "from checks.rule_set import rule_set_version; print(rule_set_version())"]
    said = {subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() for _ in range(2)}
    assert said == {rule_set_version()}


def test_the_version_hangs_on_the_calendar(monkeypatch):
    """A newer `holidays` that knows another day off gives other findings, so its name must be another."""
    before = rule_set_version()

    def otherwise(year):
        worked = days_worked(year).copy()
        worked[10] ^= year == 2021
        return worked

    monkeypatch.setattr("checks.rule_set.days_worked", otherwise)
    rule_set_version.cache_clear()
    try:
        assert rule_set_version() != before
    finally:
        rule_set_version.cache_clear()
