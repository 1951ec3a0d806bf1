import pytest

from tests.support.world import taipei
from tests.warehouse.reports import country
from warehouse.publish.database import open_warehouse
from warehouse.publish.publisher import publish

#: April's deadline: everything before May counts, and nothing after.
NOW = taipei("2021-05-21 00:00")


@pytest.fixture(scope="session")
def the_country(tmp_path_factory):
    world = country.build(tmp_path_factory.mktemp("country"))
    # C's April document arrived a minute after this moment; what is known now is what the ledger holds.
    publish(world.home, world.engine, now=NOW)
    return world


@pytest.fixture
def ask(the_country):
    with open_warehouse(the_country.home.warehouse) as connection:
        yield lambda query, *values: connection.execute(query, list(values)).fetchall()
