"""What an installation says of its notices: by which ways they go, when people are reminded, whom to call."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from warehouse.ledger.outbox import MAIL, WEBHOOK
from warehouse.redaction import split_address

#: Scheme of an SMTP address → its usual port.
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed in; `scheme` is one of `PORTS`, `trusted` a file of certificates to trust."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    trusted: Path | None = None

    @classmethod
    def at(cls, url: str, trusted: Path | None = None) -> "SmtpServer":
        """Read `smtp+starttls://user:password@host:587`; ValueError, which does not repeat it, where it is none."""
        parts = split_address(url)
        if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/"):
            raise ValueError(
                "應為 smtp://主機、smtp+starttls:// 或 smtps:// must be like smtp+starttls://user:password@host:587"
            )
        user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
        return cls(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme], user, password, trusted)


@dataclass(frozen=True)
class NoticeConfig:
    """`sender` is the mails' From, `contacts` the file of addresses, `helpline` whom to call.

    `due_soon`, `overdue`: days before and after the last day on which agencies are reminded; `digests`: days from the
    last day (negative: before it) on which supervising authorities get theirs; all from 8:00.  What happened longer
    than `window_days` ago is not told any more.
    """

    smtp: SmtpServer | None = None
    sender: str | None = None
    reply_to: str | None = None
    contacts: Path = Path("contacts.csv")
    templates: Path = Path("notice_templates")
    webhook_url: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)
    helpline: str = ""
    due_soon: tuple[int, ...] = (7, 1)
    overdue: tuple[int, ...] = (1, 7, 14)
    digests: tuple[int, ...] = (-3, 1, 7)
    window_days: int = 7

    @property
    def transports(self) -> tuple[str, ...]:
        """The ways that are set up."""
        ways = {MAIL: self.smtp is not None and self.sender is not None, WEBHOOK: self.webhook_url is not None}
        return tuple(way for way, usable in ways.items() if usable)
