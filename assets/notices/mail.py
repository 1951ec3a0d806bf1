"""Mail by SMTP, one message at a time over one connection, with the moment of giving it away told apart.

A mail server takes a message when the line with the single dot has reached it, and not before.  So everything is sent
but that line, the outbox is told, and then the line.  What dies before was surely not sent; what dies after, or hears
no answer, is uncertain; the time between is that of one write to the ledger and one answer.
"""

import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from assets.notices.config import SmtpServer
from assets.notices.delivery import Down, HandOver, Later, Never, NotOurs, Parcel, Unclear

_SECONDS = 60.0
_TRIES = 3
_ENHANCED = re.compile(rb"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
_LINE_START_DOT = re.compile(rb"(?m)^\.")
_READY, _DONE, _PERMANENT = 354, 250, 500


def compose(parcel: Parcel, sender: str, reply_to: str | None) -> EmailMessage:
    """The mail: its Message-ID is the notice's, so that whoever gets it twice can tell."""
    name, address = parseaddr(sender)
    user, _, domain = address.rpartition("@")
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = Address(name, user, domain)
    mail["To"] = [Address(addr_spec=one) for one in parcel.addresses]
    if reply_to:
        mail["Reply-To"] = reply_to
    mail["Subject"] = parcel.message.subject
    mail["Date"] = format_datetime(parcel.at)
    mail["Message-ID"] = f"<{parcel.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Attendance-Notice"] = f"{parcel.facts.kind}; {parcel.facts.agency_code}; {parcel.facts.month}"
    mail.set_content(parcel.message.text, cte="base64")
    mail.add_alternative(parcel.message.html, subtype="html", cte="base64")
    if parcel.message.attachment:
        file, data = parcel.message.attachment
        mail.add_attachment(data, maintype="text", subtype="csv", filename=file, params={"charset": "utf-8"})
    return mail


class MailCourier:
    """A connection to the mail server, made at the first message and again where it broke."""

    def __init__(self, server: SmtpServer, sender: str, reply_to: str | None) -> None:
        self._server, self._sender, self._reply_to = server, sender, reply_to
        self._client: smtplib.SMTP | None = None

    def deliver(self, parcel: Parcel, hand_over: HandOver) -> dict[str, str]:
        """Send it to all its addresses; gives those that were refused for good, with the code, where others were not.

        Raises `Later`, `Down`, `Never`, `Unclear`, `NotOurs`.
        """
        client = self._client = self._client or self._connected()
        mail = compose(parcel, self._sender, self._reply_to)
        with self._broken_is(Later):
            bad = self._envelope(client, parcel)
            self._expect(client.docmd("DATA"), _READY)
            client.send(_dotted(mail.as_bytes()))
        if not hand_over():
            self._drop()
            raise NotOurs(parcel.id)
        with self._broken_is(Unclear):
            client.send(b".\r\n")
            code, said = client.getreply()
        if code == -1:
            self._drop()
            raise Unclear("connection closed before the answer")
        self._expect((code, said), _DONE)
        return bad

    def close(self) -> None:
        """End the connection politely."""
        if self._client is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._client.quit()
            self._drop()

    def _envelope(self, client: smtplib.SMTP, parcel: Parcel) -> dict[str, str]:
        """Sender and addresses; raises `Never` where none is good, `Later` where one cannot be said yet."""
        self._expect(client.mail(parseaddr(self._sender)[1]), _DONE)
        bad: dict[str, str] = {}
        for address in parcel.addresses:
            code, said = client.rcpt(address)
            if code >= _PERMANENT:
                bad[address] = _code(code, said)
            elif code not in (_DONE, _DONE + 1):
                self._reset()
                raise Later(_code(code, said))
        if len(bad) == len(parcel.addresses):
            self._reset()
            raise Never(next(iter(bad.values())), bad)
        return bad

    def _expect(self, reply: tuple[int, bytes], wanted: int) -> None:
        code, said = reply
        if code == wanted:
            return
        self._reset()
        if code >= _PERMANENT:
            raise Never(_code(code, said))
        raise Later(_code(code, said))

    def _connected(self) -> smtplib.SMTP:
        retrying = Retrying(
            retry=retry_if_exception_type((OSError, smtplib.SMTPServerDisconnected)),
            stop=stop_after_attempt(_TRIES),
            wait=wait_exponential(0.2, max=5),
            reraise=True,
        )
        try:
            return retrying(self._connect)
        except smtplib.SMTPAuthenticationError as error:
            raise Down(f"not let in: {error.smtp_code}") from None
        except smtplib.SMTPResponseException as error:
            raise Down(_code(error.smtp_code, error.smtp_error)) from None
        except ssl.SSLError as error:
            raise Down(f"TLS: {error.reason}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise Down(f"no answer: {_reason(error)}") from None

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        trusted = ssl.create_default_context(cafile=str(server.trusted) if server.trusted else None)
        client: smtplib.SMTP
        if server.scheme == "smtps":
            client = smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=trusted)
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
        try:
            client.ehlo_or_helo_if_needed()
            if server.scheme == "smtp+starttls":
                client.starttls(context=trusted)
                client.ehlo()
            if server.user is not None:
                client.login(server.user, server.password or "")
        except BaseException:
            client.close()
            raise
        return client

    @contextlib.contextmanager
    def _broken_is(self, kind: Callable[[str], Exception]) -> Iterator[None]:
        """Where the connection breaks, drop it and say what that means here."""
        try:
            yield
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self._drop()
            raise kind(f"connection broke: {_reason(error)}") from None

    def _reset(self) -> None:
        """Have the server forget the message; where it does not, the connection is of no use any more."""
        try:
            if self._client is None or self._client.rset()[0] != _DONE:
                self._drop()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _dotted(data: bytes) -> bytes:
    """The message as DATA wants it, without its last line: dots at line starts doubled, a line end at its end."""
    doubled = _LINE_START_DOT.sub(b"..", data)
    return doubled if doubled.endswith(b"\r\n") else doubled + b"\r\n"


def _code(code: int, said: bytes | str) -> str:
    """What the server answered, without its words: they may repeat an address."""
    enhanced = _ENHANCED.match(said.encode("ascii", "replace") if isinstance(said, str) else said)
    return f"{code} {enhanced[1].decode()}" if enhanced else str(code)


def _reason(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "no such host"
    return error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
