"""Any request to any route, by anybody: an answer below 500, or one that was meant, and no traceback in the log.

The routes and their parameters are the application's own table, so that what is added is tried as well.
"""

import asyncio
import json
import logging
import re
import shutil
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from pipelines.resources import platform
from pipelines.settings import Settings
from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from tests.portal.conftest import PEOPLE, sign_in
from tests.portal.crooked_provider import CLIENT, SECRET, CrookedProvider
from tests.support.installations import AUTHORITY, FIRST, NOW, SECOND, document
from tests.support.portal_country import MONTH
from tests.support.portal_routes import parameters_of, routes_of

#: Of each route and visitor, each of whom asks for others.
EXAMPLES = 3
PROFILE = settings(max_examples=EXAMPLES, database=None, deadline=None, suppress_health_check=HealthCheck)
#: What endpoints read of a request without declaring it.
UNDECLARED = ("month", "state", "code", "error", "error_description")
MEANT = {503}

TIMES = (
    "2021-06-25T09:00",
    "0001-01-01T00:00",
    "0001-01-01T00:00+23:59",
    "9999-12-31T23:59-23:59",
    "9999-12-31T23:59",
    "1911-12-31T23:59",
    "1970-01-01T00:00Z",
    "2021-06-25",
    "20210625T09",
    "2021-W25-5",
    "2021-06-25T09:00:00.123456789",
)
NASTY = (
    "",
    " ",
    "\0",
    "\x1f\x7f",
    "../../etc/passwd",
    "%00",
    "%ff",
    "'\"`;--",
    "{{7*7}}",
    "${x}",
    "<b>",
    "\ud800",
    "\U0010ffff",
    "\u202e",
    "１２",
    "²",
    "٣",
    "-1",
    "0",
    "1e309",
    "NaN",
    "9" * 5000,
    "x" * 3000,
    "true",
    "null",
    "[]",
    "K",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory, country_home):
    """A portal where there is something to be seen, its provider, and everybody's cookies."""
    home = shutil.copytree(country_home[0], tmp_path_factory.mktemp("any") / "home")
    opened = platform(Settings(home=home), actor="test", clock=lambda: NOW)
    provider = CrookedProvider()
    given_settings = PortalSettings(
        requests_a_minute=1_000_000,
        anonymous_bytes_a_minute=1 << 40,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        proxies="127.0.0.1",
    )
    app = create_app(opened, given_settings)
    sessions = {who: sign_in(opened, who, role, agency) for who, (role, agency) in PEOPLE.items()}
    yield app, sessions, country_home[1]
    provider.close()
    opened.engine.dispose()


