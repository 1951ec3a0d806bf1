"""Rate limits, in memory and in a real Redis that several portals share and that may go away."""

import asyncio

import httpx
import pytest
from starlette.exceptions import HTTPException

from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from portal.limiting import Limiter
from tests.support.installations import FIRST, NOW
from tests.support.postgres import free_port
from warehouse.access.tokens import issue_token
from warehouse.ledger.engine import writing

MOST = 5


def limiter(**more):
    return Limiter(PortalSettings(requests_a_minute=MOST, **more))


def passed(limiter, whose, times):
    """How many of so many requests are let through."""
    let = 0
    for _ in range(times):
        try:
            limiter.count(whose)
        except HTTPException as late:
            said = (late.status_code, late.headers)
        else:
            said, let = None, let + 1
        assert said in (None, (429, {"Retry-After": "60"}))
    return let


def test_in_memory_each_is_counted_by_itself():
    one, other = limiter(), limiter()
    assert passed(one, "token:1", MOST + 3) == MOST
    assert passed(one, "token:2", MOST) == MOST
    assert passed(one, "address:1", 1) == 1
    assert passed(other, "token:1", MOST) == MOST


def test_several_portals_count_together_in_redis(redis_server):
    portals = [limiter(redis_url=redis_server.url) for _ in range(3)]
    assert sum(passed(one, "token:1", MOST) for one in portals) == MOST
    assert passed(portals[0], "token:2", MOST) == MOST


def test_without_redis_each_portal_counts_alone_and_together_again_when_it_is_back(redis_server):
    portals = [limiter(redis_url=redis_server.url) for _ in range(2)]
    assert passed(portals[0], "token:1", MOST) == MOST
    redis_server.stop()
    assert [passed(one, "token:1", MOST + 2) for one in portals] == [MOST, MOST]
    redis_server.start()
    assert sum(passed(one, "token:2", MOST) for one in portals) == MOST


def test_a_redis_that_never_was_keeps_nobody_out():
    one = limiter(redis_url=f"redis://127.0.0.1:{free_port()}")
    assert passed(one, "token:1", MOST + 2) == MOST


def ask(opened, settings, *requests, client=("192.0.2.1", 9)):
    transport = httpx.ASGITransport(create_app(opened, settings), client=client)

    async def all_of_them():
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8300") as asking:
            return [await asking.request(method, path, **more) for method, path, more in requests]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("in_redis", [False, True])
def test_requests_beyond_the_limit_are_told_when_to_come_again(opened, in_redis, request):
    url = request.getfixturevalue("redis_server").url if in_redis else None
    settings = PortalSettings(requests_a_minute=MOST, redis_url=url)
    with writing(opened.engine) as session:
        secrets = [
            issue_token(session, FIRST, f"系統{number}", ["read"], NOW.date(), actor="test", at=NOW)[0]
            for number in range(2)
        ]
    once = [("GET", "/api/v1/reason-codes", {"headers": {"authorization": f"Bearer {one}"}}) for one in secrets]
    first = ask(opened, settings, *[once[0]] * (MOST + 1), once[1])
    assert [one.status_code for one in first] == [200] * MOST + [429, 200]
    late = first[MOST]
    assert (late.headers["content-type"], late.headers["retry-after"]) == ("application/problem+json", "60")
    assert "每分鐘至多 5 次" in late.json()["detail"]
    # The format check and guesses at tokens go by address.
    guessed = ("GET", "/api/v1/reason-codes", {"headers": {"authorization": "Bearer att_guess"}})
    checked = ("POST", "/api/v1/check", {"content": b"{}"})
    page = ("POST", "/check", {"files": {"file": ("x", b"{}")}})
    many = ask(opened, settings, guessed, guessed, checked, page, ("GET", "/api/v1/months/2021-06", {}), guessed, page)
    assert [one.status_code for one in many] == [401, 401, 200, 200, 401, 429, 429]
    assert "請求過多" in many[-1].text


def test_an_address_is_the_peers_and_not_what_a_header_says(opened):
    settings = PortalSettings(requests_a_minute=MOST, proxies="10.0.0.0/8")
    asked = [
        ("POST", "/api/v1/check", {"content": b"{}", "headers": {"x-forwarded-for": f"198.51.100.{number}"}})
        for number in range(MOST + 1)
    ]
    assert [one.status_code for one in ask(opened, settings, *asked)] == [200] * MOST + [429]
    believed = ask(opened, settings, *asked, client=("10.0.0.1", 9))
    assert [one.status_code for one in believed] == [200] * (MOST + 1)


def test_forms_are_counted_by_account(opened, people):
    settings = PortalSettings(requests_a_minute=MOST)

    def revoke(who):
        cookie, csrf = people[who]
        headers = {"x-csrf-token": csrf, "cookie": f"attendance={cookie}"}
        return "POST", f"/agencies/{FIRST}/tokens/1/revoke", {"headers": headers}

    answers = ask(opened, settings, *[revoke("head")] * (MOST + 1), revoke("submitter"))
    assert [one.status_code for one in answers] == [422] * MOST + [429, 403]
    assert "請求過多" in answers[MOST].text
