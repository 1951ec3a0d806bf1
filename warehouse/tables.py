"""What `warehouse.duckdb` holds: each table and column with its type, its Chinese title and what it means.

The detail tables are derived from their Pandera models; the others, which no model describes, are stated here.
DDL, `COMMENT ON`, the headings of exports and `docs/tables.md` all come from this module.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandera.polars as pa
import polars as pl

from checks.model.stored import STORED, Findings


@dataclass(frozen=True, slots=True)
class Column:
    """A column: English name, DuckDB type, Chinese title, Chinese description."""

    name: str
    type: str
    title: str
    description: str

    @property
    def comment(self) -> str:
        """What `COMMENT ON COLUMN` says."""
        return f"{self.title}：{self.description}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view of the warehouse; `description` says what one row is."""

    schema: str
    name: str
    title: str
    description: str
    columns: tuple[Column, ...]

    @property
    def qualified(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"

    @property
    def comment(self) -> str:
        """What `COMMENT ON TABLE` says."""
        return f"{self.title}：{self.description}"

    @property
    def headings(self) -> dict[str, str]:
        """Column name → Chinese heading, as exports carry it."""
        return {column.name: column.title for column in self.columns}


_DUCKDB_TYPES: dict[type[pl.DataType], str] = {
    pl.String: "VARCHAR",
    pl.Enum: "VARCHAR",
    pl.UInt32: "UINTEGER",
    pl.Int32: "INTEGER",
    pl.Float64: "DOUBLE",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
    pl.Datetime: "TIMESTAMP",
}


def _from_model(name: str, model: type[pa.DataFrameModel], description: str) -> Table:
    """Derive a table from a Pandera model, whose docstring begins with its Chinese title."""
    columns = tuple(
        Column(column, _DUCKDB_TYPES[spec.dtype.type.base_type()], spec.title, spec.description)
        for column, spec in model.to_schema().columns.items()
    )
    return Table("core", name, (model.__doc__ or "").split()[0], description, columns)


def _table(qualified: str, title: str, description: str, columns: Iterable[tuple[str, str, str, str]]) -> Table:
    schema, name = qualified.split(".")
    return Table(schema, name, title, description, tuple(Column(*column) for column in columns))


_AGENCY = ("agency_code", "VARCHAR", "機關代碼", "機關的代碼（10 碼）")
_AGENCY_NAME = ("agency_name", "VARCHAR", "機關名稱", "該月有效的機關名稱；不在機關代碼檔者為空")
_AUTHORITY = ("authority_code", "VARCHAR", "主管機關代碼", "該月的主管機關")
_MONTH = ("month", "VARCHAR", "資料年月", "西元年月 YYYY-MM")
_SUBMISSION = ("submission_id", "VARCHAR", "報送編號", "報送檔案位元組的 SHA-256（十六進位）")
_DEADLINE = ("deadline", "TIMESTAMP", "報送期限", "該機關該月的期限，含核准的展延；24 時記為次日 0 時，臺北時間")
_SCOPE = ("scope", "VARCHAR", "範圍", "agency 機關本身、authority 該機關及其所有下級機關、country 全國")
_SCOPE_CODE = ("agency_code", "VARCHAR", "機關代碼", "機關或主管機關的代碼；全國為空")
_SCOPE_NAME = ("agency_name", "VARCHAR", "機關名稱", "機關或主管機關的名稱；全國列為「全國」")
_FATAL = ("fatal", "INTEGER", "退件錯誤數", "使整份退件的檢誤筆數")
_ERRORS = ("errors", "INTEGER", "錯誤數", "使該筆資料退件的檢誤筆數")
_WARNINGS = ("warnings", "INTEGER", "警告數", "請機關確認的檢誤筆數")

_DETAILS = (
    _from_model("employees", STORED["employees"], "一列為一位列於機關員工名冊的人員，取自各機關各月採計的報送"),
    _from_model("shifts", STORED["shifts"], "一列為一個輪值班次，取自各機關各月採計的報送"),
    _from_model("leaves", STORED["leaves"], "一列為一筆入檔的請假，取自各機關各月採計的報送"),
    _from_model("overtime", STORED["overtime"], "一列為一筆入檔的加班，取自各機關各月採計的報送"),
    _from_model("clockings", STORED["clockings"], "一列為一次入檔的刷卡，取自各機關各月採計的報送"),
    _from_model("findings", Findings, "一列為一項尚待處理的檢誤：採計的報送，以及其後（或從未入檔者）最近一次退件"),
    replace(
        _from_model("findings_history", Findings, "一列為一項檢誤：各機關各月歷次報送，含已退件及已被取代者"),
        title="歷次檢誤結果",
    ),
)

_CORE = (
    _table("core.agencies", "機關代碼", "一列為一個機關的一段有效期間", (
        _AGENCY,
        ("name", "VARCHAR", "機關名稱", "該期間的名稱"),
        ("parent_code", "VARCHAR", "上級機關代碼", "直接上級機關"),
        ("authority_code", "VARCHAR", "主管機關代碼", "依法之主管機關"),
        ("level", "INTEGER", "機關層級", "機關代碼檔所載層級"),
        ("active_from", "DATE", "生效日", "有效期間的第一日；空為自始"),
        ("active_to", "DATE", "失效日", "有效期間的最後一日；空為迄今"),
        ("channel", "VARCHAR", "報送管道", "目前應循的報送管道"),
        ("expected_headcount", "INTEGER", "應報人數", "機關代碼檔所載應報送的員工人數"),
        ("kind", "VARCHAR", "機關類別", "機關代碼檔載明者，否則依代碼末碼（如 primary_school 國小、hospital 醫院）"),
        ("is_school", "BOOLEAN", "學校", "依機關類別"),
        ("default_work_pattern", "VARCHAR", "預設勤務型態", "載明者 office、flexible、shift；空為依機關類別"),
        ("postal_code", "VARCHAR", "郵遞區號", "機關代碼檔所載；空為不詳"),
        ("county", "VARCHAR", "縣市", "依郵遞區號；空為不詳"),
        ("town", "VARCHAR", "鄉鎮市區", "依郵遞區號；空為不詳，或該區號不分區（新竹市、嘉義市）"),
    )),
    _table("core.duty_grants", "核准免報與展延", "一列為一筆有效的免報或展延核准", (
        ("id", "INTEGER", "核准編號", "見 attendance duties list"),
        ("kind", "VARCHAR", "種類", "exemption 免報、extension 展延"),
        ("code", "VARCHAR", "機關代碼", "核准的對象"),
        ("below", "BOOLEAN", "含下級", "是否及於其所有下級機關"),
        ("first_month", "VARCHAR", "起始年月", "西元年月 YYYY-MM"),
        ("last_month", "VARCHAR", "終止年月", "西元年月 YYYY-MM；空為至撤銷為止"),
        ("until", "TIMESTAMP", "展延期限", "展延後的期限，臺北時間；免報為空"),
        ("granted_by", "VARCHAR", "核准者", "機關、單位或職稱"),
        ("because", "VARCHAR", "原因", "核准的原因"),
        ("at", "TIMESTAMP", "登錄時間", "臺北時間"),
    )),
    _table("core.agency_ancestors", "機關隸屬", "一列為一個機關與其自身或任一上級機關在一段月份內的隸屬", (
        _AGENCY,
        ("ancestor_code", "VARCHAR", "上級機關代碼", "任一層上級機關；含機關自身"),
        ("first_month", "VARCHAR", "起月", "隸屬期間的第一個月 YYYY-MM"),
        ("last_month", "VARCHAR", "迄月", "隸屬期間的最後一個月 YYYY-MM"),
    )),
    _table("core.submissions", "報送紀錄", "一列為一份收到的報送檔案", (
        ("id", "VARCHAR", "報送編號", "報送檔案位元組的 SHA-256（十六進位）"),
        ("agency_code", "VARCHAR", "機關代碼", "報送機關；無法辨識者為空字串"),
        ("month", "VARCHAR", "資料年月", "西元年月 YYYY-MM；無法辨識者為空字串"),
        ("channel", "VARCHAR", "報送管道", "webitr、webhr 或 manual"),
        ("state", "VARCHAR", "狀態",
         "received 待檢核、refused 退件、entered 入檔、entered_with_errors 有誤、superseded 被取代、withdrawn 撤回"),
        ("bytes", "BIGINT", "位元組數", "檔案大小"),
        ("first_received_at", "TIMESTAMP", "首次送達時間",
         "月份結束後首次送達，臺北時間；僅於月份未結束時送達者為首次送達"),
        ("received_at", "TIMESTAMP", "送達時間", "最近一次送達，臺北時間"),
        ("system", "VARCHAR", "產生系統", "產生檔案的系統名稱"),
        ("version", "VARCHAR", "系統版本", "產生檔案的系統版本"),
        ("produced_at", "VARCHAR", "產生時間", "檔案自載的產生時間（RFC 3339）"),
        ("supersedes", "VARCHAR", "取代", "所取代的前一份報送編號"),
        ("rule_set", "VARCHAR", "規則版本", "檢核所用的規則版本"),
        _FATAL, _ERRORS, _WARNINGS,
    )),
    _table("core.reviews", "跨檔檢核紀錄", "一列為一個機關一個月份採計的報送最近一次跨檔檢核", (
        _AGENCY, _MONTH, _SUBMISSION,
        ("reviewed_at", "TIMESTAMP", "檢核時間", "最近一次結果有異動的檢核時間，臺北時間"),
        ("rule_set", "VARCHAR", "規則版本", "檢核所用的規則版本"),
        ("warnings", "INTEGER", "警告數", "跨檔檢核的檢誤筆數"),
        ("not_evaluated", "VARCHAR", "未評估", "未評估的規則及原因（JSON）"),
    )),
    _table("core.explanations", "警告說明", "一列為一件檢誤目前有效的說明；以 finding_key 對應 core.findings", (
        ("finding_key", "VARCHAR", "檢誤代號", "所說明的檢誤；內容相同的後續報送沿用"),
        _AGENCY,
        ("rule", "VARCHAR", "規則", "規則編號"),
        ("record_id", "VARCHAR", "紀錄編號", "報送機關給的編號"),
        ("reason_code", "VARCHAR", "原因代碼", "見 attendance explain codes"),
        ("text", "VARCHAR", "說明", "機關的說明文字"),
        ("by", "VARCHAR", "說明人", "職稱或帳號"),
        ("at", "TIMESTAMP", "說明時間", "臺北時間"),
    )),
    _table("core.publications", "發布紀錄", "一列為一個目前發布的檔案，屬一個月份（或年度）的一個資料集", (
        ("month", "VARCHAR", "資料年月", "西元年月 YYYY-MM；年度報表為西元年，無法辨識月份者為 unknown"),
        ("dataset", "VARCHAR", "資料集", "資料表名稱"),
        ("file", "VARCHAR", "檔案", "相對於發布資料夾的路徑"),
        ("rows", "BIGINT", "列數", "檔案的列數"),
        ("published_at", "TIMESTAMP", "發布時間", "該檔案首次納入發布的時間，臺北時間"),
    )),
)  # fmt: skip

_REPORTS = (
    _table("reports.due_months", "應報送明細", "一列為一個機關一個月份：是否應報送、原因及結果", (
        _AGENCY, _AGENCY_NAME, _AUTHORITY, _MONTH,
        ("due", "BOOLEAN", "應報送", "該月是否應報送"),
        ("reason", "VARCHAR", "原因", "應報送或免報送的原因"),
        _DEADLINE,
        ("counted", "BOOLEAN", "列入比例", "應報送且報送期限已過者，列入報送比例的分母"),
        ("outcome", "VARCHAR", "結果",
         "on_time 準時、late 逾期、missing 未報送（含僅於月份未結束時送達者）、not_due_yet 期限未到、not_due 免報送"),
        ("first_entered_at", "TIMESTAMP", "首次入檔送達時間",
         "月份結束後第一份入檔的報送送達的時間，臺北時間；月份未結束即送達者不計"),
        ("expected_headcount", "INTEGER", "應報人數", "該月機關代碼檔所載人數；未載明或為 0 者為空"),
        ("headcount", "INTEGER", "入檔人數", "採計的報送入檔的員工人數；未入檔為 0"),
        ("errors_found", "BIGINT", "曾檢出錯誤數", "歷次報送檢出的錯誤（含退件錯誤），相同者計一次"),
        ("errors_mended", "BIGINT", "已更正錯誤數", "曾檢出而已不在最近報送中的錯誤"),
    )),
    _table("reports.submission_status", "入檔情形", "一列為一個機關一個月份的入檔情形", (
        _AGENCY, _AGENCY_NAME, _AUTHORITY, _MONTH,
        ("due", "BOOLEAN", "應報送", "該月是否應報送"),
        _DEADLINE,
        ("state", "VARCHAR", "狀態",
         "missing 未報送、refused 僅有退件、entered 入檔、entered_with_errors 入檔有誤"),
        ("submission_id", "VARCHAR", "報送編號", "採計的報送；從未入檔者為最近一次退件"),
        ("channel", "VARCHAR", "報送管道", "該份報送的管道"),
        ("received_at", "TIMESTAMP", "送達時間", "該份報送送達的時間，臺北時間"),
        ("on_time", "BOOLEAN", "準時",
         "月份結束後第一份入檔的報送是否於期限內送達；未入檔或僅於月份未結束時送達者為空"),
        ("days_late", "INTEGER", "逾期天數",
         "月份結束後第一份入檔的報送逾期的天數，準時為 0；未入檔或僅於月份未結束時送達者為空"),
        _FATAL, _ERRORS, _WARNINGS,
        ("warnings_explained", "INTEGER", "已說明警告數", "警告中機關已說明者"),
        ("last_refused_at", "TIMESTAMP", "最近退件送達時間", "晚於採計報送的最近一次退件送達的時間，臺北時間"),
        ("pending", "INTEGER", "待檢核件數", "已送達而尚未檢核的報送件數"),
    )),
    _table("reports.monthly_counts", "機關每月筆數統計表", "一列為一個機關一個月份一個資料集的筆數，取自採計的報送", (
        _AGENCY, _AGENCY_NAME, _AUTHORITY, _MONTH,
        ("dataset", "VARCHAR", "資料集", "employees 員工、shifts 輪班、leaves 請假、overtime 加班、clockings 刷卡"),
        ("submitted", "BIGINT", "報送筆數", "檔案中的筆數，等於入檔加退件"),
        ("entered", "BIGINT", "入檔筆數", "通過檢核而入檔的筆數"),
        ("refused", "BIGINT", "退件筆數", "有錯誤而未入檔的筆數"),
        ("warned", "BIGINT", "警告筆數", "入檔而有警告的筆數"),
        ("headcount", "BIGINT", "入檔人數", "該機關該月入檔的員工人數"),
    )),
    _table("reports.summary", "彙整總表", "一列為一個範圍一個月份一種假別（或加班）的彙總", (
        _SCOPE, _SCOPE_CODE, _SCOPE_NAME, _MONTH,
        ("leave_type", "VARCHAR", "假別", "假別代碼；加班為 overtime"),
        ("persons", "BIGINT", "人數", "不重複的人員數"),
        ("records", "BIGINT", "筆數", "入檔的筆數"),
        ("hours", "DECIMAL(18,4)", "時數", "落在該月的時數（小時）"),
        ("days", "DECIMAL(18,4)", "日數", "時數除以 8"),
    )),
    _table("reports.submission_ratios", "機關報送比例表", "一列為一個年度一個範圍的報送比例，只計期限已過的月份", (
        ("year", "INTEGER", "年度", "西元年"),
        _SCOPE, _SCOPE_CODE, _SCOPE_NAME,
        ("due", "BIGINT", "應報送數", "應報送且期限已過的機關月數"),
        ("submitted", "BIGINT", "已報送數", "其中月份結束後已入檔的機關月數"),
        ("on_time", "BIGINT", "準時數", "其中月份結束後第一份入檔的報送於期限內送達者"),
        ("late", "BIGINT", "逾期數", "其中月份結束後第一份入檔的報送逾期送達者"),
        ("missing", "BIGINT", "未報送數", "其中月份結束後從未入檔者"),
        ("headcount_agencies", "BIGINT", "人數比例機關數", "有應報人數而計入人數報送率的機關數"),
        ("errors_found", "BIGINT", "曾檢出錯誤數", "全年歷次報送檢出的錯誤"),
        ("errors_mended", "BIGINT", "已更正錯誤數", "其中已不在最近報送中者"),
        ("agency_ratio", "DECIMAL(5,2)", "機關報送率", "已報送數÷應報送數，百分比；應報送數為 0 者為空"),
        ("on_time_ratio", "DECIMAL(5,2)", "準時報送率", "準時數÷應報送數，百分比；應報送數為 0 者為空"),
        ("headcount_ratio", "DECIMAL(5,2)", "人數報送率",
         "各機關入檔人數÷應報人數（至多 1）於應報送月份的平均，再對各機關平均，百分比"),
        ("correction_ratio", "DECIMAL(5,2)", "錯誤更正率", "已更正錯誤數÷曾檢出錯誤數，百分比；無錯誤者為空"),
    )),
    _table("reports.client_versions", "系統版本", "一列為一個機關最近採計的報送所用的系統，落後最多者在前", (
        _AGENCY, _AGENCY_NAME,
        ("month", "VARCHAR", "資料年月", "最近採計的報送的資料年月"),
        _SUBMISSION,
        ("system", "VARCHAR", "產生系統", "產生檔案的系統名稱"),
        ("version", "VARCHAR", "系統版本", "產生檔案的系統版本"),
        ("received_at", "TIMESTAMP", "送達時間", "該份報送送達的時間，臺北時間"),
        ("newest_version", "VARCHAR", "當時最新版本", "該份報送送達時該系統已釋出的最新版本；系統不在版本表者為空"),
        ("versions_behind", "INTEGER", "落後版數", "已釋出而較所用版本新的版本數；版本無法排序者為空"),
        ("behind_since", "DATE", "落後起日", "較所用版本新的第一個版本釋出之日；未落後者為空"),
        ("months_behind", "INTEGER", "落後月數", "自落後起日至送達日的足月數；未落後者為 0"),
        ("automatic_updates", "BOOLEAN", "自動版更", "送達時是否參加自動版更；未提供名單者為空"),
        ("behind_all_the_same", "BOOLEAN", "自動版更仍落後", "參加自動版更而仍落後"),
    )),
)  # fmt: skip

#: `schema.name` → table, in the order of the documentation.
TABLES: dict[str, Table] = {table.qualified: table for table in (*_DETAILS, *_CORE, *_REPORTS)}


def tables_page() -> str:
    """Return `docs/tables.md`: every table and column of the warehouse, in Markdown."""
    lines = [
        "# Tables of warehouse.duckdb",
        "",
        "Generated from `checks/model/stored.py` and `warehouse/tables.py` by",
        "`python -m warehouse.tables > docs/tables.md`; a test holds it up to date. Times are Asia/Taipei.",
    ]
    for table in TABLES.values():
        lines += ["", f"## `{table.qualified}` {table.title}", "", table.description, ""]
        lines += ["| column | type | 名稱 | 說明 |", "|---|---|---|---|"]
        lines += [f"| `{c.name}` | {c.type} | {c.title} | {c.description} |" for c in table.columns]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(tables_page())
