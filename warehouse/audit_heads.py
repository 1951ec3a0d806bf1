"""Signed heads of the audit: what the platform says today its newest row is, for others to keep and hold it to.

Every signed receipt carries one too (`audit`), so that whoever has a receipt can show that the audit up to then was
written anew or cut off.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from warehouse.deadlines import TAIPEI
from warehouse.ledger.audit_chain import Anchor
from warehouse.ledger.audit_check import Noted
from warehouse.receipt_signature import is_signed_under, signed

FORMAT = "attendance-audit-head-1"


class NoHead(ValueError):  # noqa: N818 — reads as what it is
    """The file holds no signed head of this platform's audit; the message says why."""


def said_of(head: Anchor) -> dict[str, Any]:
    """The head as receipts and head files carry it, under `audit`."""
    return {"seq": head.seq, "hash": head.hash}


def signed_head(head: Anchor, at: datetime, private_pem: str) -> dict[str, Any]:
    """The head with the moment and the platform's signature, as a JSON object."""
    moment = at.astimezone(TAIPEI).isoformat(timespec="seconds")
    return signed({"audit": said_of(head), "issued_at": moment}, private_pem, FORMAT)


def noted_in(name: str, text: bytes, public_pem: str) -> Noted:
    """The head in a head file or a receipt (its bytes), which must be signed under this key; raises `NoHead`."""
    try:
        said: Mapping[str, Any] = json.loads(text)
        anchor = Anchor(int(said["audit"]["seq"]), str(said["audit"]["hash"]))
        genuine = is_signed_under(said, public_pem)
        where = f"{name}（{said['issued_at']}）"
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoHead(f"{name}: 不是收據或稽核鏈首檔 holds no receipt and no head of the audit") from error
    if not genuine:
        raise NoHead(
            f"{name}: 簽章無效，或以另一把金鑰簽章（以 --public-key 指定） the signature does not hold, or it is under "
            "another key: --public-key"
        )
    return Noted(anchor, where)
