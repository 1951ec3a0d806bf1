"""One document from one server: asked for with a token, retried, bounded in time and size, whole or not at all.

Knows HTTP only; whose document it is and what becomes of it is the WebITR channel's business.
"""

import asyncio
import random
import re
import ssl
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO, cast
from urllib.parse import urljoin, urlsplit

import httpx
from tenacity import AsyncRetrying, RetryCallState, stop_after_attempt

from assets.channels.http_body import FetchFailedError, decoded
from assets.channels.protocol import Outcome, Reason

MAX_REDIRECTS = 3
#: Agencies in a row that could not reach a host before the others of that host are no longer tried.
UNREACHABLE_LIMIT = 3
_IN_MEMORY = 1024 * 1024
_LONGEST_PAUSE = 30.0
_ETAG = re.compile(r'(W/)?"[\x21\x23-\x7e]{0,1020}"')
_REDIRECTS = {301, 302, 303, 307, 308}
_JSON = re.compile(r"application/(json|[\w.-]+\+json)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one fetch may cost: seconds (`timeout_seconds` in all), attempts, bytes of the decoded document."""

    connect_seconds: float
    read_seconds: float
    timeout_seconds: float
    attempts: int
    pause_seconds: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What to ask of whom; `etag` is that of the document taken last."""

    key: str
    url: str
    token: str = field(repr=False)
    etag: str | None
    limits: FetchLimits


@dataclass(slots=True)
class Fetched:
    """The answer to the request of that key; `body` is rewound, and closed by whoever takes it."""

    key: str
    outcome: Outcome
    reason: Reason = field(default_factory=Reason)
    etag: str | None = None
    body: IO[bytes] | None = None

    def close(self) -> None:
        """Let go of the body."""
        if self.body is not None:
            self.body.close()


class Fetcher:
    """Fetches over one client; remembers which hosts nobody could reach, so that a dead one costs little."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._unreachable: Counter[str] = Counter()

    async def fetch(self, request: FetchRequest) -> Fetched:
        """Ask until there is an answer or the attempts or the time are used up; raises for no server's sake."""
        host = _origin(request.url)
        if self._unreachable[host] >= UNREACHABLE_LIMIT:
            return failed(
                request, Reason("同一主機已連續多次無法連線，未再嘗試", "host unreachable before, not tried again")
            )
        attempts = _Attempts(self._client, request)
        try:
            async with asyncio.timeout(request.limits.timeout_seconds):
                fetched = await attempts.run()
        except TimeoutError:
            fetched = failed(request, attempts.out_of_time())
        except FetchFailedError as error:
            fetched = failed(request, error.reason)
        if attempts.unreachable:
            self._unreachable[host] += 1
        else:
            del self._unreachable[host]
        return fetched


class _Attempts:
    """The attempts of one request."""

    def __init__(self, client: httpx.AsyncClient, request: FetchRequest) -> None:
        self._client = client
        self._request = request
        self._last: FetchFailedError | None = None
        self._until = asyncio.get_running_loop().time() + request.limits.timeout_seconds

    async def run(self) -> Fetched:
        """Try, with growing pauses; raises the last attempt's `FetchFailedError`."""
        retrying = AsyncRetrying(
            retry=self._worth_another,
            wait=self._pause,
            stop=stop_after_attempt(self._request.limits.attempts),
            reraise=True,
        )
        return cast("Fetched", await retrying(self._attempt))

    @property
    def unreachable(self) -> bool:
        """Whether the last attempt that came to an end could not even connect."""
        return self._last is not None and self._last.unreachable

    def out_of_time(self) -> Reason:
        """Give the reason where the time is over: the last attempt's own, if one came to an end."""
        seconds = f"{self._request.limits.timeout_seconds:g}"
        before = self._last.reason if self._last else Reason()
        return Reason(f"{seconds} 秒內未完成。{before.zh}", f"not done within {seconds} seconds. {before.en}")

    def _worth_another(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        self._last = error if isinstance(error, FetchFailedError) else None
        if self._last is None:
            return False
        return self._last.transient and self._last.after < self._until - asyncio.get_running_loop().time()

    def _pause(self, state: RetryCallState) -> float:
        """Twice as long each time, and never the same for two agencies; not before the server wants to be asked."""
        growing: float = min(self._request.limits.pause_seconds * 2 ** (state.attempt_number - 1), _LONGEST_PAUSE)
        jittered = growing * random.uniform(0.5, 1.5)  # noqa: S311 — no secret
        return max(jittered, self._last.after if self._last else 0.0)

    async def _attempt(self) -> Fetched:
        try:
            return await self._follow()
        except (httpx.TransportError, ssl.SSLError) as error:
            raise _transport_failure(error) from error
        except httpx.InvalidURL as error:  # of a redirect; the address in the settings was checked
            raise FetchFailedError("轉址網址無效", "redirected to what is no address") from error

    async def _follow(self) -> Fetched:
        """Ask, and follow redirects as long as they stay on the same scheme, host and port."""
        url, limits = self._request.url, self._request.limits
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Authorization": f"Bearer {self._request.token}",
        }
        if self._request.etag is not None:
            headers["If-None-Match"] = self._request.etag
        timeout = httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds, pool=None)
        for _ in range(MAX_REDIRECTS + 1):
            async with self._client.stream("GET", url, headers=headers, timeout=timeout) as response:
                if response.status_code not in _REDIRECTS:
                    return await self._answer(response)
                url = redirect_target(url, response)
        raise FetchFailedError("轉址次數過多", "too many redirects")

    async def _answer(self, response: httpx.Response) -> Fetched:
        """Give what the status means; raises `FetchFailedError`."""
        key, status = self._request.key, response.status_code
        if status == httpx.codes.OK:
            return Fetched(key, Outcome.DELIVERED, etag=_etag_of(response), body=await self._body(response))
        if status == httpx.codes.NOT_MODIFIED and self._request.etag is not None:
            return Fetched(key, Outcome.UNCHANGED, etag=self._request.etag)
        if status in {httpx.codes.NO_CONTENT, httpx.codes.NOT_FOUND}:
            return Fetched(
                key, Outcome.NOTHING, Reason(f"對方尚無當月資料(HTTP {status})", f"nothing yet (HTTP {status})")
            )
        if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise FetchFailedError(
                f"權杖遭拒(HTTP {status})，請確認 token 設定", f"credentials refused (HTTP {status}), check the token"
            )
        asked_to_wait = retry_after(response.headers.get("Retry-After", ""))
        later = status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR
        raise FetchFailedError(
            f"對方回應 HTTP {status}",
            f"answered HTTP {status}",
            transient=later,
            after=asked_to_wait,
        )

    async def _body(self, response: httpx.Response) -> IO[bytes]:
        """Read the whole decoded body into a file that is in memory while it is small; raises `FetchFailedError`."""
        kind = response.headers.get("Content-Type", "")
        if not _JSON.match(kind):
            raise FetchFailedError("回應不是 JSON", f"answered with {kind.partition(';')[0][:60]!r} instead of JSON")
        body = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 — handed on
        try:
            await _copy(response, body, self._request.limits.max_bytes)
        except BaseException:
            body.close()
            raise
        body.seek(0)
        return cast("IO[bytes]", body)


