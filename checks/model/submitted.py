"""The datasets as agencies submit them: one Pandera model each, the one statement of the submission format.

Everything is as JSON gives it (times are still text).  The format check, the JSON Schema and the page in
`docs/` are derived from these models; nothing about a submitted property is written anywhere else.
`metadata={"sensitive": True}`: the value never appears in a finding, a log or a table.
`metadata={"person": True}`: a national ID, shown only masked.
`metadata={"since": "1.1"}`: format 1.0 does not know the property; `checks.format.versions` says what a version knows.
"""

import pandera.polars as pa
import polars as pl

from checks.model import constraints  # noqa: F401  (registers the checks that the fields name)

EMPLOYMENT_TYPES = ("civil_servant", "teacher", "contract", "labour", "other")
WORK_PATTERNS = ("office", "flexible", "shift")
STATUSES = ("active", "unpaid_leave")
COMPENSATIONS = ("pay", "time_off", "none")
OVERTIME_CATEGORIES = ("ordinary", "special")
CLOCKING_KINDS = ("in", "out", "break_out", "break_in", "overtime_in", "overtime_out")

RECORD_ID_LENGTH = {"min_value": 1, "max_value": 40}
_SINCE_1_1 = {"since": "1.1"}


class SubmittedEmployees(pa.DataFrameModel):
    """員工名冊 The people on the agency's payroll in the month, a row for each stretch of employment."""

    person_id: pl.String = pa.Field(
        title="身分證統一編號", description="國民身分證統一編號或居留證號", metadata={"person": True}
    )
    name: pl.String = pa.Field(title="姓名", description="員工姓名", metadata={"sensitive": True})
    employment_type: pl.String = pa.Field(
        isin=EMPLOYMENT_TYPES, title="人員類別", description="公務人員、教師、約聘僱、適用勞動基準法人員或其他"
    )
    from_: pl.String = pa.Field(
        alias="from", nullable=True, calendar_date=True, title="在職起日", description="當月中途到職者的起日"
    )
    to: pl.String = pa.Field(nullable=True, calendar_date=True, title="在職迄日", description="當月中途離職者的迄日")
    work_pattern: pl.String = pa.Field(
        nullable=True,
        isin=WORK_PATTERNS,
        title="勤務型態",
        description="office 辦公日固定上班、flexible 彈性上班、shift 輪班輪休；未載明者為 null",
        metadata=_SINCE_1_1,
    )
    clocks: pl.Boolean = pa.Field(
        nullable=True, title="應否刷卡", description="true 應刷卡、false 免刷卡；未載明者為 null", metadata=_SINCE_1_1
    )
    status: pl.String = pa.Field(
        nullable=True,
        isin=STATUSES,
        title="任職狀態",
        description="active 在職、unpaid_leave 留職停薪；null 即在職",
        metadata=_SINCE_1_1,
    )
    weekly_hours: pl.Float64 = pa.Field(
        nullable=True, gt=0, le=84, title="每週工時", description="小時；全時人員為 null", metadata=_SINCE_1_1
    )
    annual_leave_hours: pl.Float64 = pa.Field(
        nullable=True,
        ge=0,
        title="當年可休假時數",
        description="小時，含以前年度保留；未載明者為 null",
        metadata=_SINCE_1_1,
    )


class SubmittedShifts(pa.DataFrameModel):
    """輪班表 Rostered duties of people who work by a roster."""

    person_id: pl.String = pa.Field(title="身分證統一編號", description="值勤人", metadata={"person": True})
    start: pl.String = pa.Field(local_time=True, title="值勤起時", description="臺北時間")
    end: pl.String = pa.Field(local_time=True, title="值勤迄時", description="臺北時間")
    hours: pl.Float64 = pa.Field(gt=0, le=24, decimals=2, title="值勤時數", description="小時，最多兩位小數")


class SubmittedLeaves(pa.DataFrameModel):
    """請假紀錄 Leaves that touch the month."""

    record_id: pl.String = pa.Field(str_length=RECORD_ID_LENGTH, title="紀錄編號", description="同一陣列內不得重複")
    person_id: pl.String = pa.Field(title="身分證統一編號", description="請假人", metadata={"person": True})
    leave_type: pl.String = pa.Field(title="假別代碼", description="假別代碼表的代碼")
    start: pl.String = pa.Field(local_time=True, title="請假起時", description="臺北時間")
    end: pl.String = pa.Field(local_time=True, title="請假迄時", description="臺北時間")
    hours: pl.Float64 = pa.Field(gt=0, le=8784, decimals=2, title="請假時數", description="小時，最多兩位小數")
    certificate: pl.Boolean = pa.Field(
        nullable=True,
        title="檢附證明",
        description="是否檢附證明；來源系統無從得知者為 null",
        metadata={"sensitive": True},
    )
    reason: pl.String = pa.Field(
        nullable=True, str_length={"max_value": 200}, title="事由", description="請假事由", metadata={"sensitive": True}
    )
    event_id: pl.String = pa.Field(
        nullable=True,
        str_length=RECORD_ID_LENGTH,
        title="事件編號",
        description="同一次結婚、生產、死亡或妊娠的各筆請假編號相同",
        metadata=_SINCE_1_1,
    )


class SubmittedOvertime(pa.DataFrameModel):
    """加班紀錄 Overtime that touches the month."""

    record_id: pl.String = pa.Field(str_length=RECORD_ID_LENGTH, title="紀錄編號", description="同一陣列內不得重複")
    person_id: pl.String = pa.Field(title="身分證統一編號", description="加班人", metadata={"person": True})
    start: pl.String = pa.Field(local_time=True, title="加班起時", description="臺北時間")
    end: pl.String = pa.Field(local_time=True, title="加班迄時", description="臺北時間")
    minutes: pl.Float64 = pa.Field(
        ge=1, le=2880, decimals=0, title="加班分鐘數", description="分鐘", metadata={"integer": True}
    )
    compensation: pl.String = pa.Field(isin=COMPENSATIONS, title="補償方式", description="加班費、補休或無")
    category: pl.String = pa.Field(
        nullable=True,
        isin=OVERTIME_CATEGORIES,
        title="加班類別",
        description="ordinary 一般加班、special 專案加班；null 即一般加班",
        metadata=_SINCE_1_1,
    )


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
    "shifts": SubmittedShifts,
    "leaves": SubmittedLeaves,
    "overtime": SubmittedOvertime,
    "clockings": SubmittedClockings,
}
