"""The definitions on their own, against exact fractions and the deadline module."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.world import taipei
from warehouse import reports
from warehouse.deadlines import days_late
from warehouse.duties.calendar import shipped


@pytest.fixture(scope="module")
def definitions():
    """The macros alone; the views of the file need the staged ledger."""
    with duckdb.connect() as connection:
        for statement in connection.extract_statements(reports.sql("definitions")):
            if "MACRO" in statement.query:
                connection.execute(statement)
        yield lambda query, **values: connection.execute(query, values).fetchone()[0]


def percent(value: Fraction) -> Decimal:
    """Two decimals, half up, from the exact value."""
    exact = Decimal(value.numerator * 100) / Decimal(value.denominator)
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, None),
        (0, 7, "0.00"),
        (7, 7, "100.00"),
        (1, 3, "33.33"),
        (2, 3, "66.67"),
        (1, 800, "0.13"),
        (8299, 8300, "99.99"),
    ],
)
def test_percentage(definitions, part, whole, shown):
    assert definitions("SELECT percentage($part::BIGINT, $whole::BIGINT)::VARCHAR", part=part, whole=whole) == shown


@given(st.integers(1, 600_000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
@settings(max_examples=200, deadline=None)
def test_percentage_is_exact(definitions, of):
    part, whole = of
    shown = definitions("SELECT percentage($part::HUGEINT, $whole::HUGEINT)", part=part, whole=whole)
    assert shown == percent(Fraction(part, whole))


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 2000)), min_size=1, max_size=12), min_size=1, max_size=8
    )
)
@settings(max_examples=200, deadline=None)
def test_headcount_ratio_is_the_mean_of_means(definitions, agencies):
    rows = [(number, *month) for number, months in enumerate(agencies) for month in months]
    shown = definitions(
        "WITH means AS (SELECT headcount_mean(headcount_share(e, x)) AS mean FROM (SELECT unnest($a::INTEGER[]) AS a, "
        "unnest($e::INTEGER[]) AS e, unnest($x::INTEGER[]) AS x) GROUP BY a) "
        "SELECT headcount_ratio(headcount_mean(mean)) FROM means",
        a=[row[0] for row in rows],
        e=[row[1] for row in rows],
        x=[row[2] for row in rows],
    )
    means = [sum(min(Fraction(e, x), Fraction(1)) for e, x in months) / len(months) for months in agencies]
    assert shown == percent(sum(means) / len(means))


@given(st.integers(-3 * 86400, 40 * 86400))
@settings(max_examples=200, deadline=None)
def test_days_late_is_that_of_the_receipt(definitions, seconds):
    """SQL and `warehouse.deadlines` say the same of every moment."""
    due = shipped().due("2021-01")
    received = due + timedelta(seconds=seconds)
    ours = definitions(
        "SELECT days_late($at::TIMESTAMP, $due::TIMESTAMP)",
        at=received.replace(tzinfo=None),
        due=taipei("2021-02-21 00:00").replace(tzinfo=None),
    )
    assert ours == days_late(due, received)
