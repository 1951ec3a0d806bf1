"""Obligations as spans of days: stated again they stay, and the past is only touched where a date says so."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from warehouse.register.obligations import PLAIN, Duty, Span, restate_obligations
from warehouse.register.reading import Exemption, Stated

TODAY = date(2022, 3, 1)
DAYS = [date(2022, 2, 20) + timedelta(days=number) for number in range(20)]
OPEN_OR_DAY = st.none() | st.sampled_from(DAYS)
EXEMPTIONS = st.builds(Exemption, OPEN_OR_DAY, OPEN_OR_DAY, st.just("x"), st.none()).filter(
    lambda exemption: not (exemption.first and exemption.last and exemption.last < exemption.first)
)


def stated(channel, *exemptions):
    return [Stated("376500000A", "嘉義縣政府", None, None, None, None, channel=channel, exemptions=exemptions)]


STATED = st.builds(lambda channel, exemptions: stated(channel, *exemptions), st.sampled_from([None, "webitr", "webhr"]),
                   st.lists(EXEMPTIONS, max_size=2))  # fmt: skip


def duty_on(spans, day):
    found = [span.duty for span in spans if span.covers(day)]
    assert len(found) <= 1
    return found[0] if found else PLAIN


@given(STATED, STATED)
def test_stated_twice_is_stated_once(first, second):
    held = restate_obligations([], first, TODAY - timedelta(days=5))
    assert restate_obligations(held, first, TODAY - timedelta(days=5)) == held
    after = restate_obligations(held, second, TODAY)
    assert restate_obligations(after, second, TODAY) == after


@given(STATED, STATED)
def test_each_day_has_what_it_should(first, second):
    held = restate_obligations([], first, TODAY - timedelta(days=5))
    after = restate_obligations(held, second, TODAY)
    exemptions = second[0].exemptions
    named = min([TODAY, *(exemption.first for exemption in exemptions if exemption.first)]) if held else date.min
    for day in DAYS:
        duty = duty_on(after, day)
        assert duty.channel == (duty_on(held, day).channel if held and day < TODAY else second[0].channel)
        if day < named:
            assert duty.exempt == duty_on(held, day).exempt
        else:
            assert duty.exempt == any((e.first or day) <= day <= (e.last or day) for e in exemptions)


def test_the_first_statement_holds_from_the_beginning():
    assert restate_obligations([], stated("webitr"), TODAY) == [Span(None, None, Duty("webitr", None, None))]
    assert restate_obligations([], stated(None), TODAY) == []
