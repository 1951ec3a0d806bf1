"""Settings of one installation: environment variables `ATTENDANCE_*`, or one TOML file; read here and nowhere else.

An environment variable counts more than the file, the file more than the default.  The file is the one that
`ATTENDANCE_SETTINGS` names, otherwise `settings.toml` in the home folder where there is one.  Nothing is read when
this module is imported.  Where agencies' systems are reached is not here but in `sources.toml`.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from checks.limits import Limits
from pipelines.settings_limits import LimitSettings
from pipelines.settings_log import LogSettings
from pipelines.settings_notices import NoticeSettings
from pipelines.settings_portal import PortalSettings
from pipelines.settings_rules import RowsSwitchedOn
from warehouse.files import ObjectStore, bucket_and_prefix
from warehouse.home import Home
from warehouse.redaction import split_address, without_secrets
from warehouse.secret_types import Secret, SecretAddress

PREFIX = "ATTENDANCE_"
FILE_VARIABLE = "ATTENDANCE_SETTINGS"
FILE_NAME = "settings.toml"

#: The first month that Dagster's partitions have; assets/partitions.py is built on it.
FIRST_MONTH = Limits().collection_began


class SettingsError(ValueError):
    """Settings that cannot be used: one line that names the setting and what to do, never a secret."""


def _month(value: object) -> object:
    """A month `YYYY-MM` that is a partition of ours."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value, re.ASCII):
        raise ValueError("應為 YYYY-MM must be a month YYYY-MM")
    if value < FIRST_MONTH:
        raise ValueError(f"最早為 {FIRST_MONTH} cannot be before {FIRST_MONTH}")
    return value


def _database_url(value: object) -> object:
    """An SQLAlchemy URL; the error does not repeat it."""
    try:
        make_url(str(value))
    except (ArgumentError, ValueError):
        raise ValueError("應為資料庫網址 must be like postgresql+psycopg://user:password@host/database") from None
    return value


def _dagster_url(value: object) -> object:
    """A PostgreSQL URL with the one driver that Dagster's storage works with (psycopg 3 fails at its NOTIFY)."""
    _database_url(value)
    if make_url(str(value)).drivername != "postgresql+psycopg2":
        raise ValueError("應為 postgresql+psycopg2 網址 must be like postgresql+psycopg2://user:password@host/database")
    return value


