"""Mail over TLS with a password, to a server whose certificate is asked for; and bytes that SMTP must not mistake."""

import socket
import ssl
from datetime import datetime

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from assets.notices.config import NoticeConfig, SmtpServer
from assets.notices.delivery import Down, Parcel
from assets.notices.mail import MailCourier
from assets.notices.words import Message
from tests.assets.notices.test_words import FACTS
from tests.support.mail_server import MailServer
from tests.support.noticed import SENDER
from warehouse.deadlines import TAIPEI

TEXT = ".\r\n..first\r\n" + "長" * 2000 + "\r\n."


def parcel(number: int = 1) -> Parcel:
    at = datetime(2021, 7, 5, 9, tzinfo=TAIPEI)
    message = Message("主旨 subject", TEXT, "<p>.</p>")
    return Parcel(f"{number:032}", at, FACTS, message, ("hr@first.example",))


def deliver(server: SmtpServer, *parcels: Parcel) -> None:
    courier = MailCourier(server, SENDER, None)
    try:
        for one in parcels:
            assert courier.deliver(one, lambda: True) == {}
    finally:
        courier.close()


def test_what_is_written_arrives_as_it_is(mail_server):
    deliver(SmtpServer.at(mail_server.url), parcel())
    (mail,) = mail_server.taken
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n").strip() == TEXT.replace("\r\n", "\n").strip()
    assert (mail["Subject"], mail["Message-ID"]) == ("主旨 subject", f"<{1:032}@attendance.example>")


class Secured(MailServer):
    """Takes mail after STARTTLS and a password."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self._controller = Controller(
            self,
            hostname="localhost",
            port=self._free_port(),
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=self._authenticate,
        )

    @staticmethod
    def _free_port() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    @staticmethod
    def _authenticate(_server, _session, _envelope, _mechanism, said: LoginPassword) -> AuthResult:
        right = (said.login, said.password) == (b"clerk", b"p@ss/word")
        return AuthResult(success=right, handled=False)  # not handled: aiosmtpd answers, 235 or 535


@pytest.fixture
def secured(tmp_path):
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    server = Secured(context)
    server.start()
    yield server, trusted
    server.stop()


def test_over_tls_with_a_password(secured):
    server, trusted = secured
    port = server._controller.port
    deliver(SmtpServer.at(f"smtp+starttls://clerk:p%40ss%2Fword@localhost:{port}", trusted), parcel(1), parcel(2))
    assert len(server.taken) == 2
    with pytest.raises(Down, match="not let in: 535"):
        deliver(SmtpServer.at(f"smtp+starttls://clerk:wrong@localhost:{port}", trusted), parcel(3))
    with pytest.raises(Down, match="TLS"):
        deliver(SmtpServer.at(f"smtp+starttls://clerk:p%40ss%2Fword@localhost:{port}"), parcel(4))
    assert len(server.taken) == 2


def test_an_address_without_a_way_is_no_way():
    assert NoticeConfig().transports == ()
    for url in ("http://mail.example", "smtp://", "smtp://mail.example/path"):
        with pytest.raises(ValueError, match="smtp"):
            SmtpServer.at(url)
