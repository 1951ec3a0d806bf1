"""Settings of the notices: `ATTENDANCE_NOTICES__…` in the environment, or `[notices]` in the TOML file."""

from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from assets.notices.config import NoticeConfig, SmtpServer
from assets.notices.signing import secret_bytes
from warehouse.redaction import split_address
from warehouse.secret_types import Secret, SecretAddress

_DEFAULT = NoticeConfig()


def _smtp_url(value: object) -> object:
    """Scheme, host and perhaps user and password; the error does not repeat them."""
    SmtpServer.at(str(value))
    return value


def _mailbox(value: object) -> object:
    """`name <address>` or an address."""
    _, address = parseaddr(str(value))
    user, at, domain = address.rpartition("@")
    if not (user and at and domain) or any(ord(character) < ord(" ") for character in str(value)):
        raise ValueError("應為電子郵件地址 must be an address, or like 差勤資料彙整平臺 <noreply@example.gov.tw>")
    return value


def _webhook_url(value: object) -> object:
    """An address without user and password; the error does not repeat it."""
    parts = split_address(str(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise ValueError("應為 https://主機/路徑 must be like https://host/path, without user and password")
    return value


def _webhook_secret(value: object) -> object:
    """As Standard Webhooks write it; the error does not repeat it."""
    secret_bytes(str(value))
    return value


class NoticeSettings(BaseModel):
    """How people are told; mail needs `smtp_url` and `sender`, a webhook `webhook_url` and `webhook_secret`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    smtp_url: Annotated[SecretAddress, BeforeValidator(_smtp_url)] | None = Field(
        default=None,
        description="郵件伺服器 where mail is handed in: smtp+starttls://user:password@host:587, smtps:// or smtp://",
    )
    smtp_ca_file: Path | None = Field(
        default=None, description="郵件伺服器憑證簽發者 file of the certificates to trust for it"
    )
    sender: Annotated[str, BeforeValidator(_mailbox)] | None = Field(
        default=None, description="寄件者 the mails' From: 差勤資料彙整平臺 <noreply@example.gov.tw>"
    )
    reply_to: Annotated[str, BeforeValidator(_mailbox)] | None = Field(
        default=None, description="回信地址 where answers go, if not to the sender"
    )
    contacts_file: Path = Field(
        default=_DEFAULT.contacts, description="聯絡信箱檔 CSV agency_code,role,address; in the home folder"
    )
    templates: Path = Field(
        default=_DEFAULT.templates, description="自訂範本資料夾 own templates, instead of the shipped ones of that name"
    )
    helpline: str = Field(default="", description="洽詢窗口 whom to call, as every notice ends with")
    webhook_url: Annotated[str, BeforeValidator(_webhook_url)] | None = Field(
        default=None, description="通知介接網址 where notices are posted, signed"
    )
    webhook_secret: Annotated[Secret, BeforeValidator(_webhook_secret)] | None = Field(
        default=None, description="通知介接密鑰 whsec_ and base64; what the receiver verifies the signature with"
    )
    due_soon_days: tuple[Annotated[int, Field(ge=0, le=60)], ...] = Field(
        default=_DEFAULT.due_soon, description="期限前幾日提醒 days before the last day on which agencies are reminded"
    )
    overdue_days: tuple[Annotated[int, Field(ge=1, le=366)], ...] = Field(
        default=_DEFAULT.overdue, description="逾期幾日催報 days after the last day on which they are reminded"
    )
    digest_days: tuple[Annotated[int, Field(ge=-60, le=366)], ...] = Field(
        default=_DEFAULT.digests,
        description="主管機關摘要日 days from the last day, negative before it, of the authorities' digests",
    )
    window_days: int = Field(
        default=_DEFAULT.window_days, ge=1, le=60, description="通知時效 what is older by days is not told any more"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Mail needs a sender, a webhook a secret."""
        for one, other in (("smtp_url", "sender"), ("webhook_url", "webhook_secret")):
            if getattr(self, one) is not None and getattr(self, other) is None:
                raise ValueError(f"設定 {one} 時須同時設定 {other} {one} needs {other} too")
        return self

    def config(self, root: Path) -> NoticeConfig:
        """What the stages are told; files that are not absolute are below `root`."""
        trusted = self.smtp_ca_file.expanduser() if self.smtp_ca_file else None
        return NoticeConfig(
            smtp=SmtpServer.at(self.smtp_url.get_secret_value(), trusted) if self.smtp_url else None,
            sender=self.sender,
            reply_to=self.reply_to,
            contacts=root / self.contacts_file.expanduser(),
            templates=root / self.templates.expanduser(),
            webhook_url=self.webhook_url,
            webhook_secret=self.webhook_secret.get_secret_value() if self.webhook_secret else None,
            helpline=self.helpline,
            due_soon=self.due_soon_days,
            overdue=self.overdue_days,
            digests=self.digest_days,
            window_days=self.window_days,
        )
