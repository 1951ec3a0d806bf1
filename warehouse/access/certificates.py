"""An agency's certificate (機關憑證) as its subject says whose it is: read, brought to one spelling, made an account.

Proxies write the same subject differently: nginx escapes what is not ASCII byte by byte, others do not.
"""

from dataclasses import dataclass
from hashlib import sha256

from cryptography import x509
from cryptography.x509.oid import NameOID

from warehouse.ledger.access import NAME_LENGTH

#: What the account of a certificate begins with; 40 digits of its subject's SHA-256 follow.
CERTIFICATE = "certificate:"

#: OpenSSL's names for what RFC 4514 has none for.
_ALSO = {
    "serialNumber": NameOID.SERIAL_NUMBER,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "GN": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME,
    "title": NameOID.TITLE,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
}
#: What a certificate's holder is called by, the first that it has.
_CALLED_BY = (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME)


class NoSubject(ValueError):  # noqa: N818 — says what it is
    """The text is no subject; the message says how one is written."""

    def __init__(self) -> None:
        super().__init__(
            "憑證主體應依 RFC 4514，如 CN=青川縣政府,C=TW the certificate's subject is written like "
            "CN=…,OU=…,C=TW (RFC 4514), not /C=TW/…"
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject in its one spelling, and what its holder is called: CN, or the nearest OU, or O."""

    text: str
    holder: str

    @property
    def account(self) -> str:
        """The certificate's account: a hash, as a subject is no plain ASCII."""
        return CERTIFICATE + sha256(self.text.encode()).hexdigest()[:40]


def subject_of(text: str) -> Subject:
    """Read a subject (RFC 4514, or RFC 2253 as OpenSSL writes it); raises `NoSubject`."""
    try:
        name = x509.Name.from_rfc4514_string(text.strip(), _ALSO)
    except (ValueError, UnicodeDecodeError):
        raise NoSubject from None
    # The string has the most specific first, the certificate last.
    called = [str(one.value) for oid in _CALLED_BY for one in reversed(name.get_attributes_for_oid(oid))]
    if not called:
        raise NoSubject
    return Subject(name.rfc4514_string(), called[0][:NAME_LENGTH])
