"""`report_frame`: filters, and reports as of a moment, which must agree with what was published at that moment."""

from decimal import Decimal

import pandas as pd
import pytest

from tests.support.world import World, taipei
from tests.warehouse.reports import country
from tests.warehouse.reports.conftest import NOW
from tests.warehouse.reports.country import C, N, S, T, X, Y
from warehouse.publish.publisher import publish
from warehouse.reports.query import REPORTS, NothingPublished, UnknownReport, report_frame, report_frame_as_of


def test_a_year_and_a_month(the_country):
    year = report_frame(the_country.home, "submission_status", 2021)
    assert len(year) == 19
    assert set(report_frame(the_country.home, "submission_status", 2021, "2021-02").agency_code) == {Y, C, T, S, X}
    assert report_frame(the_country.home, "submission_status", 2020).empty


def test_an_authority_is_all_below_it_at_every_depth_in_that_month(the_country):
    def agencies(report, authority, month=None):
        return set(report_frame(the_country.home, report, 2021, month, authority).agency_code)

    assert agencies("submission_status", C) == {C, T, S, N}
    assert agencies("submission_status", C, "2021-01") == {C, T, S}
    assert agencies("submission_status", S) == {S}
    assert agencies("submission_ratios", T) == {T, S}
    assert agencies("submission_ratios", Y) == {Y, C, T, S, N, X}
    summary = report_frame(the_country.home, "summary", 2021, "2021-01", T)
    assert set(zip(summary["scope"], summary["agency_code"], strict=True)) == {
        ("agency", T),
        ("agency", S),
        ("authority", T),
    }


def test_an_authority_is_bound_not_pasted(the_country):
    assert report_frame(the_country.home, "due_months", 2021, authority="' OR true --").empty


def test_numbers_stay_what_they_are(the_country):
    frame = report_frame(the_country.home, "submission_ratios", 2021, authority=T)
    assert frame.set_index(["scope", "agency_code"]).loc[("authority", T), "on_time_ratio"] == Decimal("66.67")
    status = report_frame(the_country.home, "submission_status", 2021, "2021-03")
    late = status.set_index("agency_code")["days_late"]
    assert late[T] == 0
    assert late[C] is pd.NA


def test_wrong_questions(the_country, tmp_path):
    with pytest.raises(UnknownReport, match="submission_ratios"):
        report_frame(the_country.home, "agencies; DROP TABLE x", 2021)
    for month in ("2020-12", "2021-13"):
        with pytest.raises(ValueError):  # noqa: PT011 — the calendar's own message or ours
            report_frame(the_country.home, "summary", 2021, month)
    world = World(tmp_path)
    with pytest.raises(NothingPublished, match="attendance run"):
        report_frame(world.home, "summary", 2021)


@pytest.mark.parametrize("report", REPORTS)
def test_as_of_now_is_what_is_published(the_country, report):
    """At a moment after everything, the way through the arrivals and transitions gives the ledger's own pointers."""
    late = taipei("2021-05-25 00:00")
    then = report_frame_as_of(the_country.home, the_country.engine, report, 2021, as_of=late)
    published = report_frame(the_country.home, report, 2021)
    order = [name for name in ("scope", "agency_code", "month", "dataset", "leave_type") if name in published]
    pd.testing.assert_frame_equal(
        then.sort_values(order, ignore_index=True), published.sort_values(order, ignore_index=True)
    )


def test_as_of_the_deadline_of_january(the_country):
    """C's correction of March is not known yet, nor is February counted."""

    def at_deadline(report):
        return report_frame_as_of(the_country.home, the_country.engine, report, 2021, as_of=taipei("2021-02-21 00:00"))

    ratios = at_deadline("submission_ratios").set_index(["scope", "agency_code"])
    whole = ratios.loc[("authority", Y)]
    assert (whole.due, whole.submitted, whole.on_time) == (5, 5, 5)
    assert ratios.loc[("agency", C)].correction_ratio == Decimal("0.00")
    assert ratios.loc[("agency", C)].errors_found == 2
    status = at_deadline("submission_status").set_index(["agency_code", "month"])
    assert status.loc[(C, "2021-01")].errors == 2
    assert status.loc[(C, "2021-01")].received_at == pd.Timestamp("2021-02-10 09:00")
    assert set(at_deadline("summary").leave_type) == {"03", "01"}
    assert set(status.index.get_level_values("month")) == {"2021-01"}
    assert (N, "2021-03") not in status.index


def test_as_of_before_a_refused_document_was_entered(tmp_path):
    """The same bytes, refused first and entered when handed in again, were refused in between."""
    world = World(tmp_path)
    world.agency(S, headcount=1)
    bytes_ = world.refuse(S, "2021-01", "2021-02-01 09:00", findings=[("F011", "fatal", None)])
    world.enter(S, "2021-01", "2021-02-15 09:00", submission=bytes_)

    def state(moment):
        frame = report_frame_as_of(
            world.home, world.engine, "submission_status", 2021, as_of=taipei(moment), first_month="2021-01"
        )
        return frame.set_index("agency_code").state[S]

    assert state("2021-02-01 08:00") == "missing"
    assert state("2021-02-10 09:00") == "refused"
    assert state("2021-02-16 09:00") == "entered"


def test_the_same_on_postgresql(tmp_path, new_postgresql_database, the_country):
    """The ledger's tables reach DuckDB alike from either database."""
    world = country.build(tmp_path, new_postgresql_database())
    publish(world.home, world.engine, now=NOW)
    for report in REPORTS:
        pd.testing.assert_frame_equal(
            report_frame(world.home, report, 2021), report_frame(the_country.home, report, 2021)
        )