def _person_key(value: object) -> object:
    """32 bytes as hexadecimal digits; the error does not repeat them."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", value.strip(), re.ASCII):
        raise ValueError("應為 64 個十六進位數字 must be 64 hexadecimal digits (32 bytes)")
    return value.strip()


def _landing_keys(value: object) -> object:
    """Pairs of id and key; the error does not repeat them."""
    if not isinstance(value, str) or not re.fullmatch(
        r"[0-9a-f]{8}:[0-9a-fA-F]{64}(,\s*[0-9a-f]{8}:[0-9a-fA-F]{64})*", value.strip(), re.ASCII
    ):
        raise ValueError("應為 id:密鑰 must be pairs of 8 hexadecimal digits, a colon and 64 hexadecimal digits")
    return value


def _objects_url(value: object) -> object:
    """Bucket and prefix; credentials are not in it."""
    bucket_and_prefix(str(value))
    return value


def _endpoint(value: object) -> object:
    """An address without user and password; the error does not repeat it."""
    parts = split_address(str(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise ValueError(
            "應為 https://主機 must be like https://host; credentials belong in AWS_ACCESS_KEY_ID and its secret"
        )
    return value


DatabaseUrl = Annotated[SecretAddress, BeforeValidator(_database_url)]


class Settings(BaseSettings):
    """Every setting; paths that are not absolute are taken from the current folder (`home`) or from `home` (others)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, extra="forbid", frozen=True
    )

    home: Path = Field(default=Path("data"), description="一切資料所在資料夾 the folder where everything is kept")
    group_reads: bool = Field(
        default=False,
        description="群組可讀已發布資料 the home folder's group may read warehouse.duckdb and what it shows",
    )
    ledger_url: DatabaseUrl | None = Field(
        default=None, description="報送帳冊資料庫 the ledger's database; default: SQLite in the home folder"
    )
    dagster_url: Annotated[SecretAddress, BeforeValidator(_dagster_url)] | None = Field(
        default=None,
        description="Dagster 資料庫 PostgreSQL for Dagster's own records; default: SQLite in the home folder",
    )
    person_key: Annotated[Secret, BeforeValidator(_person_key)] | None = Field(
        default=None, description="人員代號密鑰 key of the HMAC that stands for a national ID, 64 hexadecimal digits"
    )
    person_key_file: Path = Field(
        default=Path("person.key"), description="人員代號密鑰檔 the key's file; made at first use where no key is set"
    )
    landing_keys: Annotated[Secret, BeforeValidator(_landing_keys)] | None = Field(
        default=None, description="收檔區密鑰 keys of landing, id:64 digits with commas between, the active one first"
    )
    landing_keys_file: Path = Field(
        default=Path("landing.keys"), description="收檔區密鑰檔 the keys' file; made at first use where none are set"
    )
    receipt_key_file: Path = Field(
        default=Path("receipt.key"), description="收據私鑰檔 the key that signs receipts; made at first use"
    )
    collection_began: Annotated[str, BeforeValidator(_month)] = Field(
        default=FIRST_MONTH, description="開始蒐集的月份 the first month collected (F012)"
    )
    objects_url: Annotated[str, BeforeValidator(_objects_url)] | None = Field(
        default=None,
        description="物件儲存 s3://bucket/prefix for landing, store, published files; default: the home folder",
    )
    objects_endpoint: Annotated[str, BeforeValidator(_endpoint)] | None = Field(
        default=None, description="物件儲存位址 its address, where it is not Amazon's"
    )
    objects_region: str | None = Field(default=None, description="物件儲存區域 its region")
    objects_ca_file: Path | None = Field(
        default=None, description="物件儲存憑證簽發者 file of the certificates to trust for it"
    )
    rows_switched_on: RowsSwitchedOn = Field(
        default=(),
        description="啟用之上限列 rows of overtime limits and leave quotas to switch on that are shipped off",
    )
    limits: LimitSettings = LimitSettings()
    log: LogSettings = LogSettings()
    notices: NoticeSettings = NoticeSettings()
    portal: PortalSettings = PortalSettings()
    inbox: SecretAddress = Field(
        default=SecretAddress("inbox"),
        description="收件匣 folder or fsspec URL from which the manual channel takes files",
    )

    pull_failed_share: float = Field(
        default=0.2,
        ge=0,
        lt=1,
        description="收件失敗上限 share of a channel's agencies that may fail before the channel counts as down",
    )
    pull_minutes: float = Field(default=300.0, gt=0, description="收件時限 minutes that a whole pull may take")
    entry_workers: int | None = Field(
        default=None, ge=1, description="檢核程序數 processes that check a large month at once; default: one a core"
    )
    concurrent_runs: int = Field(default=4, ge=1, description="同時執行數 Dagster runs at once; the others wait")
    publish_grace_hours: float = Field(
        default=24.0, ge=0, description="舊檔保留時數 hours for which readers may keep a replaced warehouse open"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 — no .env file is read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 — secrets have settings of their own
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the TOML file."""
        arguments = init_settings()
        file = _settings_file(arguments.get("home"))
        toml = [TomlConfigSettingsSource(settings_cls, file)] if file else []
        return (init_settings, env_settings, *toml)

    @property
    def place(self) -> Home:
        """Where everything lies."""
        ledger = self.ledger_url.get_secret_value() if self.ledger_url else ""
        return Home(self.home, ledger, self._objects, self.group_reads)

    @property
    def _objects(self) -> ObjectStore | None:
        if self.objects_url is None:
            return None
        trusted = str(self.objects_ca_file.expanduser()) if self.objects_ca_file else None
        return ObjectStore(self.objects_url, self.objects_endpoint, self.objects_region, trusted)

    @property
    def check_limits(self) -> Limits:
        """What the format check is told."""
        return Limits(**self.limits.model_dump(), collection_began=self.collection_began)

    @property
    def first_month(self) -> str | None:
        """The first month that agencies owe; None unless it was set: the first in which anything was entered."""
        return self.collection_began if "collection_began" in self.model_fields_set else None

    @property
    def grace(self) -> timedelta:
        """How long the files of a replaced warehouse are kept."""
        return timedelta(hours=self.publish_grace_hours)

    @property
    def inbox_url(self) -> str:
        """The inbox, as an absolute path or as the URL that it is."""
        inbox = self.inbox.get_secret_value()
        return inbox if "://" in inbox else str(self.place.root / inbox)


@dataclass(frozen=True)
class SettingRow:
    """One line of `attendance settings`; `origin` is environment, file, default, or argument."""

    name: str
    value: str
    origin: str
    description: str


def load_settings(home: Path | None = None) -> Settings:
    """Read the settings, of the installation at `home` where given; raises `SettingsError`."""
    try:
        return Settings() if home is None else Settings(home=home)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        name = ".".join(str(part) for part in faults[0]["loc"])
        more = f" (共 {len(faults)} 處 {len(faults)} faults)" if len(faults) > 1 else ""
        said = without_secrets(faults[0]["msg"].removeprefix("Value error, "))
        raise SettingsError(f"設定 setting {name}: {said}{more}") from None
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at .*\)", str(error))  # the rest may quote a secret
        raise SettingsError(f"{_settings_file(home)}: 不是 TOML not TOML {at.group() if at else ''}".strip()) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{_settings_file(home)}: 無法讀取 cannot be read ({type(error).__name__})") from None
    except ValueError as error:  # pydantic-settings: a variable that should hold JSON
        raise SettingsError(f"設定 settings: {error}") from None


def settings_table(settings: Settings) -> list[SettingRow]:
    """Every setting with where it comes from; a secret says only that it is set, an address hides its account."""
    in_file = _names_in_file(settings.home)
    return [
        SettingRow(name, _shown(name, value, settings), _origin(name, in_file, settings), description)
        for name, value, description in _flat(settings)
    ]


def _settings_file(home: object) -> Path | None:
    """The TOML file to read: the one named by the environment must be there, the one in the home folder need not."""
    if named := os.environ.get(FILE_VARIABLE):
        if not Path(named).is_file():
            raise SettingsError(f"{FILE_VARIABLE}: 沒有這個檔案 there is no file {named}")
        return Path(named)
    folder = Path(str(home or os.environ.get(f"{PREFIX}HOME") or Settings.model_fields["home"].default)).expanduser()
    return folder / FILE_NAME if (folder / FILE_NAME).is_file() else None


def _names_in_file(home: Path) -> set[str]:
    file = _settings_file(home)
    return {name for name, _ in _leaves(tomllib.loads(file.read_text(encoding="utf-8")))} if file else set()


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _flat(settings: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Name (`limits.max_bytes`), value and description of every setting."""
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value, field.description or ""


def _shown(name: str, value: Any, settings: Settings) -> str:
    if name == "ledger_url" and value is None:
        value = settings.place.ledger_url
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    return "" if value is None else without_secrets(str(value))


def _origin(name: str, in_file: set[str], settings: Settings) -> str:
    variable = PREFIX + name.replace(".", "__").upper()
    if os.environ.get(variable):
        same = name != "home" or Path(os.environ[variable]) == settings.home
        return "environment" if same else "argument"
    if name in in_file:
        return "file"
    is_argument = name == "home" and settings.home != Settings.model_fields["home"].default
    return "argument" if is_argument else "default"
