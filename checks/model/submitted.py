"""The four datasets as agencies submit them: one Pandera model each, the one statement of format 1.0.

Everything is as JSON gives it (times are still text).  The format check, the JSON Schema and the page in
`docs/` are derived from these models; nothing about a submitted property is written anywhere else.
`metadata={"sensitive": True}`: the value never appears in a finding, a log or a table.
`metadata={"person": True}`: a national ID, shown only masked.
"""

import pandera.polars as pa
import polars as pl

from checks.model import constraints  # noqa: F401  (registers the checks that the fields name)

EMPLOYMENT_TYPES = ("civil_servant", "teacher", "contract", "other")
COMPENSATIONS = ("pay", "time_off", "none")
CLOCKING_KINDS = ("in", "out", "break_out", "break_in", "overtime_in", "overtime_out")

RECORD_ID_LENGTH = {"min_value": 1, "max_value": 40}


class SubmittedEmployees(pa.DataFrameModel):
    """員工名冊 The people on the agency's payroll in the month."""

    person_id: pl.String = pa.Field(
        title="身分證統一編號", description="國民身分證統一編號或居留證號", metadata={"person": True}
    )
    name: pl.String = pa.Field(title="姓名", description="員工姓名", metadata={"sensitive": True})
    employment_type: pl.String = pa.Field(
        isin=EMPLOYMENT_TYPES, title="人員類別", description="公務人員、教師、約聘僱或其他"
    )
    from_: pl.String = pa.Field(
        alias="from", nullable=True, calendar_date=True, title="在職起日", description="當月中途到職者的起日"
    )
    to: pl.String = pa.Field(nullable=True, calendar_date=True, title="在職迄日", description="當月中途離職者的迄日")


class SubmittedLeaves(pa.DataFrameModel):
    """請假紀錄 Leaves that touch the month."""

    record_id: pl.String = pa.Field(str_length=RECORD_ID_LENGTH, title="紀錄編號", description="同一陣列內不得重複")
    person_id: pl.String = pa.Field(title="身分證統一編號", description="請假人", metadata={"person": True})
    leave_type: pl.String = pa.Field(title="假別代碼", description="假別代碼表的代碼")
    start: pl.String = pa.Field(local_time=True, title="請假起時", description="臺北時間")
    end: pl.String = pa.Field(local_time=True, title="請假迄時", description="臺北時間")
    hours: pl.Float64 = pa.Field(gt=0, le=8784, multiple_of=0.5, title="請假時數", description="小時，以半小時為單位")
    certificate: pl.Boolean = pa.Field(title="檢附證明", description="是否檢附證明", metadata={"sensitive": True})
    reason: pl.String = pa.Field(
        nullable=True, str_length={"max_value": 200}, title="事由", description="請假事由", metadata={"sensitive": True}
    )


class SubmittedOvertime(pa.DataFrameModel):
    """加班紀錄 Overtime that touches the month."""

    record_id: pl.String = pa.Field(str_length=RECORD_ID_LENGTH, title="紀錄編號", description="同一陣列內不得重複")
    person_id: pl.String = pa.Field(title="身分證統一編號", description="加班人", metadata={"person": True})
    start: pl.String = pa.Field(local_time=True, title="加班起時", description="臺北時間")
    end: pl.String = pa.Field(local_time=True, title="加班迄時", description="臺北時間")
    minutes: pl.Float64 = pa.Field(
        ge=1, le=2880, multiple_of=1.0, title="加班分鐘數", description="分鐘", metadata={"integer": True}
    )
    compensation: pl.String = pa.Field(isin=COMPENSATIONS, title="補償方式", description="加班費、補休或無")


class SubmittedClockings(pa.DataFrameModel):
    """刷卡紀錄 Clockings of the month."""

    person_id: pl.String = pa.Field(title="身分證統一編號", description="刷卡人", metadata={"person": True})
    at: pl.String = pa.Field(local_time=True, title="刷卡時間", description="臺北時間")
    kind: pl.String = pa.Field(
        isin=CLOCKING_KINDS, title="刷卡別", description="上班、下班、外出、外出返回、加班進、加班出"
    )


#: Dataset name → model, in the order of the document.
SUBMITTED: dict[str, type[pa.DataFrameModel]] = {
    "employees": SubmittedEmployees,
    "leaves": SubmittedLeaves,
    "overtime": SubmittedOvertime,
    "clockings": SubmittedClockings,
}
