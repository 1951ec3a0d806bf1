"""The datasets as agencies submit them: one Pandera model each, the one statement of the submission format.

Everything is as JSON gives it (times are still text).  The format check, the JSON Schema and the page in
`docs/` are derived from these models; nothing about a submitted property is written anywhere else.  Titles and
descriptions are Chinese; their English is in the metadata, with the meaning of each choice, see `said`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandera.polars as pa
import polars as pl

from checks.model import constraints  # noqa: F401  (registers the checks that the fields name)


class Meaning(NamedTuple):
    """What a choice means, in Chinese and in English."""

    zh: str
    en: str


Choices = Mapping[str, Meaning]

_EMPLOYMENT_TYPES: Choices = {
    "civil_servant": Meaning("公務人員", "civil servant"),
    "teacher": Meaning("教師（教育人員）", "teacher"),
    "contract": Meaning("約聘、約僱人員", "contract staff (約聘僱)"),
    "labour": Meaning(
        "適用勞動基準法人員：工友、技工、駕駛、臨時人員等",
        "staff under the Labour Standards Act: janitors, technicians, drivers, temporary staff",
    ),
    "other": Meaning("其他人員", "anybody else"),
}
_WORK_PATTERNS: Choices = {
    "office": Meaning("固定上班：依辦公日曆上班，每日 8 小時", "the government's office days, 8 hours, fixed hours"),
    "flexible": Meaning("彈性上班：辦公日上班，上下班時間有彈性", "office days, hours of one's own choice"),
    "shift": Meaning("輪班輪休：日期與時數依輪班表（shifts）", "days and hours by the duty roster (`shifts`)"),
}
_STATUSES: Choices = {
    "active": Meaning("在職", "at work"),
    "unpaid_leave": Meaning("留職停薪", "on leave without pay, the post kept"),
}
_COMPENSATIONS: Choices = {
    "pay": Meaning("支給加班費", "paid"),
    "time_off": Meaning("補休", "compensatory time off"),
    "none": Meaning("未支給加班費亦未補休", "neither"),
}
_OVERTIME_CATEGORIES: Choices = {
    "ordinary": Meaning("一般加班", "ordinary overtime"),
    "special": Meaning(
        "專案加班：因災害、緊急或重大專案，經核准者", "approved for a disaster, an emergency or a major project"
    ),
}
_CLOCKING_KINDS: Choices = {
    "in": Meaning("上班", "begins work"),
    "out": Meaning("下班", "ends work"),
    "break_out": Meaning("外出", "leaves during the day"),
    "break_in": Meaning("外出返回", "comes back"),
    "overtime_in": Meaning("加班開始", "begins overtime"),
    "overtime_out": Meaning("加班結束", "ends overtime"),
}

EMPLOYMENT_TYPES = tuple(_EMPLOYMENT_TYPES)
WORK_PATTERNS = tuple(_WORK_PATTERNS)
STATUSES = tuple(_STATUSES)
COMPENSATIONS = tuple(_COMPENSATIONS)
OVERTIME_CATEGORIES = tuple(_OVERTIME_CATEGORIES)
CLOCKING_KINDS = tuple(_CLOCKING_KINDS)

RECORD_ID_LENGTH = {"min_value": 1, "max_value": 40}


def said(title_en: str, description_en: str, *, choices: Choices | None = None, **more: Any) -> dict[str, Any]:
    """A field's or a model's metadata.

    `choices`: what each means.  `since="1.1"`: format 1.0 does not know the property; `checks.format.versions` says
    what a version knows.  `person=True`: a national ID, shown only masked.  `sensitive=True`: the value never appears
    in a finding, a log or a table.  `integer=True`: without a fraction.
    """
    return {"title_en": title_en, "description_en": description_en, "choices": choices or {}, **more}


def _person(description: str, description_en: str) -> Any:
    return pa.Field(
        title="身分證統一編號", description=description, metadata=said("National ID", description_en, person=True)
    )


def _record_id() -> Any:
    return pa.Field(
        str_length=RECORD_ID_LENGTH,
        title="紀錄編號",
        description="同一陣列內不得重複；重新報送同一筆紀錄時沿用原編號",
        metadata=said("Record id", "unique within its array; the same record keeps its id when it is submitted again"),
    )


def _time(title: str, title_en: str) -> Any:
    words = said(title_en, "Asia/Taipei; seconds (:ss) may follow")
    return pa.Field(local_time=True, title=title, description="臺北時間，得加秒（:ss）", metadata=words)


class SubmittedEmployees(pa.DataFrameModel):
    """員工名冊 The people on the agency's payroll in the month, a row for each stretch of employment."""

    person_id: pl.String = _person("國民身分證統一編號或居留證號", "of a citizen or a resident, see its checksum")
    name: pl.String = pa.Field(
        title="姓名",
        description="員工姓名，長度不限，得為空字串",
        metadata=said("Name", "the person's name, of any length; may be empty", sensitive=True),
    )
    employment_type: pl.String = pa.Field(
        isin=EMPLOYMENT_TYPES,
        title="人員類別",
        description="公務人員、教師、約聘僱、適用勞動基準法人員或其他",
        metadata=said("Kind of employment", "decides which limits and quotas hold", choices=_EMPLOYMENT_TYPES),
    )
    from_: pl.String = pa.Field(
        alias="from",
        nullable=True,
        calendar_date=True,
        title="在職起日",
        description="本段的第一日；當月以前即已起算者為 null 或實際起日",
        metadata=said("First day", "of this stretch; where it began before the month: null or the real day"),
    )
    to: pl.String = pa.Field(
        nullable=True,
        calendar_date=True,
        title="在職迄日",
        description="本段的最後一日，當日仍屬本機關人員；當月以後仍繼續者為 null 或實際迄日",
        metadata=said("Last day", "of this stretch, still at the agency; where it goes on: null or the real day"),
    )
    work_pattern: pl.String = pa.Field(
        nullable=True,
        isin=WORK_PATTERNS,
        title="勤務型態",
        description="上班日與時數依何而定；未載明者為 null",
        metadata=said(
            "Work pattern", "what says on which days the person works; null: not stated",
            choices=_WORK_PATTERNS, since="1.1",
        ),
    )  # fmt: skip
    clocks: pl.Boolean = pa.Field(
        nullable=True,
        title="應否刷卡",
        description="true 應刷卡、false 免刷卡；系統無從得知者為 null",
        metadata=said("Has to clock", "true: has to; false: exempt; null: the source cannot say", since="1.1"),
    )
    status: pl.String = pa.Field(
        nullable=True,
        isin=STATUSES,
        title="任職狀態",
        description="本段期間的狀態；null 即在職",
        metadata=said("Status", "of these days; null: active", choices=_STATUSES, since="1.1"),
    )
    weekly_hours: pl.Float64 = pa.Field(
        nullable=True,
        gt=0,
        le=84,
        title="每週工時",
        description="部分工時人員每週應上班時數，小數位數不限；全時人員為 null",
        metadata=said("Weekly hours", "of part-time staff, of any decimals; null: full time", since="1.1"),
    )
    annual_leave_hours: pl.Float64 = pa.Field(
        nullable=True,
        ge=0,
        title="當年可休假時數",
        description="小時，含以前年度保留者，小數位數不限；無休假或無從得知者為 null",
        metadata=said(
            "Annual leave",
            "hours of this year and those saved of earlier ones, of any decimals; null: none, or not known",
            since="1.1",
        ),
    )  # fmt: skip

    class Config:
        title = "員工名冊"
        description = "當月在職人員，每人每段任職期間一筆"
        metadata = said("Employees", "the people on the payroll in the month, a row for each person and stretch")


