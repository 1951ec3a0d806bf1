"""`attendance rules list|show`: the catalogue on the terminal."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, say, say_json, table
from pipelines.cli.failures import CannotError

RuleId = Annotated[str, typer.Argument(metavar="RULE", help="規則編號 rule id, e.g. W203")]


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    from pipelines.cli import rule_trials

    group = typer.Typer(rich_markup_mode=None, help="檢核規則 The rules.")
    group.command("list", short_help="列出規則 list the rules")(list_)
    group.command("show", short_help="一條規則的全部 everything on one rule")(show)
    rule_trials.add_to(group)
    app.add_typer(group, name="rules")


def list_(month: options.OptionalMonth = None, output: options.Format = Format.TEXT) -> None:
    """列出規則；指定月份則為該月施行者 Every rule; with a month, those in force in it and how severe they are then."""
    from checks.rule_set import all_rules

    rules = [(rule, rule.severity_in(month) if month else rule.severity) for rule in all_rules().values()]
    rows = [
        {"rule": rule.id, "severity": str(severity), "title": rule.title, "title_en": rule.title_en}
        for rule, severity in rules
        if severity is not None
    ]
    if output is Format.JSON:
        for row in rows:
            say_json(row)
    else:
        headings = ("規則 rule", "嚴重度 severity", "內容", "what it finds")
        table("檢核規則 rules", headings, [tuple(row.values()) for row in rows])


def show(rule: RuleId, output: options.Format = Format.TEXT) -> None:
    """一條規則的施行期間、訊息、緣由、認定方式與案例 Its life, messages, reason, what was decided, and its cases."""
    from checks.rules_page import life_of, places_of

    found = known_rule(rule)
    said: dict[str, Any] = {
        "rule": found.id,
        "title": found.title,
        "title_en": found.title_en,
        "whom": {"zh": found.whom.zh, "en": found.whom.en},
        "life": [{**asdict(period), "severity": str(period.severity)} for period in found.life],
        "looks_at": places_of(found),
        "message": found.message,
        "message_en": found.message_en,
        "why": found.why,
        "note": found.note,
        "rows": _rows_shipped_off(found.id),
        "cases": [{"title": case.title, "title_en": case.title_en, "trips": case.trips} for case in _cases(found.id)],
    }
    if output is Format.JSON:
        say_json(said)
        return
    say(f"{found.id} {found.title} {found.title_en} ({found.severity})")
    for name, value in (
        ("適用 for whom", f"{found.whom.zh} {found.whom.en}"),
        ("施行 in force", "; ".join(life_of(found)) or "始終 always"),
        ("檢查欄位 looks at", ", ".join(said["looks_at"]) or "整份檔案 the document"),
        ("訊息 message", found.message),
        ("", found.message_en),
        ("為何 why", found.why),
        ("註 note", found.note),
    ):
        if value:
            say(f"  {name}: {value}" if name else f"    {value}")
    for row in said["rows"]:
        _say_row(row)
    for case in _cases(found.id):
        say(f"  {'✗' if case.trips else '✓'} {case.title} {case.title_en}")


def _rows_shipped_off(rule: str) -> list[dict[str, Any]]:
    """Rows of the rule's table whose source nobody has read: id, source, and whether this installation has them on."""
    import polars as pl

    from checks.limit_tables import limit_tables
    from pipelines.cli.check import is_an_installation
    from pipelines.settings import load_settings

    here = limit_tables(load_settings().rows_switched_on if is_an_installation() else ())
    rows = here.rows_of(rule)
    if rows is None:
        return []
    shipped_off = (pl.col("switch") == "off") | pl.col("id").is_in(list(here.switched_on))
    return rows.filter(shipped_off).select("id", "switch", "source").to_dicts()


def _say_row(row: dict[str, Any]) -> None:
    what = (
        "本平臺已由設定 rows_switched_on 啟用 switched on here by the setting rows_switched_on"
        if row["switch"] == "on"
        else "未啟用，該等人員不評估；可由設定 rows_switched_on 啟用 off, its people are not evaluated; the setting "
        "rows_switched_on switches it on"
    )
    say(f"  無原文之列 row whose source nobody has read {row['id']}（{row['source']}）: {what}")


def known_rule(id_: str) -> Any:
    """The rule of that id; one that is not there ends the command and says which are."""
    from checks.rule_set import all_rules

    rules = all_rules()
    if id_.upper() not in rules:
        raise CannotError(f"沒有規則 no such rule: {id_}; 有 there are: {', '.join(rules)}")
    return rules[id_.upper()]


def _cases(rule: str) -> Any:
    from checks.cases import cases

    return cases().get(rule, ())
