"""The WebHR channel: submission documents composed from the P2K tables of a subsystem's database.

Connecting, and one delivery for each agency; what the tables mean is in `p2k/`, which columns are read and what becomes
of whatever cannot be read in docs/channels.md.  Nothing is ever written to a subsystem's database.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from assets.channels.bounded import OutOfTimeError, within
from assets.channels.config import SecretUnavailable, read_secret
from assets.channels.p2k.compose import Composer, NobodyThere, NoRecords, read_roster
from assets.channels.p2k.problems import Problems
from assets.channels.p2k.records import RecordMaker
from assets.channels.p2k.roster import Span
from assets.channels.p2k.tables import P2kTables, TableMissing
from assets.channels.protocol import (
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
from assets.channels.webhr_settings import SubsystemSettings, WebHrSettings
from checks.model.masking import mask_ids_in
from warehouse.deadlines import TAIPEI
from warehouse.landing import TooLarge
from warehouse.redaction import without_secrets

NAME = "webhr"


class WebHr:
    """The channel; a database is connected only while its agencies are collected.  `today` is in Taipei."""

    name = NAME

    def __init__(self, settings: WebHrSettings, today: Callable[[], date] | None = None) -> None:
        self._settings = settings
        self._today = today or (lambda: datetime.now(TAIPEI).date())

    def collect(self, month: str, agencies: Sequence[str], memory: FetchMemory, land: Land) -> Iterator[Delivery]:
        """One delivery an agency, subsystem by subsystem; a subsystem that is down costs its own agencies only."""
        check_month(month)
        remembered = memory.recall(NAME, month)
        served: set[str] = set()
        for name, subsystem in self._settings.subsystems.items():
            asked = [agency for agency in agencies if agency in subsystem.agencies]
            served.update(asked)
            if asked:
                one = _Subsystem(name, subsystem, self._settings, month, land, self._today())
                yield from one.collect(asked, remembered)
        for agency in agencies:
            if agency not in served:
                reason = Reason("sources.toml 未設定此機關", "not configured in sources.toml")
                yield Delivery(NAME, agency, month, Outcome.NOT_CONFIGURED, NAME, reason=reason)

    def confirm(self, delivery: Delivery) -> None:
        """Nothing to do: a database keeps its rows."""


class _Subsystem:
    """One database, one month."""

    def __init__(
        self, name: str, settings: SubsystemSettings, common: WebHrSettings, month: str, land: Land, today: date
    ) -> None:
        self._settings = settings
        self._today = today
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
                roster = read_roster(tables, agency, span, self._settings)
                maker = RecordMaker(agency, span, self._settings.maps(), roster, problems)
                composer = Composer(tables, maker, self._settings, self._today)
                document = composer.compose(self._month, self._settings.version)
                landed = self._land(_at_most(document, self._common.max_bytes))
        except NobodyThere:
            reason = Reason("資料庫沒有此機關的人員", "the database holds nobody of this agency")
            return self._nothing(agency, reason)
        except NoRecords as error:
            return self._nothing(agency, _without_records(error.problems))
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

    def _nothing(self, agency: str, reason: Reason) -> Delivery:
        return Delivery(NAME, agency, self._month, Outcome.NOTHING, self._source, reason=reason)

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


def _without_records(problems: Problems) -> Reason:
    """Say that the tables hold no record of the month yet, and what they hold of it that is none."""
    noted = problems.reason()
    return Reason(
        one_line(f"來源尚無本月資料：無請假、加班或刷卡紀錄；{noted.zh}".rstrip("；")),
        one_line(f"no leave, overtime or clocking of this month yet; {noted.en}".rstrip("; ")),
    )


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