class SubmittedShifts(pa.DataFrameModel):
    """輪班表 Rostered duties of people who work by a roster."""

    person_id: pl.String = _person("值勤人", "whose duty it is")
    start: pl.String = _time("值勤起時", "Start")
    end: pl.String = _time("值勤迄時", "End")
    hours: pl.Float64 = pa.Field(
        gt=0,
        le=24,
        decimals=2,
        title="值勤時數",
        description="小時，最多兩位小數；不計休息時間，不得超過起迄時間",
        metadata=said("Hours", "at most two decimals; rests are not counted; never above the clock time"),
    )

    class Config:
        title = "輪班表"
        description = "輪班輪休人員與當月有交集的班次，每班一筆；無輪班人員者為空陣列、null 或省略，三者意義相同"
        metadata = said(
            "Duty roster", "a row for each duty that touches the month; `[]`, null and left out are the same"
        )


class SubmittedLeaves(pa.DataFrameModel):
    """請假紀錄 Leaves that touch the month."""

    record_id: pl.String = _record_id()
    person_id: pl.String = _person("請假人", "who is on leave")
    leave_type: pl.String = pa.Field(
        title="假別代碼",
        description="假別代碼表的代碼",
        metadata=said("Leave type", "a code of the table of leave types"),
    )
    start: pl.String = _time("請假起時", "Start")
    end: pl.String = _time("請假迄時", "End")
    hours: pl.Float64 = pa.Field(
        gt=0,
        le=8784,
        decimals=2,
        title="請假時數",
        description="小時，最多兩位小數；整筆請假（含其他月份部分）的時數，只計應上班時間",
        metadata=said(
            "Hours", "at most two decimals; of the whole leave, other months included; only time the person should work"
        ),
    )
    certificate: pl.Boolean = pa.Field(
        nullable=True,
        title="檢附證明",
        description="是否檢附證明；無須檢附，或來源系統無從得知者為 null",
        metadata=said("Certificate", "whether one is attached; null: none is due, or not known", sensitive=True),
    )
    reason: pl.String = pa.Field(
        nullable=True,
        str_length={"max_value": 200},
        title="事由",
        description="請假事由",
        metadata=said("Reason", "why, in words", sensitive=True),
    )
    event_id: pl.String = pa.Field(
        nullable=True,
        str_length=RECORD_ID_LENGTH,
        title="事件編號",
        description="同一次結婚、生產、死亡或妊娠的各筆請假編號相同；無者為 null",
        metadata=said(
            "Event id", "leaves of one marriage, birth, death or pregnancy have the same one; null: none", since="1.1"
        ),
    )

    class Config:
        title = "請假紀錄"
        description = "與當月有交集的請假；跨月者於各月均以完整起迄報送"
        metadata = said("Leaves", "every leave that touches the month, with its full interval in each month it touches")


