"""The partition page's short cuts give what Dagster's own ways give."""

import dagster as dg
import pytest
from dagster._check import CheckError, ParameterCheckError
from dagster._core.loader import LoadingContextForTest
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.partition_status_cache import AssetStatusCacheValue

from assets.marks import ASSET
from assets.partitions import AGENCY_MONTHS, agency_month, know_agencies
from pipelines import grid_pages
from pipelines.dagster_home import prepare
from pipelines.grid_pages import StatusAsKept, read_key_at_once
from pipelines.settings import Settings

AGENCIES = ("376500000A", "376500001A", "376500002A")
MONTHS = ("2021-05", "2021-06")


@pytest.fixture(params=["sqlite", "postgresql"])
def instance(request, tmp_path):
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("new_postgresql_database")().replace("+psycopg:", "+psycopg2:")
    with dg.DagsterInstance.from_config(str(prepare(Settings(home=tmp_path, dagster_url=url)))) as made:
        assert isinstance(made.event_log_storage, StatusAsKept)
        know_agencies(made, set(AGENCIES))
        yield made


def status(instance, *, own=False) -> AssetStatusCacheValue | None:
    """As the web server asks for it: a context of its own for each request."""
    storage = instance.event_log_storage
    ask = EventLogStorage.get_asset_status_cache_values if own else type(storage).get_asset_status_cache_values
    return ask(storage, [(ASSET, AGENCY_MONTHS)], LoadingContextForTest(instance))[0]


def mark(instance, agency, month):
    instance.report_runless_asset_event(dg.AssetMaterialization(ASSET, partition=str(agency_month(agency, month))))


def shown(status):
    return set(status.deserialize_materialized_partition_subsets(AGENCY_MONTHS).get_partition_keys())


@pytest.mark.parametrize("text", ["376500000A|2021-06", "|", "機關|月"])
def test_a_key_is_the_one_that_dagster_makes(text):
    ours, dagsters = read_key_at_once(AGENCY_MONTHS, text), grid_pages._read_key(AGENCY_MONTHS, text)
    assert (type(ours), str(ours)) == (type(dagsters), str(dagsters))
    assert ours.dimension_keys == dagsters.dimension_keys
    assert [type(one) for one in ours.dimension_keys] == [type(one) for one in dagsters.dimension_keys]
    assert ours.keys_by_dimension == dagsters.keys_by_dimension
    assert AGENCY_MONTHS.get_partition_key_from_str(text) == ours


@pytest.mark.parametrize(("text", "raised"), [("", CheckError), ("a|b|c", CheckError), (5, ParameterCheckError)])
def test_what_is_no_key_raises_what_it_raised(text, raised):
    with pytest.raises(raised):
        read_key_at_once(AGENCY_MONTHS, text)


def test_the_state_that_is_kept_follows_what_happens(instance):
    assert status(instance) is None
    for number, place in enumerate([(agency, month) for agency in AGENCIES[:2] for month in MONTHS], 1):
        mark(instance, *place)
        assert len(shown(status(instance))) == number
        assert status(instance) == status(instance, own=True)


def test_nothing_is_reckoned_anew_where_nothing_happened(instance, monkeypatch):
    mark(instance, AGENCIES[0], MONTHS[0])
    before = status(instance)

    def reckon(*_args, **_more):
        raise AssertionError("the list of all was made anew")

    with monkeypatch.context() as watched:
        watched.setattr("dagster._core.storage.partition_status_cache._build_status_cache", reckon)
        assert status(instance) == before
        mark(instance, AGENCIES[1], MONTHS[0])
        with pytest.raises(AssertionError, match="made anew"):
            status(instance)


def test_a_new_agency_is_a_new_state(instance):
    mark(instance, AGENCIES[0], MONTHS[0])
    before = status(instance)
    mark(instance, "376500009A", MONTHS[0])  # not known yet: it does not count
    assert shown(status(instance)) == shown(before)
    know_agencies(instance, {"376500009A"})
    assert len(shown(status(instance))) == 2


def test_several_assets_are_answered_in_their_order(instance):
    mark(instance, AGENCIES[0], MONTHS[0])
    status(instance)
    wanted = [(dg.AssetKey("unknown"), AGENCY_MONTHS), (ASSET, AGENCY_MONTHS), (ASSET, None)]
    answers = instance.event_log_storage.get_asset_status_cache_values(wanted, LoadingContextForTest(instance))
    assert answers[0] is None
    assert len(shown(answers[1])) == 1
    assert answers[2].serialized_materialized_partition_subset is None
