"""A real SMTP server on loopback (aiosmtpd, in a thread of its own), which keeps what it took and can misbehave.

Addresses say how they are answered: `nobody@` is refused for good, `busy@` for now.
"""

import asyncio
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class _Port(Controller):
    """A controller whose port is any free one."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    """`taken` are the messages that it said 250 to, or was about to; `url` is where it listens.

    `on_message` is called with the number of messages taken so far, before a message is answered; what it returns is
    the answer (None: 250), and b"" closes the connection without one.  `on_recipient` likewise, for each RCPT.
    """

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.connections = 0
        self.on_message: Callable[[int], str | None] = lambda _number: None
        self.on_recipient: Callable[[], None] = lambda: None
        self._controller = _Port(self, hostname="127.0.0.1", port=0)

    @property
    def url(self) -> str:
        host, port = self._controller.server.sockets[0].getsockname()[:2]
        return f"smtp://{host}:{port}"

    @property
    def ids(self) -> list[str]:
        return [message["Message-ID"] for message in self.taken]

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        await asyncio.get_running_loop().run_in_executor(None, self.on_recipient)
        if address.startswith("nobody@"):
            return f"550 5.1.1 <{address}> no such mailbox"
        if address.startswith("busy@"):
            return "450 4.2.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content, policy=default)
        self.taken.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        answer = await asyncio.get_running_loop().run_in_executor(None, self.on_message, len(self.taken))
        if answer == "":
            server.transport.close()
        if answer is not None and not answer.startswith("2"):
            self.taken.remove(message)
            self.recipients.pop()
        return answer or "250 taken"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()
