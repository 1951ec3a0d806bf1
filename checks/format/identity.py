"""Rules on whose document it is: F010, F011, F012."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.catalogue import Rule, always
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.findings import Finding, Severity
from checks.model.masking import mask_ids_in

F010 = Rule(
    id="F010",
    life=always(Severity.FATAL),
    title="機關或年月與報送對象不符",
    title_en="agency_code or month is not the one that it was submitted for",
    message="檔案內為 {value}，但報送對象為 {expected}，請確認檔案或報送的機關與年月。",
    message_en="The file says {value} but was submitted for {expected}; check the file, or where it was submitted.",
    why="避免甲機關的檔案蓋掉乙機關的資料。One agency's file must never replace another's.",
)
F011 = Rule(
    id="F011",
    life=always(Severity.FATAL),
    title="機關代碼不存在或當月未生效",
    title_en="agency not in the register, or not in force in that month",
    message="機關代碼 {value} {expected}，請更正代碼，或洽主管機關更新機關代碼檔。",
    message_en="Agency {value}: {expected}; correct the code or have the register updated.",
    why="報送義務依機關代碼檔。Who owes a month is what the register says.",
)
F012 = Rule(
    id="F012",
    life=always(Severity.FATAL),
    title="資料年月在未來或早於開始彙整",
    title_en="month in the future, or before collection began",
    message="資料年月 {value} 應在 {expected} 之間，請更正年月。",
    message_en="The month {value} must lie within {expected}; correct the month.",
    why="只彙整已開始的月份。Only months that have begun are collected.",
)
RULES = (F010, F011, F012)


@dataclass(frozen=True)
class _Objection:
    rule: Rule
    field: str
    value: str
    expected: str


#: What is to be done about what `identify` did not read and JSON says: it was escaped.
_PLAINLY = "不用 \\u 跳脫 written without \\u escapes"


def identity_findings(
    document: SubmittedDocument, agency_code: str | None, month: str | None, context: CheckContext
) -> Iterator[Finding]:
    """F010–F012 of a document that says it is of `agency_code` and `month` (None: it could not be read)."""
    for objection in _objections(document, agency_code, month, context):
        yield objection.rule.of_document(objection.field, objection.value, objection.expected)


def _objections(
    document: SubmittedDocument, agency_code: str | None, month: str | None, context: CheckContext
) -> Iterator[_Objection]:
    for field, said, asked in (
        ("agency_code", agency_code, document.agency_code),
        ("month", month, document.month),
    ):
        if said is not None and asked is not None and said != asked:
            yield _Objection(F010, field, mask_ids_in(said), mask_ids_in(asked) or _PLAINLY)
    if month is not None:
        this_month = f"{context.today:%Y-%m}"
        if not context.limits.collection_began <= month <= this_month:
            yield _Objection(F012, "month", month, f"{context.limits.collection_began}–{this_month}")
    if agency_code is not None and month is not None and context.agencies is not None:
        in_force = context.agencies.in_force(agency_code, month)
        if not in_force:
            why = "不在機關代碼檔 not in the register" if in_force is None else f"於 {month} 未生效 not in force"
            yield _Objection(F011, "agency_code", mask_ids_in(agency_code), why)
