"""`attendance explain`: an agency's answers to warnings, so that nobody is asked twice."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, printable, say, say_json, table
from pipelines.cli.failures import CannotError

if TYPE_CHECKING:
    from assets.platform import Platform

Findings = Annotated[
    list[str] | None, typer.Option("--finding", metavar="KEY", help="檢誤代號（可多次） finding key; may be repeated")
]
RuleId = Annotated[str | None, typer.Option("--rule", metavar="ID", help="該規則的全部警告 all warnings of a rule")]
Record = Annotated[str | None, typer.Option("--record-id", metavar="ID", help="只限該筆紀錄 of one record only")]
By = Annotated[str, typer.Option("--by", metavar="WHO", help="說明人（職稱或帳號） who answers: an office or account")]


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(rich_markup_mode=None, help="警告的說明 Answers to warnings.")
    group.command("add", short_help="說明警告 answer warnings")(add)
    group.command("list", short_help="列出警告及其說明 list warnings and their answers")(list_)
    group.command("revoke", short_help="收回說明 take answers back")(revoke)
    group.command("codes", short_help="原因代碼 reason codes")(codes)
    app.add_typer(group, name="explain")


def add(
    agency: options.Agency,
    month: options.Month,
    code: Annotated[str, typer.Option("--code", metavar="CODE", help="原因代碼 reason code: attendance explain codes")],
    by: By,
    findings: Findings = None,
    rule: RuleId = None,
    record_id: Record = None,
    text: Annotated[str | None, typer.Option("--text", help="說明文字，勿含個資 words; no personal data")] = None,
    output: options.Format = Format.TEXT,
) -> None:
    """說明警告；內容相同的後續報送沿用 Answer warnings; the answer stands for later submissions of the same content."""
    from assets.words_of_people import without_people
    from pipelines.cli.platform import opened
    from warehouse.ledger.engine import writing
    from warehouse.ledger.explanations import explain

    with opened() as platform:
        chosen = _chosen(platform, agency, month, findings, rule, record_id)
        said = without_people(platform, agency, month, text) if text else None
        who = without_people(platform, agency, month, by)
        with writing(platform.engine) as session:
            number = explain(session, chosen, code=code, text=said, by=who, at=platform.clock(), actor=platform.actor)
    _say_number(output, number, "說明 answered")


def revoke(
    agency: options.Agency,
    month: options.Month,
    by: By,
    findings: Findings = None,
    rule: RuleId = None,
    record_id: Record = None,
    output: options.Format = Format.TEXT,
) -> None:
    """收回說明 Take answers back; they stay in the ledger for the audit."""
    from assets.words_of_people import without_people
    from pipelines.cli.platform import opened
    from warehouse.ledger.engine import writing
    from warehouse.ledger.explanations import revoke as take_back

    with opened() as platform:
        chosen = _chosen(platform, agency, month, findings, rule, record_id)
        who = without_people(platform, agency, month, by)
        with writing(platform.engine) as session:
            number = take_back(session, chosen, by=who, at=platform.clock(), actor=platform.actor)
    _say_number(output, number, "收回 taken back")


def list_(agency: options.Agency, month: options.Month, output: options.Format = Format.TEXT) -> None:
    """列出該月的警告及其說明 The month's warnings, with their keys and answers."""
    from assets.standing_findings import standing_findings
    from pipelines.cli.platform import opened

    with opened(to_read=True) as platform:
        rows = [row for row in standing_findings(platform, agency, month).findings if row["severity"] == "warning"]
    if output is Format.JSON:
        for row in rows:
            say_json(row)
        return
    lines = [
        (row["finding_key"], row["rule"], row["record_id"], printable(row["value"] or ""), _answer(row["explanation"]))
        for row in rows
    ]
    table("警告 warnings", ("檢誤代號 key", "規則", "紀錄 record", "檢出值 value", "說明 answer"), lines)


def codes(output: options.Format = Format.TEXT) -> None:
    """列出原因代碼 The reason codes, and which need words."""
    from warehouse.ledger.explanations import reason_codes

    if output is Format.JSON:
        for one in reason_codes().values():
            say_json({
                "code": one.code, "title": one.title, "title_en": one.title_en, "text_required": one.text_required,
            })  # fmt: skip
        return
    rows = [
        (one.code, one.title, one.title_en, "須 needed" if one.text_required else "") for one in reason_codes().values()
    ]
    table("原因代碼 reason codes", ("代碼 code", "名稱", "name", "說明文字 words"), rows)


def _chosen(
    platform: "Platform",
    agency: str,
    month: str,
    keys: list[str] | None,
    rule: str | None,
    record_id: str | None,
) -> list[dict[str, Any]]:
    """The standing findings that are meant; a key may be given by its beginning."""
    from assets.standing_findings import standing_findings

    if not keys and not rule:
        raise CannotError("請以 --finding 或 --rule 指明檢誤 say which findings: --finding KEY or --rule ID")
    standing = standing_findings(platform, agency, month).findings
    meant = {_key(key, {row["finding_key"] for row in standing}) for key in keys or ()}
    found = [
        row
        for row in standing
        if (not keys or row["finding_key"] in meant)
        and rule in (None, row["rule"])
        and record_id in (None, row["record_id"])
    ]
    if not found:
        raise CannotError(
            "沒有符合的檢誤，請見 attendance explain list no finding fits; attendance explain list shows them"
        )
    return found


def _key(begins: str, known: set[str]) -> str:
    """The one key that begins so: an answer must not go to a finding that nobody meant."""
    found = [key for key in known if key.startswith(begins)]
    if len(found) != 1:
        raise CannotError(
            f"沒有唯一符合 {begins} 的檢誤，請見 attendance explain list "
            f"not exactly one finding's key begins with {begins}; attendance explain list shows them"
        )
    return found[0]


def _answer(answer: dict[str, Any] | None) -> str:
    if answer is None:
        return "未說明 none"
    return f"{answer['code']} {printable(answer['text'] or '')} ({printable(answer['by'])} {answer['at'][:10]})"


def _say_number(output: Format, number: int, what: str) -> None:
    if output is Format.JSON:
        say_json({"number": number})
    else:
        say(f"{what}: {number:,}")