@pytest.fixture(scope="module")
def loop():
    """One loop for all requests: one of each request's own would start its threads anew."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def faults():
    """Lines of the log that say that something of ours failed."""
    lines = []

    class Kept(logging.Handler):
        def emit(self, record):
            if record.levelno >= logging.ERROR or record.exc_info:
                lines.append(f"{record.name}: {record.getMessage()} {record.exc_info}")

    handler = Kept()
    loggers = [logging.getLogger(name) for name in ("", "attendance", "uvicorn.error", "asyncio")]
    for logger in loggers:
        logger.addHandler(handler)
    yield lines
    for logger in loggers:
        logger.removeHandler(handler)


def sensible(held):
    """What some parameter takes."""
    known = [FIRST, SECOND, AUTHORITY, MONTH, "2021", "6", "1", "xlsx", "ods", "pdf", "csv", "summary", "due-months"]
    known += ["submission-ratios", "record", "rule", "country", "viewer", "CONFIRMED", "2021-12-31", "read"]
    one = held[FIRST]
    return [*known, one.submission, one.older, one.rule, one.finding, str(one.authorisation), str(one.token)]


def values(held):
    return st.one_of(
        st.sampled_from(sensible(held)),
        st.sampled_from(TIMES),
        st.sampled_from(NASTY),
        st.text(max_size=20),
        st.integers().map(str),
    )


def in_path(held, name):
    """Mostly what leads somewhere."""
    one = held[FIRST]
    known = {
        "agency": [FIRST, SECOND, AUTHORITY],
        "month": [MONTH],
        "id_": [one.submission, one.older, str(one.authorisation), str(one.token)],
        "suffix": ["xlsx", "ods", "csv", "pdf"],
        "report": ["summary", "due-months", "monthly-counts", "submission-ratios", "client-versions"],
    }
    leading = st.sampled_from(known.get(name) or sensible(held))
    return st.one_of(leading, leading, values(held))


def headers():
    plain = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
    said = st.one_of(plain, st.sampled_from(["CN=x", "bytes=0-1", "bytes=9-1,-5", "Bearer att_x", "Basic Og==", '"x"']))
    names = (
        "authorization",
        "cookie",
        "origin",
        "referer",
        "range",
        "if-range",
        "if-none-match",
        "if-modified-since",
        "x-forwarded-for",
        "x-agency-certificate",
        "x-csrf-token",
        "idempotency-key",
        "accept",
        "content-type",
        "content-encoding",
        "host",
    )
    return st.dictionaries(st.sampled_from(names), said, max_size=3)


def bodies(held, names):
    form = st.dictionaries(st.sampled_from([*names, "csrf", "file", "x"]), values(held), max_size=len(names) + 2)
    file = st.one_of(st.binary(max_size=50), st.sampled_from([document(FIRST), b"", b"{}", b"\xff"]))
    any_json = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | values(held).filter(_is_utf8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*names, "x"]), inner, max_size=4),
        max_leaves=8,
    )
    return st.one_of(
        st.just({}),
        form.map(lambda data: {"data": _utf8(data)}),
        st.tuples(form, file).map(lambda both: {"data": _utf8(both[0]), "files": {"file": ("x.json", both[1])}}),
        any_json.map(
            lambda said: {"content": json.dumps(said).encode(), "headers": {"content-type": "application/json"}}
        ),
        st.binary(max_size=60).map(lambda said: {"content": said}),
        st.binary(max_size=60).map(
            lambda said: {"content": said, "headers": {"content-type": "multipart/form-data; boundary=x"}}
        ),
    )


def _is_utf8(text):
    return not re.search(r"[\ud800-\udfff]", text)


def _utf8(data):
    return {name: value for name, value in data.items() if _is_utf8(value)}


def _quoted(text):
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass")) or "%20"


def requests_of(route, held, things, names):
    """Requests of a route: where its path's names are, whatever; queries, forms, headers and cookies of any kind."""
    method, path = route
    filled = st.fixed_dictionaries({name: in_path(held, name) for name in re.findall(r"{(\w+)", path)})
    named = st.tuples(st.sampled_from([*names, *UNDECLARED]), values(held))
    query = st.lists(st.one_of(named, *(st.just(("state", thing)) for thing in things)), max_size=5)
    return st.tuples(
        st.just("GET" if method == "*" else method),
        filled.map(lambda given: re.sub(r"{(\w+)[^}]*}", lambda found: _quoted(given[found[1]]), path)),
        query.map(lambda pairs: "&".join(f"{name}={_quoted(value)}" for name, value in pairs)),
        headers(),
        bodies(held, names) if method == "POST" else st.just({}),
    )


def credentials(loop, world, who):
    """Headers that say who asks, and what they have that a request may name."""
    app, sessions, held = world
    if who == "system":
        return {"authorization": f"Bearer {held[FIRST].secret}"}, []
    if who == "coming back":
        began = ask(loop, app, {}, "GET", "/sign-in/start", "", {}, {})
        cookie = began.headers["set-cookie"].split(";")[0]
        return {"cookie": cookie}, [parse_qs(urlsplit(began.headers["location"]).query)["state"][0]]
    if who == "nobody":
        return {}, []
    cookie, csrf = sessions[who]
    return {"cookie": f"attendance={cookie}", "x-csrf-token": csrf}, []


def ask(loop, app, own, method, path, query, more, body):
    said = {**own, **body.get("headers", {}), **more}
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 9))

    async def asked():
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8300", trust_env=False) as client:
            return await client.request(
                method,
                f"{path}?{query}" if query else path,
                **{**body, "headers": {name: value.encode("latin-1") for name, value in said.items()}},
            )

    return loop.run(asked())


WHO = ("nobody", "coming back", "system", *PEOPLE)


@pytest.mark.parametrize("who", WHO)
def test_whatever_is_asked_is_answered_and_is_no_fault_of_ours(loop, world, faults, who):
    app, _, held = world
    own, things = credentials(loop, world, who)
    faults.clear()
    for route in sorted(routes_of(app)):
        if route == ("POST", "/sign-out"):  # whoever asks would be nobody from then on
            continue

        @seed(WHO.index(who))
        @PROFILE
        @given(request=requests_of(route, held, things, parameters_of(app, route)))
        def each(request):
            answer = ask(loop, app, own, *request)
            assert answer.status_code < 500 or answer.status_code in MEANT, (answer.status_code, request)

        each()
    assert not faults