async def _copy(response: httpx.Response, body: "tempfile.SpooledTemporaryFile[bytes]", limit: int) -> None:
    """Copy the decoded body; raises `FetchFailedError` where it is empty or goes on beyond the limit."""
    size = 0
    async for piece in decoded(response):
        size += len(piece)
        if size > limit:
            raise FetchFailedError(f"檔案超過 {limit:,} 位元組的上限", f"larger than the limit of {limit:,} bytes")
        body.write(piece)
    if size == 0:
        raise FetchFailedError("回應是空的", "answered 200 with nothing", transient=True)


def failed(request: FetchRequest, reason: Reason) -> Fetched:
    """Give the answer of a request that came to nothing."""
    return Fetched(request.key, Outcome.FAILED, reason)


def _transport_failure(error: httpx.TransportError | ssl.SSLError) -> FetchFailedError:
    """Tell what went wrong on the way, without the library's own text: it may quote anything."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return FetchFailedError(
            "對方的 TLS 憑證無法驗證", "the server's TLS certificate cannot be verified", unreachable=True
        )
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return FetchFailedError(
            "無法連線", f"cannot connect ({type(error).__name__})", transient=True, unreachable=True
        )
    if isinstance(error, httpx.TimeoutException):
        return FetchFailedError("對方逾時未回應", f"no answer in time ({type(error).__name__})", transient=True)
    return FetchFailedError("傳輸中斷", f"the transfer broke off ({type(error).__name__})", transient=True)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def redirect_target(url: str, response: httpx.Response) -> str:
    """Where a redirect from `url` leads: the same scheme, host and port, or `FetchFailedError`."""
    try:
        target = urljoin(url, str(response.headers.get("Location", "")))
        elsewhere = _origin(target) != _origin(url)
    except ValueError as error:
        raise FetchFailedError("轉址網址無效", "redirected to what is no address") from error
    if elsewhere:
        raise FetchFailedError(
            "對方轉址至其他主機，為免洩漏權杖未跟隨；請更正 base_url",
            "redirected to another host, not followed lest the token leak; correct base_url",
        )
    return target


def _etag_of(response: httpx.Response) -> str | None:
    """Give the ETag, if it is one: it is kept and sent back."""
    etag = response.headers.get("ETag", "")
    return etag if _ETAG.fullmatch(etag) else None


def retry_after(asked: str) -> float:
    """Seconds that a `Retry-After` asks for, as a number or a date (RFC 9110, 10.2.3); 0 for any other text.

    Infinite where the number is beyond a float's; a date in the past is 0.
    """
    asked = asked.strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError, TypeError, IndexError):  # all of them are the parser's, tests/fuzz
        return 0.0
