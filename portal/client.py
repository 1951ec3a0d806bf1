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
import time
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
    """The platform, as one agency's system by its token."""

    def __init__(
        self, address: str, token: str, *, timeout: float = 60.0, attempts: int = 5, pause: float = 1.0
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=f"{address.rstrip('/')}/api/v1/", headers=headers, timeout=timeout)
        self._attempts = attempts
        self._pause = pause

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
                time.sleep(self._pause * 2 ** (attempt - 1))
                continue
            if answer.status_code not in _AGAIN or last:
                break
            time.sleep(float(answer.headers.get("Retry-After", self._pause * 2 ** (attempt - 1))))
        return _read(answer)


def _read(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        said = {"title": answer.reason_phrase, "detail": "不是平臺的回應 no answer of the platform's"}
    if answer.is_error:
        raise Refused(answer.status_code, said)
    return dict(said)
