"""The pipeline that one would write first: an agency after the other, through pandas and Pandera's pandas models.

It does less than the platform: types, enumerations, ranges, uniqueness and end after start, but no checksum, no
overlaps, no calendar, and a document that is not JSON or has wrong columns is left out without a word of why.
"""

import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
from measure import Outcome, Stages


class _Record(pa.DataFrameModel):
    person_id: str = pa.Field(str_matches=r"^[A-Z][1289A-D][0-9]{8}$")

    class Config:
        strict = True
        coerce = True


class _Employees(_Record):
    name: str
    employment_type: str = pa.Field(isin=["civil_servant", "teacher", "contract", "other"])
    from_: pd.Timestamp = pa.Field(alias="from", nullable=True)
    to: pd.Timestamp = pa.Field(nullable=True)

    class Config:
        unique = ["person_id"]  # noqa: RUF012


class _Leaves(_Record):
    record_id: str = pa.Field(unique=True, str_length={"min_value": 1, "max_value": 40})
    leave_type: str = pa.Field(isin=[*(f"{n:02d}" for n in (*range(1, 11), 13, 20, 21, 22, *range(24, 30))), "99"])
    start: pd.Timestamp
    end: pd.Timestamp
    hours: float = pa.Field(gt=0, le=8784)
    certificate: bool
    reason: str = pa.Field(nullable=True, str_length={"max_value": 200})

    @pa.dataframe_check
    def end_after_start(cls, frame: pd.DataFrame) -> pd.Series:  # noqa: N805
        return frame["end"] > frame["start"]


class _Overtime(_Record):
    record_id: str = pa.Field(unique=True, str_length={"min_value": 1, "max_value": 40})
    start: pd.Timestamp
    end: pd.Timestamp
    minutes: int = pa.Field(ge=1, le=2880)
    compensation: str = pa.Field(isin=["pay", "time_off", "none"])

    @pa.dataframe_check
    def end_after_start(cls, frame: pd.DataFrame) -> pd.Series:  # noqa: N805
        return frame["end"] > frame["start"]


class _Clockings(_Record):
    at: pd.Timestamp
    kind: str = pa.Field(isin=["in", "out", "break_out", "break_in", "overtime_in", "overtime_out"])

    class Config:
        unique = ["person_id", "at", "kind"]  # noqa: RUF012


MODELS: dict[str, type[pa.DataFrameModel]] = {
    "employees": _Employees,
    "leaves": _Leaves,
    "overtime": _Overtime,
    "clockings": _Clockings,
}


def run_obvious_pipeline(files: list[str], out: Path) -> Outcome:
    """`json.load`, a pandas frame a dataset, Pandera, `to_parquet`, for one file after the other."""
    stages = Stages()
    records: Counter[str] = Counter()
    for name in files:
        frames = _checked_frames(name)
        agency = Path(name).stem
        for dataset, frame in frames.items():
            folder = out / dataset / "month=2021-06" / f"agency={agency}"
            folder.mkdir(parents=True)
            frame.to_parquet(folder / "data.parquet", index=False)
            records[dataset] += len(frame)
    stages.end("enter")
    return Outcome(stages.seconds, dict(records), sum(Path(name).stat().st_size for name in files), stages.cpu)


def _checked_frames(name: str) -> dict[str, pd.DataFrame]:
    """Frames of the records that passed; none where the document cannot be read as what it should be."""
    try:
        with open(name, encoding="utf-8") as file:  # noqa: PTH123  (as one would write it)
            document = json.load(file)
        return {
            dataset: validated(model, pd.DataFrame(document[dataset], columns=list(model.to_schema().columns)))
            for dataset, model in MODELS.items()
        }
    except (ValueError, KeyError, pa.errors.SchemaErrors):
        return {}


def validated(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without its faulty rows."""
    try:
        return model.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as faults:
        rows = faults.failure_cases["index"].dropna().unique()
        return model.validate(frame.drop(index=rows), lazy=True)
