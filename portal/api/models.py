"""What the interface answers with, as OpenAPI has it."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="怎麼辦 what is wrong, and what to do")


class Answer(BaseModel):
    """An agency's answer to a warning."""

    code: str
    text: str | None
    by: str
    at: str


class Finding(BaseModel):
    """檢誤 One thing that is wrong; national IDs are masked."""

    rule: str
    severity: Literal["fatal", "error", "warning"]
    dataset: str | None
    index: int | None = Field(description="紀錄序號 the record's 0-based index in its array")
    record_id: str | None
    field: str | None
    pointer: str | None = Field(description="JSON Pointer (RFC 6901)")
    line: int | None
    column: int | None
    value: str | None
    expected: str | None
    message: str
    message_en: str
    whom: str | None = Field(description="人員，證號已遮罩 whose record it is, the ID masked")
    dates: str | None = Field(description="紀錄的起迄時間 when the record is")


class StandingFinding(Finding):
    """A finding of a submission, with the key by which it is explained and the answer that stands."""

    finding_key: str
    submission_id: str
    explanation: Answer | None


class Counts(BaseModel):
    """筆數 Records of a dataset: read = entered + refused; warned are among the entered."""

    read: int
    entered: int
    refused: int
    warned: int


class CheckResult(BaseModel):
    """格式檢核 What a document comes to.  `submitted` is always false: a check submits nothing."""

    submitted: Literal[False] = False
    verdict: Literal["ok", "entered_in_part", "refused"]
    agency_code: str | None
    month: str | None
    counts: dict[str, Counts]
    findings: list[Finding] = Field(description="檢誤 of a document of faults alone the first of them, see total")
    total: int = Field(description="檢誤總數 how many findings there are, listed or not")
    by_rule: dict[str, int] = Field(description="各規則件數 rule → how many findings there are, listed or not")
    not_evaluated: dict[str, str] = Field(description="未檢核 rule → why it was not evaluated")


class Receipt(BaseModel):
    """收據 A submission as it stands."""

    submission_id: str = Field(description="SHA-256 of the bytes")
    agency_code: str
    month: str
    channel: str
    size: int = Field(description="位元組 bytes")
    received_at: datetime
    last_received_at: datetime
    state: str = Field(description="received, entered, entered_with_errors, refused, superseded, withdrawn")
    counts: dict[str, Counts]
    fatal: int
    errors: int
    warnings: int
    rule_set: str | None
    supersedes: str | None
    deadline: datetime | None
    on_time: bool | None
    days_late: int | None


class Taken(BaseModel):
    """A submission that was received: its receipt, and what the check says of it beforehand."""

    new: bool = Field(description="false: the same bytes were handed in before; still one submission")
    receipt: Receipt
    foreseen: CheckResult


class Month(BaseModel):
    """入檔情形 An agency's month, from the ledger: every submission in the order in which they count, newest last."""

    agency_code: str
    month: str
    waiting: bool = Field(description="有報送待檢核 something is received and not judged yet")
    submissions: list[Receipt]


class Findings(BaseModel):
    """檢誤結果 What stands of a month."""

    agency_code: str
    month: str
    waiting: bool
    findings: list[StandingFinding]
    may_have_more: bool = Field(
        description="findings 可能僅為前若干件 of a refused submission perhaps the first of them"
    )


class Explaining(BaseModel):
    """說明 An answer to warnings of a month."""

    finding_keys: list[str] = Field(min_length=1, max_length=10_000)
    code: str = Field(description="原因代碼 reason code: GET /api/v1/reason-codes")
    text: str | None = Field(default=None, max_length=500, description="不得含個資 no personal data")


class Explained(BaseModel):
    """How many answers were written."""

    number: int


class Reason(BaseModel):
    """原因代碼 A kind of answer."""

    code: str
    title: str
    title_en: str
    text_required: bool


def problem_response(words: str) -> dict[str, Any]:
    """How OpenAPI describes a problem."""
    return {"description": words, "content": {"application/problem+json": {"schema": Problem.model_json_schema()}}}


#: Every endpoint may answer so.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: problem_response(words)
    for status, words in (
        (400, "無法讀取 unreadable"),
        (401, "沒有權杖 no token that stands"),
        (403, "權杖不含此用途或此機關 not what the token is for"),
        (404, "查無資料 nothing of that name"),
        (408, "傳送過慢 too slow"),
        (411, "未標明長度 without a length"),
        (413, "檔案過大 too large"),
        (415, "壓縮的內容 compressed"),
        (422, "內容不符 not as it should be"),
        (429, "請求過多 too many requests"),
        (500, "系統錯誤 our fault"),
        (503, "暫停服務 not available now"),
    )
}
