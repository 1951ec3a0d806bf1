"""P2K tables as subsystems have them, made in a real database and filled by a test."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine, Float, MetaData, Table, Text, create_engine, insert, text
from sqlalchemy.schema import Column

AGENCY = "376500001A"
#: Checksummed, of nobody.
WANG, LEE, CHEN = "A123456789", "B223456781", "F131232216"

COLUMNS = {
    "CPAPE05M": ("PEIDNO", "PENAME", "PECARD", "PEORG", "PEMEMCOD", "PEYKIND", "PEACTDATE", "PELEVDATE"),
    "CPAPO15M": (
        *("POIDNO", "POVTYPE", "POVDATEB", "POVTIMEB", "POVDATEE", "POVTIMEE"),
        *("POVDAYS", "POREMARK", "POGUID", "POSTATUS"),
    ),
    "CPAPP16M": (
        *("PPIDNO", "PPBUSTYPE", "PPBUSDATEB", "PPTIMEB", "PPBUSDATEE", "PPTIMEE"),
        *("PPBUSDH", "PPREASON", "PPGUID", "PPSTATUS"),
    ),
    "CPAPR18M": (
        *("PRIDNO", "PRADDD", "PRADDE", "PRSTIME", "PRETIME", "PRADDH"),
        *("PRATYPE", "PRPAYH", "PRMNYH", "PRSTATUS", "PRGUID"),
    ),
}
ATTENDANCE = ("PKCARD", "PKWDATE", "PKSTIME", "PKETIME", "PKWORKH", "PKWKTPE")
NUMBERS = {"POVDAYS", "PPBUSDH", "PRADDH", "PRPAYH", "PRMNYH"}

DEFAULTS: dict[str, dict[str, Any]] = {
    "CPAPE05M": {
        "PEIDNO": WANG,
        "PENAME": "王小明",
        "PECARD": "00123",
        "PEORG": AGENCY,
        "PEMEMCOD": "01",
        "PEYKIND": "1",
        "PEACTDATE": "1000101",
        "PELEVDATE": "",
    },
    "CPAPO15M": {
        "POIDNO": WANG,
        "POVTYPE": "03",
        "POVDATEB": "1100603",
        "POVTIMEB": "0830",
        "POVDATEE": "1100603",
        "POVTIMEE": "1730",
        "POVDAYS": 1.0,
        "POREMARK": "",
        "POGUID": "L-1",
        "POSTATUS": "已簽核",
    },
    "CPAPP16M": {
        "PPIDNO": WANG,
        "PPBUSTYPE": "1",
        "PPBUSDATEB": "1100610",
        "PPTIMEB": "0830",
        "PPBUSDATEE": "1100610",
        "PPTIMEE": "1730",
        "PPBUSDH": 1.0,
        "PPREASON": "會議",
        "PPGUID": "1",
        "PPSTATUS": "審核完成",
    },
    "CPAPR18M": {
        "PRIDNO": WANG,
        "PRADDD": "1100604",
        "PRADDE": "1100604",
        "PRSTIME": "1800",
        "PRETIME": "2000",
        "PRADDH": 2.0,
        "PRATYPE": "1",
        "PRPAYH": 2.0,
        "PRMNYH": 0.0,
        "PRSTATUS": "已簽核",
        "PRGUID": "O-1",
    },
}
CLOCKING = {
    "PKCARD": "00123",
    "PKWDATE": "1100603",
    "PKSTIME": "0821",
    "PKETIME": "1735",
    "PKWORKH": "8",
    "PKWKTPE": "1",
}


class P2kDatabase:
    """Tables of a subsystem; `add` fills a row's missing columns with a harmless value."""

    def __init__(self, url: str, *, without: Iterable[str] = ()) -> None:
        self.url = url
        self._engine: Engine = create_engine(url)
        self._metadata = MetaData()
        self._without = set(without)
        self.tables = {
            name: self._table(name, columns) for name, columns in COLUMNS.items() if name not in self._without
        }
        self._metadata.create_all(self._engine)

    def add_columns(self, table: str, **values: Any) -> None:
        """Give a table that is there further columns, the same value in every row: what an installation added."""
        for name, value in values.items():
            self.execute(f'ALTER TABLE "{table}" ADD COLUMN "{name}" {"FLOAT" if isinstance(value, float) else "TEXT"}')
            self.set(table, **{name: value})

    def set(self, table: str, where: str = "", **values: Any) -> None:
        """Change rows: all, or those of the condition."""
        names = ", ".join(f'"{name}" = :{name}' for name in values)
        with self._engine.begin() as connection:
            connection.execute(text(f'UPDATE "{table}" SET {names} {where and "WHERE "}{where}'), values)

    def make(self, table: str, *rows: dict[str, Any]) -> None:
        """Make a table of the installation's own and fill it."""
        columns = [Column(name, Float if isinstance(value, float) else Text) for name, value in rows[0].items()]
        made = Table(table, self._metadata, *columns)
        made.create(self._engine)
        for row in rows:
            self._insert(made, row)

    def add(self, table: str, **values: Any) -> None:
        """Insert a row."""
        row = {name: value for name, value in {**DEFAULTS[table], **values}.items() if name not in self._without}
        self._insert(self.tables[table], row)

    def clock(self, month: str, **values: Any) -> None:
        """Insert a row into CPAPK<month>, which is made when the first one comes."""
        name = f"CPAPK{month}"
        if name not in self.tables:
            self.tables[name] = self._table(name, ATTENDANCE)
            self.tables[name].create(self._engine)
        self._insert(self.tables[name], {**CLOCKING, **values})

    def execute(self, statement: str, parameters: dict[str, Any] | None = None) -> None:
        """Run one statement."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(statement, parameters or {})

    def close(self) -> None:
        self._engine.dispose()

    def _table(self, name: str, columns: Iterable[str]) -> Table:
        kept = [column for column in columns if column not in self._without]
        return Table(name, self._metadata, *(Column(one, Float if one in NUMBERS else Text) for one in kept))

    def _insert(self, table: Table, row: dict[str, Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(table), row)
