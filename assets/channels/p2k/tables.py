"""The P2K tables: their columns, and the rows of one agency and month, read in a stream and decoded.

Names are matched without regard to case.  The queries bring a superset of a month's rows (dates are text, some
without their zero); which row belongs to the month is decided in `records.py`, once, on real times.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import compress
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Connection,
    Select,
    TableClause,
    and_,
    column,
    func,
    inspect,
    not_,
    null,
    or_,
    select,
    table,
)

from assets.channels.p2k.installation import ClosedMonths, Rosters
from assets.channels.p2k.values import to_roc, to_text

ROWS_AT_A_TIME = 1000


class Person(NamedTuple):
    """A row of CPAPE05M; `stated` are the columns that the installation names, by name."""

    person_id: str
    name: str
    card: str
    kind_of_post: str
    year_kind: str
    joined: str
    left: str
    stated: Mapping[str, str]


class Form(NamedTuple):
    """A row of CPAPO15M or CPAPP16M: `days` is D.H, as the driver gives it; None is a column that is not there."""

    person_id: str
    code: str
    start_day: str
    start_time: str
    end_day: str
    end_time: str
    days: Any
    reason: str
    form_no: str
    status: str | None


class Duty(NamedTuple):
    """A row of CPAPR18M: the three numbers are hours, as the driver gives them; None is a column that is not there.

    `kind` is PRATYPE: 1 is ordinary.
    """

    person_id: str
    start_day: str
    end_day: str
    start_time: str
    end_time: str
    hours: Any
    taken_off: Any
    paid: Any
    form_no: str | None
    status: str | None
    kind: str | None


class RosterRow(NamedTuple):
    """A row of the installation's table of rosters: `holder` is a national ID or an employee number."""

    holder: str
    day: str
    start_time: str
    end_time: str
    end_day: str | None
    hours: Any


class Attendance(NamedTuple):
    """A row of CPAPK<YYYMM>."""

    card: str
    day: str
    start_time: str
    end_time: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """A table's name and its columns in the order of the row's fields; optional ones may be absent."""

    name: str
    columns: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    numbers: frozenset[int] = frozenset()


PERSONNEL = _Shape("CPAPE05M", ("PEIDNO", "PENAME", "PECARD", "PEMEMCOD", "PEYKIND", "PEACTDATE", "PELEVDATE", "PEORG"))
LEAVES = _Shape(
    "CPAPO15M",
    (
        *("POIDNO", "POVTYPE", "POVDATEB", "POVTIMEB", "POVDATEE", "POVTIMEE"),
        *("POVDAYS", "POREMARK", "POGUID", "POSTATUS"),
    ),
    frozenset({"POSTATUS"}),
    frozenset({6}),
)
TRIPS = _Shape(
    "CPAPP16M",
    (
        *("PPIDNO", "PPBUSTYPE", "PPBUSDATEB", "PPTIMEB", "PPBUSDATEE", "PPTIMEE"),
        *("PPBUSDH", "PPREASON", "PPGUID", "PPSTATUS"),
    ),
    frozenset({"PPSTATUS"}),
    frozenset({6}),
)
OVERTIME = _Shape(
    "CPAPR18M",
    (
        *("PRIDNO", "PRADDD", "PRADDE", "PRSTIME", "PRETIME"),
        *("PRADDH", "PRPAYH", "PRMNYH", "PRGUID", "PRSTATUS", "PRATYPE"),
    ),
    frozenset({"PRGUID", "PRSTATUS", "PRATYPE"}),
    frozenset({5, 6, 7}),
)
#: In place of a column that the installation does not name; no table has it.
_NO_COLUMN = ""
_CLOCKING_COLUMNS = ("PKCARD", "PKWDATE", "PKSTIME", "PKETIME")


class TableMissing(LookupError):  # noqa: N818 — says what happened
    """The database does not hold what the channel reads; the message names the table or column."""


