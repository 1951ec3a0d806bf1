"""Notices as signed HTTP requests, in the form of Standard Webhooks (www.standardwebhooks.com).

`webhook-id` is the notice's and the same however often it is tried: a receiver that keeps the ids it has seen takes
each notice once.  `webhook-signature` is HMAC-SHA256 over id, timestamp and body, so that a receiver knows from whom
it is, that nothing was changed, and, by the timestamp, that nobody sends an old one again.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

import httpx

from assets.notices.delivery import Down, HandOver, Later, Never, Parcel
from assets.notices.signing import signature

_SECONDS = 30.0
#: Answers that will be the same the next time.
_NEVER = frozenset({400, 410, 413, 415, 422})


def body_of(parcel: Parcel) -> bytes:
    """The request's body: what the mail says, and the numbers behind it."""
    facts = asdict(parcel.facts)
    said = {
        "type": f"attendance.notice.{parcel.facts.kind}",
        "timestamp": parcel.at.isoformat(timespec="seconds"),
        "data": {"id": parcel.id, "subject": parcel.message.subject, "text": parcel.message.text, **facts},
    }
    return json.dumps(said, ensure_ascii=False, default=_plain).encode()


class WebhookCourier:
    """One HTTP client for any number of notices; `clock` gives the timestamp that is signed."""

    def __init__(self, url: str, secret: str, clock: Callable[[], datetime]) -> None:
        self._url, self._secret, self._clock = url, secret, clock
        self._client = httpx.Client(timeout=_SECONDS, follow_redirects=False)

    def deliver(self, parcel: Parcel, hand_over: HandOver) -> dict[str, str]:  # noqa: ARG002 — its id makes it safe
        """Post it.  Raises `Later`, `Down`, `Never`."""
        body, timestamp = body_of(parcel), int(self._clock().timestamp())
        headers = {
            "content-type": "application/json; charset=utf-8",
            "webhook-id": parcel.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._secret, parcel.id, timestamp, body),
        }
        try:
            status = self._client.post(self._url, content=body, headers=headers).status_code
        except httpx.ConnectError:
            raise Down("no answer") from None
        except httpx.HTTPError as error:
            raise Later(type(error).__name__) from None
        if status in _NEVER:
            raise Never(f"HTTP {status}")
        if not httpx.codes.is_success(status):
            raise Later(f"HTTP {status}")
        return {}

    def close(self) -> None:
        """End its connections."""
        self._client.close()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
