"""Signed receipts (收據): what was received, when, what became of it; who holds the file can verify it offline.

A receipt is a JSON object; its `signature` is Ed25519 over the rest in canonical form (keys sorted, no blanks, UTF-8).
It names its public key, so that whoever has no other sees at least that nothing was changed since it was signed; whose
the key is, only a key from the platform itself can say.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = "attendance-receipt-1"


_TEXTS = ("submission_id", "agency_code", "month", "key", "signature")


class NotAReceipt(ValueError):  # noqa: N818 — reads as what it is
    """The text is no receipt of this kind, or the key no Ed25519 key."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`is_the_file`: the bytes are those received.  `is_unchanged`: the signature holds under the receipt's own key.

    `is_genuine`: it holds under the key that was given; None: no key was given.  `other_key`: it is signed under
    another one than that, as after a change of keys.
    """

    is_the_file: bool
    is_unchanged: bool
    is_genuine: bool | None
    other_key: bool

    @property
    def holds(self) -> bool:
        """Nothing speaks against the receipt."""
        return self.is_the_file and self.is_unchanged and self.is_genuine is not False


def new_signing_key() -> str:
    """A new private key, as PEM."""
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode("ascii")
    )


def public_key(private_pem: str) -> str:
    """The public key to a private one, as PEM: what is handed out."""
    key = _private(private_pem).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def fingerprint(public_pem: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a public key's DER form."""
    der = _public(public_pem).public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:16]


def signed(said: Mapping[str, Any], private_pem: str, form: str = FORMAT) -> dict[str, Any]:
    """The receipt of what is `said`, with its format, the public key, its fingerprint, and the signature.

    Another `form` than a receipt's makes another signed statement of it.
    """
    public_pem = public_key(private_pem)
    receipt = {"format": form, **said, "key": fingerprint(public_pem), "public_key": public_pem}
    signature = _private(private_pem).sign(canonical(receipt))
    return {**receipt, "signature": base64.b64encode(signature).decode("ascii")}


def parsed(text: bytes) -> dict[str, Any]:
    """A receipt from its file; raises `NotAReceipt`."""
    try:
        receipt = json.loads(text)
        known = receipt["format"] == FORMAT and all(isinstance(receipt[name], str) for name in _TEXTS)
        known = known and isinstance(receipt.get("public_key", ""), str)
        canonical(receipt)
    except (ValueError, KeyError, TypeError, RecursionError):
        known = False
    if not known:
        raise NotAReceipt("這不是本平臺的收據檔 this file is no receipt of the platform")
    return dict(receipt)


def verify(receipt: Mapping[str, Any], document_sha256: str, public_pem: str | None) -> Verdict:
    """Whether the receipt is of the document, unchanged, and, where a public key is at hand, the platform's own.

    Raises `NotAReceipt` where `public_pem` is no key, or none was given and the receipt carries none.
    """
    given = None if public_pem is None else _public(public_pem)
    if "public_key" not in receipt:
        return _of_before(receipt, document_sha256, public_pem)
    try:
        named = _public(receipt["public_key"])
    except NotAReceipt:
        return Verdict(receipt["submission_id"] == document_sha256, False, None if given is None else False, False)
    return Verdict(
        is_the_file=receipt["submission_id"] == document_sha256,
        is_unchanged=_is_signed(receipt, named),
        is_genuine=None if given is None else _is_signed(receipt, given),
        other_key=given is not None and given.public_bytes_raw() != named.public_bytes_raw(),
    )


def _of_before(receipt: Mapping[str, Any], document_sha256: str, public_pem: str | None) -> Verdict:
    """The verdict on a receipt from before they carried their public key, and only named its fingerprint."""
    if public_pem is None:
        raise NotAReceipt(
            "較早開立的收據不含公鑰，請以 --public-key 指定 a receipt issued earlier carries no public key: give the "
            f"platform's ({receipt['key']}) with --public-key"
        )
    other = fingerprint(public_pem) != receipt["key"]
    genuine = _is_signed(receipt, _public(public_pem))
    return Verdict(receipt["submission_id"] == document_sha256, genuine or other, genuine, other)


def is_signed_under(said: Mapping[str, Any], public_pem: str) -> bool:
    """Whether a signed statement holds under that key.  Raises `NotAReceipt` where it is no key."""
    return isinstance(said.get("signature"), str) and _is_signed(said, _public(public_pem))


def canonical(receipt: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: the receipt without its signature."""
    rest = {name: value for name, value in receipt.items() if name != "signature"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _is_signed(receipt: Mapping[str, Any], key: Ed25519PublicKey) -> bool:
    try:
        key.verify(base64.b64decode(receipt["signature"], validate=True), canonical(receipt))
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(pem: str) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise NotAReceipt("收據私鑰檔不是 Ed25519 私鑰 the receipts' key file holds no Ed25519 private key")
    return key


def _public(pem: str) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise NotAReceipt("公鑰檔不是 Ed25519 公鑰（PEM） the file holds no Ed25519 public key (PEM)")
    return key
