"""The lower bound: DuckDB copying the same files unchecked into the same four datasets, one file an agency."""

from pathlib import Path

import duckdb
from measure import Outcome, Stages
from person_texts import DATASETS


def copy_with_duckdb(files: list[str], out: Path) -> Outcome:
    """Read the documents with their types found out by DuckDB, and write each dataset partitioned; no check at all.

    A document that is not sound JSON stops `read_json` for all of them, so those must not be among `files`.
    """
    largest = max(Path(name).stat().st_size for name in files)
    connection = duckdb.connect()
    stages = Stages()
    connection.execute(
        "CREATE TABLE documents AS SELECT * FROM read_json(?, maximum_object_size = ?)", [files, largest + 1024]
    )
    for dataset in DATASETS:
        connection.execute(
            f"COPY (SELECT month, agency_code AS agency, record.* "
            f"FROM (SELECT month, agency_code, unnest({dataset}) AS record FROM documents)) "
            f"TO '{out / dataset}' (FORMAT parquet, PARTITION_BY (month, agency))"
        )
    stages.end("enter")
    counts = {
        dataset: connection.execute(f"SELECT sum(len({dataset})) FROM documents").fetchall()[0][0]
        for dataset in DATASETS
    }
    return Outcome(stages.seconds, counts, sum(Path(name).stat().st_size for name in files), stages.cpu)
