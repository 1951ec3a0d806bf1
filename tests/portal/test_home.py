"""首頁: what waits for whoever is here, and for nobody else."""

import asyncio
import re
from dataclasses import replace

import pytest

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.publishing import publish_now
from assets.reviewing import review
from tests.support.installations import AUTHORITY, FIRST, SECOND, document, with_error
from tests.support.world import taipei

MAY, JUNE = "2021-05", "2021-06"


@pytest.fixture
def published(opened):
    """In May the first was sound; in June it warns, as the second, which has an error, has the same person."""
    documents = [document(FIRST, MAY), document(FIRST, JUNE), with_error(SECOND, JUNE)]
    hand_in(opened, [HandedIn(f"{number}.json", data) for number, data in enumerate(documents)])
    for month in (MAY, JUNE):
        enter(opened, month)
    review(opened)
    publish_now(opened, [MAY, JUNE])
    return opened


def home(client):
    return asyncio.run(client.get("/")).text


def test_an_agency_is_told_which_months_want_something(as_, published):
    page = home(as_("viewer"))
    assert "待辦" in page
    assert f'href="/agencies/{FIRST}/{JUNE}"' in page
    assert "有警告待說明" in page
    assert f'href="/agencies/{FIRST}/{MAY}"' not in page
    assert SECOND not in page


def test_an_error_is_told_before_warnings(as_, published):
    page = home(as_("elsewhere"))
    assert "入檔有誤，請更正後重新報送" in page
    assert "有警告待說明" not in page
    assert FIRST not in page


def test_what_came_since_is_no_longer_asked_for(as_, published):
    hand_in(published, [HandedIn("mended.json", document(SECOND, JUNE))])
    assert f'href="/agencies/{SECOND}/{JUNE}"' not in home(as_("elsewhere"))


def test_an_authority_is_told_how_many_below_it_owe_what(as_, published):
    page = home(as_("authority"))
    assert "所轄 3 個機關" in page
    assert "show=errors" in page
    assert "show=refused" not in page
    assert f'href="/agencies/{AUTHORITY}"' in page


def test_a_month_is_overdue_only_once_it_was_due(as_, published):
    assert f'href="/agencies/{AUTHORITY}/{MAY}"' in home(as_("authority"))
    assert f'href="/agencies/{AUTHORITY}/{JUNE}"' not in home(as_("authority"))


def test_who_is_authorised_to_nothing_is_told_whom_to_ask(as_, published):
    page = home(as_("stranger"))
    assert "尚無授權" in page
    assert "待辦" not in page


def test_the_year_of_an_agency_that_never_handed_anything_in_is_a_page_too(as_, published):
    answer = asyncio.run(as_("authority").get(f"/agencies/{AUTHORITY}?year=2021"))
    assert answer.status_code == 200
    assert "未報送" in answer.text


def test_a_month_that_came_before_it_ended_is_shown_as_still_owed_and_asked_for_once_overdue(as_, opened):
    early = replace(opened, clock=lambda: taipei("2021-05-20 09:00"))
    hand_in(early, [HandedIn("early.json", document(FIRST, MAY))])
    enter(opened, MAY)
    publish_now(opened, [MAY])
    page = asyncio.run(as_("viewer").get(f"/agencies/{FIRST}?year=2021")).text
    assert "月份未結束即報送，仍應報送" in page
    assert f'href="/agencies/{FIRST}/{MAY}"' in home(as_("viewer"))
    month = asyncio.run(as_("viewer").get(f"/agencies/{FIRST}/{MAY}")).text
    submission = re.search(r"/submissions/[0-9a-f]{64}", month)
    assert submission is not None
    shown = asyncio.run(as_("viewer").get(f"/agencies/{FIRST}/{MAY}{submission[0]}")).text
    assert "不計入報送" in shown
