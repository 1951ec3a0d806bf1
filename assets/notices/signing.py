"""Secrets and signatures of notices by webhook, as Standard Webhooks have them (www.standardwebhooks.com)."""

import base64
import hashlib
import hmac

_PREFIX = "whsec_"
_LEAST_BYTES = 16


class SecretUnusable(ValueError):  # noqa: N818 — reads as what it is
    """The secret is none; it is not repeated."""


def secret_bytes(secret: str) -> bytes:
    """`whsec_` and base64 of at least 16 bytes, as Standard Webhooks write a secret.  Raises `SecretUnusable`."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        key = b""
    if len(key) < _LEAST_BYTES:
        raise SecretUnusable(
            "應為 whsec_ 加上至少 16 位元組的 Base64 must be whsec_ and base64 of at least 16 bytes "
            "(openssl rand -base64 32)"
        )
    return key


def signature(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = f"{id_}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret_bytes(secret), signed, hashlib.sha256).digest()).decode()
