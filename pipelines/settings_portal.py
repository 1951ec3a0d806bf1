"""Settings of the portal: `ATTENDANCE_PORTAL__…` in the environment, or `[portal]` in the TOML file."""

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from warehouse.access.sessions import Lifetime
from warehouse.redaction import split_address
from warehouse.secret_types import Secret, SecretAddress

KIB, MIB = 1 << 10, 1 << 20
_LOCAL = ("127.0.0.1", "localhost", "::1")


def _address(value: object) -> object:
    """An address without user, password, query; plain HTTP only on the machine itself."""
    parts = split_address(str(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise ValueError("應為 https://主機 must be like https://host")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise ValueError("非本機位址須用 https only this machine's own address may be http")
    return str(value).rstrip("/")


def _sign_in_key(value: object) -> object:
    """32 bytes as hexadecimal digits; the error does not repeat them."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", value.strip(), re.ASCII):
        raise ValueError("應為 64 個十六進位數字 must be 64 hexadecimal digits (32 bytes)")
    return value.strip()


def _redis_url(value: object) -> object:
    """An address of Redis; the error does not repeat it, as that of whoever connects does."""
    parts = split_address(str(value))
    if not parts.scheme.startswith("redis") or not parts.hostname:
        raise ValueError("應為 redis://主機 must be like redis://:password@host:6379/0")
    return value


Address = Annotated[str, BeforeValidator(_address)]


class PortalSettings(BaseModel):
    """Where the portal is, who signs people in, which proxies are believed, and how much anybody may take of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Address = Field(
        default="http://127.0.0.1:8300", description="入口網對外位址 the portal's own address, as browsers have it"
    )
    oidc_issuer: Address | None = Field(
        default=None, description="單一簽入 OpenID Connect issuer (eCPA); without one nobody can sign in"
    )
    oidc_client_id: str | None = Field(default=None, description="單一簽入用戶端代號 the client's id there")
    oidc_client_secret: Secret | None = Field(default=None, description="單一簽入用戶端密碼 the client's secret there")
    oidc_ca_file: Path | None = Field(
        default=None, description="單一簽入憑證簽發者 file of the certificates to trust for it"
    )
    oidc_account_claim: str = Field(default="sub", description="帳號欄位 the claim that is the account; a pseudonym")
    oidc_name_claim: str = Field(default="name", description="姓名欄位 the claim that is the person's name")
    sign_in_key: Annotated[Secret, BeforeValidator(_sign_in_key)] | None = Field(
        default=None, description="登入金鑰 key that signs what a browser keeps while signing in, 64 hexadecimal digits"
    )
    sign_in_key_file: Path = Field(
        default=Path("sign-in.key"), description="登入金鑰檔 the key's file; made at first use where no key is set"
    )
    proxies: str = Field(
        default="",
        description="代理伺服器 addresses or networks of the proxies, with commas between; only these are believed",
    )
    certificate_header: str = Field(
        default="X-Agency-Certificate",
        description="機關憑證標頭 the header in which a proxy passes a verified certificate's subject (RFC 4514)",
    )
    idle_minutes: int = Field(default=30, ge=1, le=720, description="閒置登出分鐘 minutes until an idle session ends")
    session_hours: int = Field(default=12, ge=1, le=24, description="連線時數 hours until any session ends")
    requests_a_minute: int = Field(
        default=600, ge=1, description="每分鐘請求數 requests a minute of one token, or of one address that has none"
    )
    redis_url: Annotated[SecretAddress, BeforeValidator(_redis_url)] | None = Field(
        default=None, description="請求計數 redis://host that counts requests, where several portals share the limit"
    )
    anonymous_bytes_a_minute: int = Field(
        default=4 * MIB,
        ge=64 * KIB,
        description="未登入檢核量 bytes that one address may have checked in a minute without signing in",
    )
    anonymous_bytes_in_transit: int = Field(
        default=64 * MIB,
        ge=64 * KIB,
        description="未登入傳輸量 bytes at a time of all who are not signed in",
    )
    bytes_in_transit: int = Field(
        default=512 * MIB,
        ge=MIB,
        description="傳輸量 bytes of documents at a time, from arrival to answer; one account or token has half of it",
    )
    body_seconds: float = Field(
        default=20.0, gt=0, description="內容逾時秒數 seconds that a body may pause, and in which it must be under way"
    )
    body_bytes_a_second: int = Field(
        default=8 * KIB, ge=1, description="最低傳輸速率 bytes a second that a body must come with after that"
    )
    head_seconds: float = Field(
        default=10.0, gt=0, description="標頭逾時秒數 seconds in which a request's line and headers must be here"
    )
    unread_seconds: float = Field(
        default=60.0, gt=0, description="未讀取逾時秒數 seconds for which an answer may wait for who does not read it"
    )
    connections: int = Field(default=1000, ge=1, description="連線數 connections at a time")
    connections_an_address: int = Field(
        default=100, ge=1, description="每位址連線數 connections at a time of one address that is no believed proxy"
    )
    slow_reads: int = Field(
        default=32, ge=1, description="費時查詢數 slow reads (a past, a file, a comparison) that may wait, of all"
    )
    slow_reads_an_account: int = Field(
        default=3, ge=1, description="每帳號費時查詢數 slow reads that may wait or be under way of one account"
    )

    @field_validator("proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for one in _listed(value):
            try:
                ip_network(one)
            except ValueError:
                raise ValueError(f"應為位址或網段 must be addresses or networks like 10.0.0.0/8: {one!r}") from None
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """A provider needs a client."""
        if self.oidc_issuer is not None and (self.oidc_client_id is None or self.oidc_client_secret is None):
            raise ValueError(
                "設定 oidc_issuer 時須同時設定 oidc_client_id 及 oidc_client_secret oidc_issuer needs both of them too"
            )
        return self

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The proxies that are believed."""
        return tuple(ip_network(one) for one in _listed(self.proxies))

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self.url.startswith("https:")

    @property
    def lifetime(self) -> Lifetime:
        """How long sessions last."""
        return Lifetime(timedelta(minutes=self.idle_minutes), timedelta(hours=self.session_hours))


def _listed(value: str) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()]
