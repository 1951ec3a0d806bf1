"""Rostered duties of a batch with more people than any test document has: a national batch has tens of thousands."""

from datetime import date, datetime

import polars as pl
import pytest

from checks.rostered_duties import RosteredDuties

MONTH = date(2023, 12, 1)
DUTY = (datetime(2023, 12, 13, 20), datetime(2023, 12, 14, 6))


@pytest.mark.parametrize("person", [0, 20_000, 3_000_000])
def test_the_last_of_many_people_has_his_duty_too(person):
    persons = pl.DataFrame({"month_first": pl.repeat(MONTH, person + 1, eager=True)})
    row = {"person": person, "start_at": DUTY[0], "end_at": DUTY[1], "month_first": MONTH, "hours": 8.0}
    moments = pl.Datetime("ms")
    schema = {"person": pl.UInt32, "start_at": moments, "end_at": moments, "month_first": pl.Date, "hours": pl.Float64}
    duties = RosteredDuties.of(pl.DataFrame([row], schema=schema), persons)
    who, ends = pl.Series([person], dtype=pl.UInt32), pl.Series([DUTY[1]], dtype=moments)
    assert duties.before(who, ends).tolist() == [10 * 3_600_000]
    day, since = pl.Series([DUTY[0].date()]), pl.Series([datetime(2023, 12, 14, 1)], dtype=moments)
    assert duties.within(who, day, since, ends).tolist() == [4.0]


@pytest.mark.parametrize(("at", "before"), [(datetime(1, 1, 1), 0), (datetime(9999, 12, 31), 10 * 3_600_000)])
def test_moments_of_any_year_lie_on_the_right_side(at, before):
    persons = pl.DataFrame({"month_first": [MONTH, MONTH]})
    moments = pl.Datetime("ms")
    rows = pl.DataFrame({
        "person": pl.Series([0, 1], dtype=pl.UInt32), "start_at": pl.Series([DUTY[0]] * 2, dtype=moments),
        "end_at": pl.Series([DUTY[1]] * 2, dtype=moments), "month_first": [MONTH] * 2, "hours": [8.0, 8.0],
    })  # fmt: skip
    duties = RosteredDuties.of(rows, persons)
    who = pl.Series([0, 1], dtype=pl.UInt32)
    assert duties.before(who, pl.Series([at] * 2, dtype=moments)).tolist() == [before, before]
