"""The datasets as they are kept after entry: one Pandera model each.

Times are local time in Asia/Taipei.  No model has a national ID, a name, a reason or a certificate: a person is
`person_key`.  Arrow schema, DuckDB comments and the page in `docs/` are derived from these models.
"""

import pandera.polars as pa
import polars as pl

from checks.model.submitted import (
    CLOCKING_KINDS,
    COMPENSATIONS,
    EMPLOYMENT_TYPES,
    OVERTIME_CATEGORIES,
    STATUSES,
    WORK_PATTERNS,
)

LOCAL = pl.Datetime("ms")


class StoredRecord(pa.DataFrameModel):
    """What every entered record carries."""

    agency_code: pl.String = pa.Field(title="機關代碼", description="報送機關的代碼")
    month: pl.String = pa.Field(title="資料年月", description="西元年月 YYYY-MM")
    submission_id: pl.String = pa.Field(title="報送編號", description="報送檔案位元組的 SHA-256（十六進位）")
    record_index: pl.UInt32 = pa.Field(title="原始序位", description="在報送檔案陣列中的位置，自 0 起算")
    person_key: pl.String = pa.Field(title="人員代號", description="身分證統一編號以密鑰計算的 HMAC-SHA256（十六進位）")

    class Config:
        strict = True
        ordered = True


class Employees(StoredRecord):
    """員工名冊 The people on the agency's payroll in the month, a row for each stretch of employment."""

    employment_type: pl.Enum(EMPLOYMENT_TYPES) = pa.Field(
        title="人員類別", description="公務人員、教師、約聘僱、適用勞動基準法人員或其他"
    )
    payroll_from: pl.Date = pa.Field(nullable=True, title="在職起日", description="當月中途到職者的起日")
    payroll_to: pl.Date = pa.Field(nullable=True, title="在職迄日", description="當月中途離職者的迄日")
    work_pattern: pl.Enum(WORK_PATTERNS) = pa.Field(
        nullable=True, title="勤務型態", description="office 固定上班、flexible 彈性上班、shift 輪班輪休；空者未載明"
    )
    clocks: pl.Boolean = pa.Field(nullable=True, title="應否刷卡", description="空者未載明")
    status: pl.Enum(STATUSES) = pa.Field(
        nullable=True, title="任職狀態", description="active 在職、unpaid_leave 留職停薪；空者未載明，即在職"
    )
    weekly_hours: pl.Float64 = pa.Field(nullable=True, title="每週工時", description="小時；空者為全時人員")
    annual_leave_hours: pl.Float64 = pa.Field(
        nullable=True, title="當年可休假時數", description="小時，含以前年度保留；空者未載明"
    )


class Shifts(StoredRecord):
    """輪班表 Rostered duties of people who work by a roster."""

    start_at: LOCAL = pa.Field(title="值勤起時", description="臺北時間")
    end_at: LOCAL = pa.Field(title="值勤迄時", description="臺北時間")
    hours: pl.Float64 = pa.Field(gt=0, title="值勤時數", description="小時")


class Leaves(StoredRecord):
    """請假紀錄 Leaves that touch the month."""

    record_id: pl.String = pa.Field(title="紀錄編號", description="報送機關給的編號")
    leave_type: pl.String = pa.Field(title="假別代碼", description="假別代碼表的代碼")
    start_at: LOCAL = pa.Field(title="請假起時", description="臺北時間")
    end_at: LOCAL = pa.Field(title="請假迄時", description="臺北時間")
    hours: pl.Float64 = pa.Field(gt=0, title="請假時數", description="整筆請假的時數（小時）")
    hours_in_month: pl.Float64 = pa.Field(
        ge=0, title="當月時數", description="落在資料年月及在職期間內的時數（小時），依各日應上班時數比例計"
    )
    event_id: pl.String = pa.Field(nullable=True, title="事件編號", description="同一事件的各筆請假編號相同")


