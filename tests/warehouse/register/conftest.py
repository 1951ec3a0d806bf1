"""What the tests of the register share: a ledger of its own, files made of rows, and the government's real file."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.ledger import new_ledger
from warehouse.ledger.models import Agency, Obligation
from warehouse.register import RegisterAgencies, import_register

#: The government's publication of 2016 lies beside the repository and is not copied into it.
REAL_FILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "orglist-2016.csv"


@pytest.fixture(scope="session")
def real_file():
    if not REAL_FILE.exists():
        pytest.skip(f"the government's register of 2016 is not at {REAL_FILE}")
    return REAL_FILE


class Register:
    """A register in a ledger, with the questions that tests ask of its tables."""

    def __init__(self, engine):
        self.engine = engine

    def take(self, data, today):
        with Session(self.engine) as session:
            return import_register(session, data, today)

    def periods(self, code):
        """(name, parent, authority, first day, last day) of each period, in order of time."""
        columns = (Agency.name, Agency.parent_code, Agency.authority_code, Agency.active_from, Agency.active_to)
        with Session(self.engine) as session:
            rows = session.execute(select(*columns).where(Agency.agency_code == code)).all()
        return sorted((tuple(row) for row in rows), key=lambda row: str(row[3] or ""))

    def duties(self, code):
        """(first day, last day, channel, reason, reported by) of each obligation, in order of time."""
        columns = (Obligation.valid_from, Obligation.valid_to, Obligation.channel)
        exempt = (Obligation.exempt_reason, Obligation.reported_by)
        with Session(self.engine) as session:
            rows = session.execute(select(*columns, *exempt).where(Obligation.agency_code == code)).all()
        return sorted((tuple(row) for row in rows), key=lambda row: str(row[0] or ""))

    def everything(self):
        """Every row of both tables without its own id."""
        with Session(self.engine) as session:
            found = []
            for table in (Agency.__table__, Obligation.__table__):
                columns = [column for column in table.columns if column.name != "id"]
                found.append(sorted(map(str, session.execute(select(*columns)).all())))
            return found

    @property
    def agencies(self):
        with Session(self.engine) as session:
            return RegisterAgencies(session)


@pytest.fixture
def register(tmp_path):
    engine = new_ledger(tmp_path)
    yield Register(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def national(real_file, tmp_path_factory):
    """The real register, imported on 2016-06-01; tests only read it."""
    engine = new_ledger(tmp_path_factory.mktemp("register"))
    made = Register(engine)
    made.report = made.take(real_file, date(2016, 6, 1))
    yield made
    engine.dispose()
