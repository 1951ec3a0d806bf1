"""Tables of the rules: what refuses a document or a record, what is warned of, and what is not evaluated and why.

A rule stands wherever one of the periods of its life puts it, with the months of that period.
"""

from collections.abc import Iterator

from checks.catalogue import Period, RecordRule, Rule
from checks.findings import Severity
from checks.markdown import table
from checks.published.language import Language
from checks.rule_set import all_rules


def refusing_table(severity: Severity, language: Language) -> str:
    """The rules that are of this severity in some months: what they find, and why there is such a rule."""
    heading = {Language.ZH: ("規則", "內容", "為何"), Language.EN: ("rule", "what it finds", "why")}[language]
    rows = [
        (rule.id, _title(rule, period, language), one_language(rule.why, language)) for rule, period in _of(severity)
    ]
    return table(heading, rows)


def warnings_table(language: Language, *, after_entry: bool) -> str:
    """The rules that warn in some months, those of the check or those computed after entry."""
    heading = {
        Language.ZH: ("規則", "內容", "適用", "計算方式"),
        Language.EN: ("rule", "what it finds", "of whom", "exactly"),
    }[language]
    rows = [
        (
            rule.id,
            _title(rule, period, language),
            language.of(rule.whom.zh, rule.whom.en),
            one_language(rule.note, language),
        )
        for rule, period in _of(Severity.WARNING)
        if isinstance(rule, RecordRule) is not after_entry
    ]
    return table(heading, rows)


def not_evaluated_table(language: Language) -> str:
    """Why rules say nothing of some people, and which rules."""
    heading = {Language.ZH: ("原因", "規則"), Language.EN: ("reason", "rules")}[language]
    by_reason: dict[str, list[str]] = {}
    for rule in all_rules().values():
        for reason, _ in rule.unknown if isinstance(rule, RecordRule) else ():
            by_reason.setdefault(language.of(reason.zh, reason.en), []).append(rule.id)
    separator = language.of("、", ", ")
    return table(heading, [(reason, separator.join(rules)) for reason, rules in by_reason.items()])


def one_language(text: str, language: Language) -> str:
    """Of a rule's text the part in one language: the Chinese ends with its last full stop of that width."""
    chinese, stop, english = text.rpartition("。")
    return language.of(chinese + stop, english)


def _of(severity: Severity) -> Iterator[tuple[Rule, Period]]:
    for rule in all_rules().values():
        for period in rule.life:
            if period.severity is severity:
                yield rule, period


def _title(rule: Rule, period: Period, language: Language) -> str:
    months = language.period(period.first, period.last)
    title = language.of(rule.title, rule.title_en)
    return f"{title}{language.of(f'（{months}之資料年月）', f' (months {months})')}" if months else title
