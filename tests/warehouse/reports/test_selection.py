"""Whose rows a selection gives: a reach holds whatever else is asked for."""

import pytest

from tests.warehouse.reports.country import C, S, T, Y
from warehouse.publish.database import open_warehouse
from warehouse.reports.selection import Reach, Selection, count, rows


@pytest.fixture
def select(the_country):
    def selected(report, columns, **asked):
        with open_warehouse(the_country.home.warehouse) as connection:
            selection = Selection(report, 2021, **asked)
            found = list(rows(connection, selection, columns))
            assert count(connection, selection) == len(found)
            return set(found)

    return selected


def test_an_authority_reaches_no_further_by_asking_for_one_above_it(select):
    reach = Reach(authorities=(T,), agencies=(T,))
    for authority in (None, Y, C, T):
        assert select("due_months", ["agency_code"], reach=reach, authority=authority) == {(T,), (S,)}
    assert select("due_months", ["agency_code"], reach=reach, authority=S) == {(S,)}


def test_an_agencys_own_rows_are_not_those_of_what_is_below_it(select):
    own = {("agency", C)}
    assert select("submission_ratios", ["scope", "agency_code"], reach=Reach(agencies=(C,))) == own
    assert select("submission_ratios", ["scope", "agency_code"], reach=Reach(agencies=(C,)), authority=C) == own
    assert select("submission_ratios", ["scope", "agency_code"], authority=C, alone=True) == own


def test_nobody_reaches_nothing(select):
    for report in ("summary", "submission_ratios", "due_months", "client_versions"):
        assert select(report, ["agency_code"], reach=Reach()) == set()


def test_what_is_no_column_is_refused():
    with pytest.raises(ValueError, match="no such columns"):
        Selection("summary", 2021, only={"1 = 1 OR scope": "x"})