class P2kTables:
    """One subsystem's tables over an open connection.  `schema` None is the search path's first."""

    def __init__(self, connection: Connection, schema: str | None, encoding: str) -> None:
        self._connection = connection
        self._schema = schema
        self._encoding = encoding
        self._inspector = inspect(connection)
        names = [*self._inspector.get_table_names(schema), *self._inspector.get_view_names(schema)]
        self._names = {name.upper(): name for name in names}
        self._known: dict[str, TableClause] = {}

    def people(self, agency: str, stated: Sequence[str] = ()) -> Iterator[Person]:
        """Everybody whom the agency ever had, in the order of their IDs; `stated` are columns beside the usual ones."""
        *wanted, organisation = self._columns(PERSONNEL)
        more = self._columns(_Shape(PERSONNEL.name, tuple(stated)))
        for row in self._rows([*wanted, *more], PERSONNEL.numbers, func.trim(organisation) == agency):
            yield Person(*row[: len(wanted)], stated=dict(zip(stated, row[len(wanted) :], strict=True)))  # type: ignore[misc]

    def roster(self, rosters: Rosters, agency: str, first: date, last: date) -> Iterator[RosterRow]:
        """Duties that may touch the days from `first` to `last`, of people whom the agency ever had."""
        key = rosters.person or rosters.card or ""
        names = (key, rosters.day, rosters.start, rosters.end, rosters.end_day or _NO_COLUMN, rosters.hours)
        shape = _Shape(rosters.table.upper(), tuple(name.upper() for name in names), frozenset({_NO_COLUMN}))
        columns = self._columns(shape)
        theirs = columns[0].in_(self._of_people("PEIDNO" if rosters.person else "PECARD", agency))
        eve = first - timedelta(days=1)  # a duty across midnight
        ends = columns[1] if rosters.end_day is None else columns[4]
        rows = self._rows(columns, frozenset({5}), theirs, _near(columns[1], ends, eve, last))
        return (RosterRow(*row) for row in rows)

    def is_closed(self, closed: ClosedMonths, agency: str, month_of: date) -> bool:
        """Whether the table says that the month is closed, of the agency or of all that the database holds."""
        names = (closed.month, closed.agency or _NO_COLUMN, closed.flag or _NO_COLUMN)
        shape = _Shape(closed.table.upper(), tuple(name.upper() for name in names), frozenset({_NO_COLUMN}))
        columns = self._columns(shape)
        wanted: list[ColumnElement[bool]] = [func.trim(columns[0]) == to_roc(month_of)[:-2]]
        if closed.agency:
            wanted.append(func.trim(columns[1]) == agency)
        flags = [row[2] for row in self._rows(columns, frozenset(), *wanted)]
        return bool(flags) and (closed.flag is None or not closed.values.isdisjoint(flags))

    def leaves(self, agency: str, first: date, last: date) -> Iterator[Form]:
        """Leave forms that may touch the days from `first` to `last`."""
        return self._forms(LEAVES, agency, first, last)

    def trips(self, agency: str, first: date, last: date) -> Iterator[Form]:
        """Trip forms that may touch the days from `first` to `last`."""
        return self._forms(TRIPS, agency, first, last)

    def overtime(self, agency: str, first: date, last: date) -> Iterator[Duty]:
        """Overtime that may touch the days from `first` to `last`."""
        columns = self._columns(OVERTIME)
        theirs = columns[0].in_(self._of_people("PEIDNO", agency))
        rows = self._rows(columns, OVERTIME.numbers, theirs, _near(columns[1], columns[2], first, last))
        return (Duty(*row) for row in rows)

    def attendance(self, agency: str, month_of: date, only: date | None = None) -> Iterator[Attendance] | None:
        """Rows of the month's own table, all or one day's; None where there is no such table."""
        shape = _Shape(f"CPAPK{to_roc(month_of)[:-2]}", _CLOCKING_COLUMNS)
        if shape.name not in self._names:
            return None
        columns = self._columns(shape)
        wanted: list[ColumnElement[bool]] = [columns[0].in_(self._of_people("PECARD", agency))]
        if only is not None:
            wanted.append(func.trim(columns[1]) == to_roc(only))
        return (Attendance(*row) for row in self._rows(columns, shape.numbers, *wanted))

    def _forms(self, shape: _Shape, agency: str, first: date, last: date) -> Iterator[Form]:
        columns = self._columns(shape)
        theirs = columns[0].in_(self._of_people("PEIDNO", agency))
        rows = self._rows(columns, shape.numbers, theirs, _near(columns[2], columns[4], first, last))
        return (Form(*row) for row in rows)

    def _of_people(self, name: str, agency: str) -> Select[Any]:
        """One column of the agency's people."""
        columns = self._columns(PERSONNEL)
        return select(columns[PERSONNEL.columns.index(name)]).where(func.trim(columns[-1]) == agency)

    def _rows(
        self, columns: list[ColumnElement[Any]], numbers: frozenset[int], *wanted: ColumnElement[bool]
    ) -> Iterator[list[Any]]:
        """Rows from a server-side cursor, in the order of their columns; all but the numbers as decoded, stripped text.

        A column that the table does not have is None in every row and takes no part in the order.
        """
        there = [isinstance(element, ColumnClause) for element in columns]
        query = select(*columns).where(*wanted).order_by(*compress(columns, there))
        result = self._connection.execution_options(yield_per=ROWS_AT_A_TIME).execute(query)
        raw = [position in numbers or not here for position, here in enumerate(there)]
        for row in result:
            yield [
                value if as_it_is else to_text(value, self._encoding) for value, as_it_is in zip(row, raw, strict=True)
            ]

    def _columns(self, shape: _Shape) -> list[ColumnElement[Any]]:
        """Give the shape's columns in their order, NULL for an optional one that the table does not have."""
        found = self._known[shape.name] if shape.name in self._known else self._look_up(shape.name)
        by_name = {name.upper(): element for name, element in found.columns.items()}
        missing = [name for name in shape.columns if name not in by_name and name not in shape.optional]
        if missing:
            raise TableMissing(f"{shape.name}: 缺少欄位 columns missing: {', '.join(missing)}")
        return [by_name[name] if name in by_name else null().label(name) for name in shape.columns]

    def _look_up(self, name: str) -> TableClause:
        if name not in self._names:
            raise TableMissing(f"資料庫沒有資料表 the database has no table {name}")
        actual = self._names[name]
        columns: list[ColumnClause[Any]] = [
            column(found["name"]) for found in self._inspector.get_columns(actual, self._schema)
        ]
        self._known[name] = table(actual, *columns, schema=self._schema)
        return self._known[name]


def _near(start: ColumnElement[Any], end: ColumnElement[Any], first: date, last: date) -> ColumnElement[bool]:
    """All rows but those whose two dates both lie before `first`, or both after `last`.

    Seven digits compare as text; six are a year below 100, before any month that is collected.  Whatever is neither
    (`''`, `0`, nonsense) stays in.
    """
    dates = [func.coalesce(func.trim(day), "") for day in (start, end)]
    before = [
        or_(and_(func.length(day) == 7, day < to_roc(first)), and_(func.length(day) == 6, day.between("0", "999999")))  # noqa: PLR2004
        for day in dates
    ]
    after = [and_(func.length(day) == 7, day > to_roc(last)) for day in dates]  # noqa: PLR2004
    return not_(or_(and_(*before), and_(*after)))
