"""WebHR's side: a SQL database with the P2K tables, filled with the made-up country's months.

Any SQLAlchemy URL will do; the demo uses SQLite files.
"""

from collections.abc import Sequence

from sqlalchemy import Column, Float, MetaData, Table, Text, create_engine, insert

from pipelines.demo.p2k_rows import LEAVES, OVERTIME, PERSONNEL, ROSTER, TRIPS, Rows, attendance_table

_NUMBERS = frozenset({"POVDAYS", "PPBUSDH", "PRADDH", "PRPAYH", "PRMNYH", "HOURS"})
_COLUMNS: dict[str, tuple[str, ...]] = {
    PERSONNEL: (
        *("PEIDNO", "PENAME", "PECARD", "PEORG", "PEMEMCOD", "PEYKIND", "PEACTDATE", "PELEVDATE"),
        *("PEKIND", "PESTATE", "PESUSB", "PESUSE", "PECLOCK", "PEHDAY", "PERDAY1", "PERDAY2", "PEHYEAR"),
    ),
    ROSTER: ("IDNO", "DUTYDATE", "STIME", "ETIME", "HOURS"),
    LEAVES: (
        *("POIDNO", "POVTYPE", "POVDATEB", "POVTIMEB", "POVDATEE", "POVTIMEE"),
        *("POVDAYS", "POREMARK", "POGUID", "POSTATUS"),
    ),
    TRIPS: (
        *("PPIDNO", "PPBUSTYPE", "PPBUSDATEB", "PPTIMEB", "PPBUSDATEE", "PPTIMEE"),
        *("PPBUSDH", "PPREASON", "PPGUID", "PPSTATUS"),
    ),
    OVERTIME: (
        *("PRIDNO", "PRADDD", "PRADDE", "PRSTIME", "PRETIME", "PRADDH"),
        *("PRATYPE", "PRPAYH", "PRMNYH", "PRSTATUS"),
    ),
}
_ATTENDANCE_COLUMNS = ("PKCARD", "PKWDATE", "PKSTIME", "PKETIME", "PKWORKH", "PKWKTPE")


def fill(url: str, months: Sequence[str], rows: Sequence[Rows]) -> None:
    """Make the tables (an attendance table for each of `months`) where they are missing, and add the rows.

    All in one transaction; raises `sqlalchemy.exc.SQLAlchemyError` where the database does not take them.
    """
    columns = _COLUMNS | {attendance_table(month): _ATTENDANCE_COLUMNS for month in months}
    tables = _tables(columns)
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            next(iter(tables.values())).metadata.create_all(connection)
            for one in rows:
                for name, added in one.items():
                    # A case may leave columns out; what a row does not say is an empty text, as in real tables.
                    whole = [{column: row.get(column, "") for column in columns[name]} for row in added]
                    if whole:
                        connection.execute(insert(tables[name]), whole)
    finally:
        engine.dispose()


def _tables(columns: dict[str, tuple[str, ...]]) -> dict[str, Table]:
    metadata = MetaData()
    return {
        name: Table(name, metadata, *(Column(column, Float if column in _NUMBERS else Text) for column in names))
        for name, names in columns.items()
    }
