"""The WebITR channel: each agency's server is asked for its month over HTTPS, as docs/webitr-openapi.yaml says.

Settings, and what is fetched turned into deliveries; the asking itself is in `http_fetch.py` and `http_many.py`.
"""

import ipaddress
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from assets.channels.config import ChannelSettings, SecretUnavailable, exactly_one, read_secret
from assets.channels.http_fetch import Fetched, FetchLimits, FetchRequest
from assets.channels.http_many import fetch_many
from assets.channels.protocol import (
    AGENCY_PATTERN,
    Delivery,
    FetchMemory,
    Land,
    Outcome,
    Reason,
    Remembered,
    check_month,
)
from warehouse.landing import TooLarge
from warehouse.secret_types import Secret, SecretAddress

NAME = "webitr"
_PIECE = 64 * 1024
#: What RFC 6750 lets a bearer token be; anything else could smuggle a second header.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")

AgencyCode = Annotated[str, StringConstraints(pattern=f"^{AGENCY_PATTERN}$")]


class LimitSettings(ChannelSettings):
    """What one agency may cost; given in `[webitr]` it is every agency's default."""

    connect_seconds: float = Field(default=10, gt=0)
    read_seconds: float = Field(default=30, gt=0)
    timeout_seconds: float = Field(default=120, gt=0)
    attempts: int = Field(default=4, ge=1, le=20)
    pause_seconds: float = Field(default=0.5, gt=0)
    max_bytes: int = Field(default=256 * 1024 * 1024, ge=1)


class AgencySettings(LimitSettings):
    """`[webitr.agencies.CODE]`: where the agency's server is, and its token or where that is kept."""

    base_url: str
    allow_http: bool = False
    token: Secret | None = None
    token_env: str | None = None
    token_file: Path | None = None

    @model_validator(mode="after")
    def _check(self) -> "AgencySettings":
        exactly_one(("token", "token_env", "token_file"), self.token, self.token_env, self.token_file)
        try:
            address, port = urlsplit(self.base_url), urlsplit(self.base_url).port
        except ValueError:
            raise ValueError("base_url is no address 網址無效") from None  # the reason would quote it
        if address.scheme not in {"https", "http"} or not address.hostname or port == 0:
            raise ValueError("base_url must be https://host/… 應為 https 網址")
        if address.username is not None or address.query or address.fragment:
            raise ValueError("base_url must hold no account, query or fragment 網址不得含帳號或參數")
        if address.scheme == "http" and not self.allow_http and not _is_loopback(address.hostname):
            raise ValueError("plain http would show the token; use https or set allow_http 未加密連線會洩漏權杖")
        return self

    def limits(self) -> FetchLimits:
        """Give the limits as the fetch takes them."""
        return FetchLimits(**{name: getattr(self, name) for name in LimitSettings.model_fields})


class WebItrSettings(LimitSettings):
    """`[webitr]`: defaults, how many agencies are asked at once, whom to trust beside the system's authorities."""

    concurrency: int = Field(default=8, ge=1, le=64)
    ca_file: Path | None = None
    proxy: SecretAddress | None = None
    agencies: dict[AgencyCode, AgencySettings] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _hand_down(cls, section: Any) -> Any:
        """Give each agency the section's limits where it has none of its own."""
        agencies = section.get("agencies") if isinstance(section, dict) else None
        if not isinstance(agencies, dict):
            return section
        common = {name: section[name] for name in LimitSettings.model_fields if name in section}
        merged = {code: {**common, **one} if isinstance(one, dict) else one for code, one in agencies.items()}
        return {**section, "agencies": merged}


class WebItr:
    """The channel; nothing is connected outside `collect`."""

    name = NAME

    def __init__(self, settings: WebItrSettings) -> None:
        self._settings = settings

    def collect(self, month: str, agencies: Sequence[str], memory: FetchMemory, land: Land) -> Iterator[Delivery]:
        """One delivery an agency, as they come in; a server that is down, slow or wrong costs its own agency only."""
        check_month(month)
        remembered = memory.recall(NAME, month)
        requests: list[FetchRequest] = []
        for agency in agencies:
            prepared = self._request(agency, month, remembered.get(agency))
            if isinstance(prepared, Delivery):
                yield prepared
            else:
                requests.append(prepared)
        if not requests:
            return
        try:
            trust = self._trust()
        except (OSError, ssl.SSLError) as error:
            reason = Reason("ca_file 無法使用", f"ca_file is of no use ({type(error).__name__})")
            yield from (Delivery(NAME, each.key, month, Outcome.FAILED, each.url, reason=reason) for each in requests)
            return
        sources = {request.key: request.url for request in requests}
        proxy = self._settings.proxy.get_secret_value() if self._settings.proxy else None
        with closing(fetch_many(requests, self._settings.concurrency, trust, proxy)) as answers:
            for fetched in answers:
                with closing(fetched):
                    yield _delivery(fetched, month, sources[fetched.key], remembered.get(fetched.key), land)

    def confirm(self, delivery: Delivery) -> None:
        """Nothing to do: the server keeps its document."""

    def _request(self, agency: str, month: str, before: Remembered | None) -> FetchRequest | Delivery:
        """Say what to ask the agency's server; a delivery that says why not where that cannot be."""
        settings = self._settings.agencies.get(agency)
        if settings is None:
            reason = Reason("sources.toml 未設定此機關", "not configured in sources.toml")
            return Delivery(NAME, agency, month, Outcome.NOT_CONFIGURED, NAME, reason=reason)
        url = f"{settings.base_url.rstrip('/')}/attendance/v1/submissions/{month}"
        try:
            token = read_secret(settings.token, settings.token_env, settings.token_file)
        except SecretUnavailable as error:
            return Delivery(NAME, agency, month, Outcome.FAILED, url, reason=Reason(str(error)))
        if not _TOKEN.fullmatch(token):
            reason = Reason("權杖含有不允許的字元", "the token holds characters that no bearer token may")
            return Delivery(NAME, agency, month, Outcome.FAILED, url, reason=reason)
        # Without the bytes an ETag is of no use: the server would answer that nothing has changed.
        etag = before.etag if before is not None and before.submission_id is not None else None
        return FetchRequest(agency, url, token, etag, settings.limits())

    def _trust(self) -> ssl.SSLContext:
        """Give the system's authorities and `ca_file`'s."""
        trust = ssl.create_default_context()
        if self._settings.ca_file is not None:
            trust.load_verify_locations(self._settings.ca_file)
        return trust


def _delivery(fetched: Fetched, month: str, source: str, before: Remembered | None, land: Land) -> Delivery:
    """Land a body, and say what the answer was."""
    outcome, submission_id, size = fetched.outcome, None, 0
    if fetched.body is not None:
        try:
            landed = land(iter(partial(fetched.body.read, _PIECE), b""))
        except TooLarge as error:
            return Delivery(NAME, fetched.key, month, Outcome.FAILED, source, reason=Reason(str(error)))
        submission_id, size = landed.id, landed.bytes
    if before is not None and (outcome is Outcome.UNCHANGED or submission_id == before.submission_id):
        outcome, submission_id = Outcome.UNCHANGED, before.submission_id
    return Delivery(NAME, fetched.key, month, outcome, source, submission_id, size, fetched.etag, fetched.reason)


def _is_loopback(host: str) -> bool:
    """Whether the name is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
