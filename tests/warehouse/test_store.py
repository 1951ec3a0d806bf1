"""The Parquet store: what is written, where, and what is left when it cannot be."""

import hashlib
import hmac
from datetime import datetime
from pathlib import Path

import pandera.errors
import polars as pl
import pyarrow.parquet as pq
import pytest

from checks.model.stored import STORED
from warehouse.store import PersonKeyDiffers, Place, Store, file_of
from warehouse.store_tables import RecordsOutOfOrder

KEY = b"a secret of thirty-two bytes ...."
IDS = ["A123456789", "B223456782", "A100000001"]
PLACES = [Place(0, "a" * 64, "376500000A", "2021-06"), Place(2, "b" * 64, "376500001A", "2021-06")]


def frame(**columns):
    return pl.DataFrame(columns, schema_overrides=dict.fromkeys(("document", "record_index", "person"), pl.UInt32))


@pytest.fixture
def entered():
    """Two documents of a batch of three; the second of them was refused and has no rows."""
    kinds = pl.Enum(("in", "out", "break_out", "break_in", "overtime_in", "overtime_out"))
    morning = datetime(2021, 6, 3, 8, 21)
    empty = {
        name: pl.DataFrame(
            schema={
                "document": pl.UInt32,
                "record_index": pl.UInt32,
                "person": pl.UInt32,
                **{
                    column.name: column.dtype.type
                    for column in STORED[name].to_schema().columns.values()
                    if column.name not in {"agency_code", "month", "submission_id", "record_index", "person_key"}
                },
            }
        )
        for name in ("employees", "shifts", "leaves", "overtime", "clockings")
    }
    clockings = frame(
        document=[0, 0, 2],
        record_index=[0, 2, 0],
        person=[0, 1, 2],
        clocked_at=pl.Series([morning] * 3, dtype=pl.Datetime("ms")),
        kind=pl.Series(["in", "out", "in"], dtype=kinds),
    )
    return {**empty, "clockings": clockings, "persons": frame(document=[0, 0, 2], person_id=IDS)}


def test_a_file_for_each_dataset_and_submission(tmp_path, entered):
    Store(tmp_path, KEY).write(entered, PLACES, [])
    for place in PLACES:
        for dataset in ("employees", "leaves", "overtime", "clockings"):
            path = file_of(tmp_path, dataset, place.agency_code, place.month, place.submission_id)
            assert pq.read_schema(path).names == list(STORED[dataset].to_schema().columns)
    read = pl.read_parquet(file_of(tmp_path, "clockings", "376500000A", "2021-06", "a" * 64))
    expected = [hmac.new(KEY, one.encode(), hashlib.sha256).hexdigest() for one in IDS]
    assert read["person_key"].to_list() == expected[:2]
    assert read["record_index"].to_list() == [0, 2]
    assert read["submission_id"].unique().to_list() == ["a" * 64]
    other = pl.read_parquet(file_of(tmp_path, "clockings", "376500001A", "2021-06", "b" * 64))
    assert other["person_key"].to_list() == expected[2:]


def test_no_file_holds_a_national_id(tmp_path, entered):
    Store(tmp_path, KEY).write(entered, PLACES, [])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 8 + 1
    assert not [path for path in files for one in IDS if one.encode() in path.read_bytes()]


def test_writing_again_is_the_same(tmp_path, entered):
    Store(tmp_path, KEY).write(entered, PLACES, [])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    Store(tmp_path, KEY).write(entered, PLACES, [])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_another_submission_touches_nothing(tmp_path, entered):
    Store(tmp_path, KEY).write(entered, PLACES, [])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    newer = [Place(0, "c" * 64, "376500000A", "2021-06")]
    Store(tmp_path, KEY).write(entered, newer, [])
    assert all(path.read_bytes() == data for path, data in before.items())
    assert len(list(tmp_path.rglob("*.parquet"))) == 12


def test_records_that_do_not_fit_the_model_are_our_fault(tmp_path, entered):
    wrong = entered["clockings"].with_columns(clocked_at=pl.lit(None, dtype=pl.Datetime("ms")))
    with pytest.raises(pandera.errors.SchemaErrors):
        Store(tmp_path, KEY).write({**entered, "clockings": wrong}, PLACES, [])
    assert not list(tmp_path.rglob("*.parquet"))


def test_what_cannot_be_written_leaves_nothing_half(tmp_path, entered):
    in_the_way = file_of(tmp_path, "clockings", "376500001A", "2021-06", "b" * 64)
    in_the_way.mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        Store(tmp_path, KEY).write(entered, PLACES, [])
    assert not list(tmp_path.rglob(".*.part"))


def test_unknown_place_of_findings():
    path = file_of(Path("store"), "findings", "", "", "d" * 64)
    assert path == Path("store/findings/month=unknown/agency=unknown") / f"{'d' * 64}.parquet"


def test_records_out_of_order_are_not_cut_up_into_other_agencies(tmp_path, entered):
    mixed = entered["clockings"].sort("document", descending=True)
    with pytest.raises(RecordsOutOfOrder, match="clockings"):
        Store(tmp_path, KEY).write({**entered, "clockings": mixed}, PLACES, [])
    assert not list(tmp_path.rglob("*.parquet"))


def test_somebody_in_two_documents_is_never_twice_in_a_dictionary(tmp_path, entered):
    """Two persons of the batch between whom another document's stand, the same people again among them."""
    people = [f"Z{number:09}" for number in range(60)]
    persons = frame(document=[0] * 40 + [1] * 60 + [0], person_id=[*people[:40], *people, people[50]])
    ours = [*range(40), 100]
    clockings = frame(
        document=[0] * len(ours),
        record_index=list(range(len(ours))),
        person=ours,
        clocked_at=entered["clockings"]["clocked_at"].sample(len(ours), with_replacement=True, seed=1),
        kind=entered["clockings"]["kind"].sample(len(ours), with_replacement=True, seed=1),
    )
    Store(tmp_path, KEY).write({**entered, "clockings": clockings, "persons": persons}, PLACES[:1], [])
    path = file_of(tmp_path, "clockings", "376500000A", "2021-06", "a" * 64)
    # A dictionary that holds a value twice is abandoned by Arrow, and what it abandons is memory as it was.
    columns = pq.read_metadata(path).row_group(0)
    by_name = {columns.column(n).path_in_schema: columns.column(n) for n in range(columns.num_columns)}
    assert "RLE_DICTIONARY" in by_name["person_key"].encodings
    expected = [hmac.new(KEY, one.encode(), hashlib.sha256).hexdigest() for one in [*people[:40], people[50]]]
    assert pl.read_parquet(path)["person_key"].to_list() == expected


def test_two_keys_are_never_mixed(tmp_path, entered):
    Store(tmp_path, KEY).write(entered, PLACES, [])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(PersonKeyDiffers, match="restore that key"):
        Store(tmp_path, KEY[::-1])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert all(KEY not in data and KEY.hex().encode() not in data for data in before.values())
    Store(tmp_path, KEY).write(entered, PLACES, [])
