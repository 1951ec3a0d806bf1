"""Whatever comes from outside is parsed to a value or a named refusal, for any text and any bytes (Hypothesis)."""

import contextlib
import io
import math
import zipfile
from datetime import date
from decimal import Decimal

import httpx
from hypothesis import given
from hypothesis import strategies as st

from assets.channels import http_fetch
from assets.channels.documents import ArchiveRefused, Document, ReadLimits, documents_in
from assets.channels.http_body import FetchFailedError
from assets.channels.p2k import values
from assets.channels.protocol import one_line
from assets.pull_report import host_of
from checks.format.identify import identify
from warehouse.redaction import shown_address

#: Text that is nearly what a parser wants, and any other.
NUMBERS = st.from_regex(r"[-+]?[0-9０-９]{0,40}(\.[0-9]{0,40})?([eE][-+]?[0-9]{0,9})?", fullmatch=True)
TIME = r"[0-9]{1,9}:[0-9]{1,9}:[0-9]{1,9} (GMT|[-+][0-9]{1,9})?"
DATES = st.from_regex(rf"(Mon|Fri|\w{{3}}), [0-9]{{1,30}} (Jan|Dec|\w{{0,4}}) [0-9]{{1,30}} {TIME}", fullmatch=True)
ROC = st.from_regex(r"[0-9]{0,9}", fullmatch=True)
TEXT = st.one_of(st.text(), NUMBERS, DATES, ROC)
ADDRESSES = st.one_of(
    TEXT,
    st.from_regex(r"(https?|sftp|s3|)://([\w:@\[\]%.-]{0,30})?(:[0-9]{0,9})?(/[^\n]{0,20})?", fullmatch=True),
)
ANYTHING = st.one_of(
    st.none(), TEXT, st.binary(max_size=64), st.integers(), st.floats(), st.decimals(), st.dates(), st.booleans()
)


@given(TEXT)
def test_retry_after(text):
    seconds = http_fetch.retry_after(text)
    assert seconds >= 0
    assert not math.isnan(seconds)


@given(st.dictionaries(st.sampled_from(["ETag", "Retry-After", "Content-Type"]), st.binary(max_size=60)))
def test_headers(headers):
    response = httpx.Response(200, headers={name: value.replace(b"\n", b"") for name, value in headers.items()})
    etag = http_fetch._etag_of(response)
    assert etag is None or etag.isascii()


@given(ADDRESSES)
def test_addresses(text):
    assert "@" not in shown_address(text).partition("://")[2].partition("/")[0]
    assert isinstance(host_of(text), str)


@given(ADDRESSES)
def test_where_a_redirect_leads(text):
    response = httpx.Response(302, headers={"Location": text.encode("utf-8", "surrogatepass").replace(b"\n", b"")})
    with contextlib.suppress(FetchFailedError):
        target = http_fetch.redirect_target("https://one.example/x", response)
        assert http_fetch._origin(target) == "https://one.example:443"


@given(ANYTHING, st.sampled_from(["utf-8", "cp950"]))
def test_values_of_a_database(value, encoding):
    text = values.to_text(value, encoding)
    assert isinstance(text, str)
    day = values.roc_date(text)
    assert day is None or isinstance(day, date)
    assert values.moment(day, text) is None
    assert (number := values.to_decimal(value)) is None or isinstance(number, Decimal)
    for parse in (values.hours_of, values.minutes_of):
        assert (found := parse(value)) is None or (number is not None and 0 <= found < 10**15)
    assert isinstance(values.normal_code(text), str)


@given(ROC, ROC)
def test_a_day_and_a_time_of_a_database(day, time):
    found = values.moment(values.roc_date(day), time)
    assert found is None or found.year < 10_000


@given(st.binary(max_size=400))
def test_any_bytes_as_a_file_of_the_inbox(data):
    for found in documents_in(io.BytesIO(data), "x", ReadLimits()):
        assert isinstance(found, Document | ArchiveRefused)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8))
def test_a_zip_with_bytes_exchanged(changes):
    whole = bytearray(zipped())
    for at, value in changes:
        whole[at % len(whole)] = value
    for found in documents_in(io.BytesIO(bytes(whole)), "x.zip", ReadLimits()):
        assert isinstance(found, Document | ArchiveRefused)


def zipped():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("一.json", b'{"agency_code": "376500000A"}')
        archive.writestr("b/c.json", b"{}" * 40)
    return held.getvalue()


@given(st.binary(max_size=200))
def test_whose_document_any_bytes_are(data):
    said = identify(data)
    assert said.agency_code is None or isinstance(said.agency_code, str)


@given(st.text())
def test_one_line(text):
    assert "\n" not in one_line(text)
    assert len(one_line(text)) <= 500
