"""A client of the portal's interface for an agency's own attendance system: one file, which needs httpx alone.

    from client import Attendance

    with Attendance("https://attendance.example.gov.tw", token) as attendance:
        found = attendance.check(document)
        if found["verdict"] == "ok":
            taken = attendance.submit(document)
            attendance.findings(taken["receipt"]["month"])

Documents are bytes, as they are to be handed in; answers are the interface's JSON (`/api/v1/openapi.json`).
"""

import hashlib
import math
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import httpx

#: Answers after which the same request may be sent again.
_AGAIN = frozenset({429, 502, 503, 504})


class Refused(RuntimeError):  # noqa: N818 — reads as what it is
    """The platform did not do it; `problem` is its answer (RFC 9457), with `findings` where it found any."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status, self.problem = status, problem
        super().__init__(f"{status} {problem.get('title', '')}: {problem.get('detail', '')}")


class Attendance:
    """The platform, as one agency's system by its token.

    Seconds: `timeout` for an answer; `pause` before the second of `attempts`, twice as long before each further one
    unless the platform says how long; `longest_pause` at most, whatever it says.
    """

    def __init__(
        self,
        address: str,
        token: str,
        *,
        timeout: float = 60.0,
        attempts: int = 5,
        pause: float = 1.0,
        longest_pause: float = 120.0,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=f"{address.rstrip('/')}/api/v1/", headers=headers, timeout=timeout)
        self._attempts = attempts
        self._pause = pause
        self._longest_pause = longest_pause

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def check(self, document: bytes) -> dict[str, Any]:
        """What is wrong with a document; nothing is submitted."""
        return self._asked("POST", "check", document)

    def submit(self, document: bytes) -> dict[str, Any]:
        """Hand a document in: its receipt and what is wrong with it.

        Tried again where the way there or back fails: the key holds all tries to one document.
        """
        return self._asked("POST", "submissions", document, {"Idempotency-Key": hashlib.sha256(document).hexdigest()})

    def month(self, month: str) -> dict[str, Any]:
        """The submissions of a month `YYYY-MM`, and whether one waits to be judged."""
        return self._asked("GET", f"months/{month}")

    def findings(self, month: str) -> dict[str, Any]:
        """What stands of a month's findings."""
        return self._asked("GET", f"months/{month}/findings")

    def receipt(self, month: str, submission_id: str) -> dict[str, Any]:
        """The signed receipt, to keep."""
        return self._asked("GET", f"months/{month}/submissions/{submission_id}/receipt")

    def explain(self, month: str, finding_keys: list[str], code: str, text: str | None = None) -> int:
        """Answer warnings; how many answers were written."""
        said = {"finding_keys": finding_keys, "code": code, "text": text}
        answer = self._http.post(f"months/{month}/explanations", json=said)
        return int(_read(answer)["number"])

    def _asked(
        self, method: str, place: str, document: bytes | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        of_json = {"Content-Type": "application/json"} if document is not None else {}
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                answer = self._http.request(method, place, content=document, headers={**of_json, **(headers or {})})
            except httpx.TransportError:
                if last:
                    raise
                self._wait(attempt, None)
                continue
            if answer.status_code not in _AGAIN or last:
                break
            self._wait(attempt, _told_to_wait(answer))
        return _read(answer)

    def _wait(self, attempt: int, told: float | None) -> None:
        time.sleep(min(self._pause * 2 ** (attempt - 1) if told is None else told, self._longest_pause))


def _told_to_wait(answer: httpx.Response) -> float | None:
    """Seconds by `Retry-After`, a number or a date (RFC 9110, 10.2.3); None where it says neither."""
    said = answer.headers.get("Retry-After", "")
    try:
        seconds = float(said)
    except ValueError:
        until, now = _moment(said), _moment(answer.headers.get("Date", "")) or datetime.now(UTC)
        return max((until - now).total_seconds(), 0.0) if until is not None else None
    return max(seconds, 0.0) if not math.isnan(seconds) else None


def _moment(text: str) -> datetime | None:
    """A date of HTTP; None where it is none, or none that a calendar has."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _read(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        said = {"title": answer.reason_phrase, "detail": "不是平臺的回應 no answer of the platform's"}
        raise Refused(answer.status_code, said)
    if answer.is_error:
        raise Refused(answer.status_code, said)
    return said