class Overtime(StoredRecord):
    """加班紀錄 Overtime that touches the month."""

    record_id: pl.String = pa.Field(title="紀錄編號", description="報送機關給的編號")
    start_at: LOCAL = pa.Field(title="加班起時", description="臺北時間")
    end_at: LOCAL = pa.Field(title="加班迄時", description="臺北時間")
    minutes: pl.Int32 = pa.Field(ge=1, le=2880, title="加班分鐘數", description="整筆加班的分鐘數")
    minutes_in_month: pl.Int32 = pa.Field(ge=0, title="當月分鐘數", description="跨夜加班全數計入起日所屬月份（分鐘）")
    compensation: pl.Enum(COMPENSATIONS) = pa.Field(title="補償方式", description="加班費、補休或無")
    category: pl.Enum(OVERTIME_CATEGORIES) = pa.Field(
        nullable=True, title="加班類別", description="ordinary 一般、special 專案；空者未載明，即一般"
    )


class Clockings(StoredRecord):
    """刷卡紀錄 Clockings of the month."""

    clocked_at: LOCAL = pa.Field(title="刷卡時間", description="臺北時間")
    kind: pl.Enum(CLOCKING_KINDS) = pa.Field(title="刷卡別", description="上班、下班、外出、外出返回、加班進、加班出")


class Findings(pa.DataFrameModel):
    """檢誤結果 What the checks found in a submission, as the rule catalogue says it."""

    agency_code: pl.String = pa.Field(title="機關代碼", description="報送機關的代碼")
    month: pl.String = pa.Field(title="資料年月", description="西元年月 YYYY-MM")
    submission_id: pl.String = pa.Field(title="報送編號", description="報送檔案位元組的 SHA-256（十六進位）")
    rule: pl.String = pa.Field(title="規則", description="規則編號")
    severity: pl.Enum(("fatal", "error", "warning")) = pa.Field(
        title="嚴重度", description="fatal 整份退件、error 該筆退件、warning 請確認"
    )
    dataset: pl.String = pa.Field(nullable=True, title="資料集", description="紀錄所在的陣列")
    index: pl.UInt32 = pa.Field(nullable=True, title="序位", description="在陣列中的位置，自 0 起算")
    record_id: pl.String = pa.Field(nullable=True, title="紀錄編號", description="報送機關給的編號")
    field: pl.String = pa.Field(nullable=True, title="欄位", description="有問題的欄位")
    pointer: pl.String = pa.Field(nullable=True, title="JSON 指標", description="RFC 6901")
    line: pl.UInt32 = pa.Field(nullable=True, title="行", description="自 1 起算")
    column: pl.UInt32 = pa.Field(nullable=True, title="列位", description="自 1 起算的字元位置")
    value: pl.String = pa.Field(nullable=True, title="檢出值", description="證號已遮罩")
    expected: pl.String = pa.Field(nullable=True, title="應為", description="正確的值或範圍")
    message: pl.String = pa.Field(title="說明", description="請機關如何修正")
    message_en: pl.String = pa.Field(title="英文說明", description="The same in English")
    whom: pl.String = pa.Field(nullable=True, title="人員", description="該筆資料所屬人員，證號已遮罩")
    dates: pl.String = pa.Field(nullable=True, title="日期", description="該筆資料的起迄時間")
    person_key: pl.String = pa.Field(
        nullable=True, title="人員代號", description="該筆資料所屬人員，以密鑰計算的 HMAC-SHA256；與人員無關者為空"
    )
    finding_key: pl.String = pa.Field(
        title="檢誤代號", description="機關、規則、紀錄與檢出值的雜湊；相同者為同一件檢誤，說明即依此沿用"
    )

    class Config:
        strict = True
        ordered = True


#: Dataset name → model of what the store keeps, in the order of the document; findings last.
STORED: dict[str, type[pa.DataFrameModel]] = {
    "employees": Employees,
    "shifts": Shifts,
    "leaves": Leaves,
    "overtime": Overtime,
    "clockings": Clockings,
    "findings": Findings,
}
