"""The WebHR channel: submission documents composed from the P2K tables of a subsystem's database.

Connecting, and one delivery for each agency; what the tables mean is in `p2k/`, which columns are read and what becomes
of whatever cannot be read in docs/channels.md.  Nothing is ever written to a subsystem's database.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from assets.channels.bounded import OutOfTimeError, within
from assets.channels.config import ChannelSettings, SecretUnavailable, exactly_one, read_secret
from assets.channels.p2k.compose import NobodyThere, compose, read_roster
from assets.channels.p2k.problems import Problems
from assets.channels.p2k.records import CodeMaps, RecordMaker
from assets.channels.p2k.roster import Span
from assets.channels.p2k.tables import P2kTables, TableMissing
from assets.channels.p2k.values import normal_code
from assets.channels.protocol import (
    AGENCY_PATTERN,
    Delivery,
    FetchMemory,
    Land,
    Outcome,
    PlatformUnavailable,
    Reason,
    Remembered,
    check_month,
    one_line,
    unforeseen,
)
from checks.model.masking import mask_ids_in
from checks.model.submitted import EMPLOYMENT_TYPES
from warehouse.landing import TooLarge
from warehouse.redaction import without_secrets
from warehouse.secret_types import SecretAddress

NAME = "webhr"


def _normalised(codes: dict[str, str]) -> dict[str, str]:
    """Give the map with leading zeros on its codes; refuses one that says two things of the same code."""
    normal: dict[str, str] = {}
    for code, meaning in codes.items():
        if normal.setdefault(normal_code(code), meaning) != meaning:
            raise ValueError(f"code {normal_code(code)} is mapped twice 代碼重複對照")
    return normal


def _known_employment(codes: dict[str, str]) -> dict[str, str]:
    if not set(codes.values()) <= set(EMPLOYMENT_TYPES):
        raise ValueError(f"employment types are {', '.join(EMPLOYMENT_TYPES)} 人員類別不存在")
    return codes


AgencyCode = Annotated[str, StringConstraints(pattern=f"^{AGENCY_PATTERN}$")]
LeaveType = Annotated[str, StringConstraints(pattern=r"^\d{2}$")]
LeaveTypes = Annotated[dict[str, LeaveType], AfterValidator(_normalised)]
EmploymentTypes = Annotated[dict[str, str], AfterValidator(_known_employment), AfterValidator(_normalised)]


class SubsystemSettings(ChannelSettings):
    """`[webhr.subsystems.NAME]`: a database, the agencies that it holds, and what its codes mean."""

    url: SecretAddress | None = None
    url_env: str | None = None
    url_file: Path | None = None
    agencies: tuple[AgencyCode, ...] = Field(min_length=1)
    encoding: Literal["utf-8", "cp950"] = "utf-8"
    db_schema: str | None = Field(default=None, alias="schema")
    version: str = Field(default="P2K", min_length=1, max_length=40)
    confirmed: frozenset[str] = frozenset({"已簽核", "審核完成"})
    leave_types: LeaveTypes
    trip_types: LeaveTypes = Field(default_factory=dict)
    default_trip_type: LeaveType = "05"
    employment_types: EmploymentTypes = Field(default_factory=dict)
    year_kinds: EmploymentTypes = Field(default_factory=dict)
    default_employment_type: Literal["civil_servant", "teacher", "contract", "other"] = "other"

    @model_validator(mode="after")
    def _one_url(self) -> "SubsystemSettings":
        exactly_one(("url", "url_env", "url_file"), self.url, self.url_env, self.url_file)
        return self

    def maps(self) -> CodeMaps:
        """Give what the codes mean."""
        return CodeMaps(
            leave_types=self.leave_types,
            trip_types=self.trip_types,
            default_trip_type=self.default_trip_type,
            employment_types=self.employment_types,
            year_kinds=self.year_kinds,
            default_employment_type=self.default_employment_type,
            confirmed=self.confirmed,
        )


class WebHrSettings(ChannelSettings):
    """`[webhr]`: the subsystems; seconds to connect, for one query, for all of one subsystem; bytes of one document."""

    connect_seconds: int = Field(default=10, ge=1)
    query_seconds: int = Field(default=300, ge=1)
    subsystem_seconds: float = Field(default=3600, gt=0)
    max_bytes: int = Field(default=256 * 1024 * 1024, ge=1)
    subsystems: dict[str, SubsystemSettings] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _each_agency_once(self) -> "WebHrSettings":
        agencies = [agency for subsystem in self.subsystems.values() for agency in subsystem.agencies]
        if repeated := {agency for agency in agencies if agencies.count(agency) > 1}:
            raise ValueError(f"{min(repeated)} is in more than one place 機關重複設定")
        return self


class WebHr:
    """The channel; a database is connected only while its agencies are collected."""

    name = NAME

    def __init__(self, settings: WebHrSettings) -> None:
        self._settings = settings

    def collect(self, month: str, agencies: Sequence[str], memory: FetchMemory, land: Land) -> Iterator[Delivery]:
        """One delivery an agency, subsystem by subsystem; a subsystem that is down costs its own agencies only."""
        check_month(month)
        remembered = memory.recall(NAME, month)
        served: set[str] = set()
        for name, subsystem in self._settings.subsystems.items():
            asked = [agency for agency in agencies if agency in subsystem.agencies]
            served.update(asked)
            if asked:
                yield from _Subsystem(name, subsystem, self._settings, month, land).collect(asked, remembered)
        for agency in agencies:
            if agency not in served:
                reason = Reason("sources.toml 未設定此機關", "not configured in sources.toml")
                yield Delivery(NAME, agency, month, Outcome.NOT_CONFIGURED, NAME, reason=reason)

    def confirm(self, delivery: Delivery) -> None:
        """Nothing to do: a database keeps its rows."""


class _Subsystem:
    """One database, one month."""

    def __init__(self, name: str, settings: SubsystemSettings, common: WebHrSettings, month: str, land: Land) -> None:
        self._settings = settings
        self._common = common
        self._month = month
        self._land = land
        self._source = f"{NAME}:{name}"

    def collect(self, agencies: Iterable[str], remembered: Mapping[str, Remembered]) -> Iterator[Delivery]:
        """Connect once for all agencies; where that fails, or takes too long, none of the others is tried again."""
        asked = list(agencies)
        left = set(asked)
        try:
            for delivery in within(self._collect(asked, remembered), self._common.subsystem_seconds):
                left.remove(delivery.agency_code)
                yield delivery
        except OutOfTimeError as error:
            reason = Reason(f"子系統逾時，{error.seconds:g} 秒內未完成", f"not done within {error.seconds:g} seconds")
            yield from [self._failed(agency, reason) for agency in asked if agency in left]

    def _collect(self, agencies: Iterable[str], remembered: Mapping[str, Remembered]) -> Iterator[Delivery]:
        down: Reason | None = None
        try:
            engine = self._engine()
        except Exception as error:  # noqa: BLE001 — a driver may raise anything, and it concerns these agencies alone
            down = Reason("連線設定無法使用：", _without_address(error))
            yield from [self._failed(agency, down) for agency in agencies]
            return
        try:
            for agency in agencies:
                if down is None:
                    try:
                        connection = engine.connect()
                    except SQLAlchemyError as error:
                        down = _said_by_the_database(error, engine.url)
                    except Exception as error:  # noqa: BLE001 — likewise
                        down = unforeseen(error)
                yield self._failed(agency, down) if down else self._deliver(connection, agency, remembered.get(agency))
        finally:
            engine.dispose()

    def _deliver(self, connection: Connection, agency: str, before: Remembered | None) -> Delivery:
        """Compose one agency's document straight into landing."""
        problems = Problems()
        try:
            with connection:
                _begin_snapshot(connection)
                tables = P2kTables(connection, self._settings.db_schema, self._settings.encoding)
                span = Span.of(self._month)
                roster = read_roster(tables, agency, span)
                maker = RecordMaker(agency, span, self._settings.maps(), roster, problems)
                document = compose(tables, maker, self._month, self._settings.version)
                landed = self._land(_at_most(document, self._common.max_bytes))
        except NobodyThere:
            reason = Reason("資料庫沒有此機關的人員", "the database holds nobody of this agency")
            return Delivery(NAME, agency, self._month, Outcome.NOTHING, self._source, reason=reason)
        except (TableMissing, TooLarge) as error:
            return self._failed(agency, Reason(str(error)))
        except SQLAlchemyError as error:
            return self._failed(agency, _said_by_the_database(error, connection.engine.url))
        except PlatformUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 — what one agency's rows hold must not cost the others
            return self._failed(agency, unforeseen(error))
        same = before is not None and before.submission_id == landed.id
        return Delivery(
            NAME,
            agency,
            self._month,
            Outcome.UNCHANGED if same else Outcome.DELIVERED,
            self._source,
            landed.id,
            landed.bytes,
            reason=problems.reason(),
        )

    def _failed(self, agency: str, reason: Reason) -> Delivery:
        return Delivery(NAME, agency, self._month, Outcome.FAILED, self._source, reason=reason)

    def _engine(self) -> Engine:
        """Give the engine, not yet connected; raises what `collect` catches where the address is of no use."""
        settings = self._settings
        url = make_url(read_secret(settings.url, settings.url_env, settings.url_file))
        if url.get_backend_name() == "sqlite":
            return _sqlite_engine(url)
        arguments: dict[str, Any] = {}
        if url.get_backend_name() == "postgresql":
            arguments |= {
                "connect_timeout": self._common.connect_seconds,
                # A host that fell silent in the middle of an answer: found out in about a minute.
                "keepalives_idle": 30,
                "keepalives_interval": 10,
                "keepalives_count": 3,
            }
            if settings.encoding == "cp950":
                arguments["client_encoding"] = "latin1"  # byte for byte, out of a database that knows no encoding
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=arguments)
        if url.get_backend_name() == "postgresql":
            limit = self._common.query_seconds * 1000

            @event.listens_for(engine, "connect")
            def prepare(connection: Any, _record: Any) -> None:
                with connection.cursor() as cursor:
                    cursor.execute(f"SET statement_timeout = {limit:d}")
                connection.commit()

        return engine