class SubmittedOvertime(pa.DataFrameModel):
    """加班紀錄 Overtime that touches the month."""

    record_id: pl.String = _record_id()
    person_id: pl.String = _person("加班人", "who works overtime")
    start: pl.String = _time("加班起時", "Start")
    end: pl.String = _time("加班迄時", "End")
    minutes: pl.Float64 = pa.Field(
        ge=1,
        le=2880,
        decimals=0,
        title="加班分鐘數",
        description="核定的分鐘數，整數（90.0 亦可）；不得超過起迄時間",
        metadata=said("Minutes", "as approved, a whole number (90.0 is one); never above the clock time", integer=True),
    )
    compensation: pl.String = pa.Field(
        isin=COMPENSATIONS,
        title="補償方式",
        description="加班費、補休或無",
        metadata=said("Compensation", "how it is made up for", choices=_COMPENSATIONS),
    )
    category: pl.String = pa.Field(
        nullable=True,
        isin=OVERTIME_CATEGORIES,
        title="加班類別",
        description="null 即一般加班",
        metadata=said("Category", "null: ordinary", choices=_OVERTIME_CATEGORIES, since="1.1"),
    )

    class Config:
        title = "加班紀錄"
        description = "與當月有交集的加班"
        metadata = said("Overtime", "every stretch of overtime that touches the month")


class SubmittedClockings(pa.DataFrameModel):
    """刷卡紀錄 Clockings of the month."""

    person_id: pl.String = _person("刷卡人", "who clocks")
    at: pl.String = _time("刷卡時間", "Time")
    kind: pl.String = pa.Field(
        isin=CLOCKING_KINDS,
        title="刷卡別",
        description="上班、下班、外出、外出返回、加班進、加班出",
        metadata=said("Kind", "what the person does then", choices=_CLOCKING_KINDS),
    )

    class Config:
        title = "刷卡紀錄"
        description = "當月的刷卡，每次一筆"
        metadata = said("Clockings", "those of the month, a row each")


#: Dataset name → model, in the order of the document.
SUBMITTED: dict[str, type[pa.DataFrameModel]] = {
    "employees": SubmittedEmployees,
    "shifts": SubmittedShifts,
    "leaves": SubmittedLeaves,
    "overtime": SubmittedOvertime,
    "clockings": SubmittedClockings,
}
