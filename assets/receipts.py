"""Issuing a receipt (收據): what was received, when, what became of it, signed as it stands now."""

from typing import Any

from assets.platform import Platform
from warehouse.audit_heads import said_of
from warehouse.deadlines import TAIPEI
from warehouse.duties import Duties, calendar_of
from warehouse.ledger.audit import head
from warehouse.ledger.engine import reading
from warehouse.receipt_signature import signed
from warehouse.receipts import Receipt, history


class NoSuchSubmission(LookupError):  # noqa: N818 — reads as what it is
    """No submission of the agency and month, or not exactly one, goes by that id."""


def issue_receipt(platform: Platform, agency: str, month: str, id_: str | None = None) -> dict[str, Any]:
    """The signed receipt of the submission whose id begins so (None: the newest).  Raises `NoSuchSubmission`."""
    with reading(platform.engine) as session:
        one = _named(history(session, agency, month, Duties(session, calendar_of(platform.home))), id_)
        issued_at = platform.clock().astimezone(TAIPEI).isoformat(timespec="seconds")
        said = {**one.as_dict(), "issued_at": issued_at, "audit": said_of(head(session))}
    return signed(said, platform.receipt_key())


def _named(received: list[Receipt], id_: str | None) -> Receipt:
    if not received:
        raise NoSuchSubmission("該機關該月沒有報送 nothing was handed in of this agency and month")
    if id_ is None:
        return received[-1]
    found = [one for one in received if one.submission_id.startswith(id_)]
    if len(found) != 1:
        known = ", ".join(one.submission_id[:12] for one in received)
        raise NoSuchSubmission(
            f"沒有唯一符合 {id_} 的報送 not exactly one submission begins with {id_}; there are: {known}"
        )
    return found[0]