def _sqlite_engine(url: URL) -> Engine:
    """Give an engine that hands text beyond ASCII on as bytes, since SQLite does not know what encoding it holds."""
    if not url.database or not Path(url.database).exists():
        raise FileNotFoundError("no such SQLite file 沒有這個 SQLite 檔案")  # connecting would make an empty one
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.text_factory = lambda raw: raw.decode("ascii") if raw.isascii() else raw
        connection.execute("PRAGMA query_only = ON")

    return engine


def _begin_snapshot(connection: Connection) -> None:
    """Begin one view of all tables, read only, so that no query sees what another did not; closing ends it."""
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")


def _at_most(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(limit)
        yield chunk


def _said_by_the_database(error: SQLAlchemyError, url: URL) -> Reason:
    """Give the first line of what the driver said, without account, password or anything like a national ID."""
    said = str(error.orig if isinstance(error, DBAPIError) else type(error).__name__).partition("\n")[0]
    if url.username:
        said = said.replace(url.username, "…")
    return Reason("子系統資料庫無法讀取：", one_line(f"the subsystem's database: {mask_ids_in(without_secrets(said))}"))


def _without_address(error: Exception) -> str:
    """Give the message, unless it may quote the address."""
    if isinstance(error, SecretUnavailable | FileNotFoundError):
        return str(error)
    return f"the database address is of no use ({type(error).__name__})"
