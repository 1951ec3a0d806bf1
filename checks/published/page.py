"""The format's page in one language: the prose of `page.<language>.md`, and in it what the data model states."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from checks.findings import Severity
from checks.format.versions import NEWEST, VERSIONS
from checks.limits import Limits
from checks.markdown import table
from checks.person_id import LETTER_NUMBERS, REST_WEIGHTS
from checks.published.examples import example_text
from checks.published.language import Language
from checks.published.leave_codes import leave_codes_table
from checks.published.people import kinds_table, limits_table, quotas_table
from checks.published.properties import choices_of, dataset_table, header_table, news
from checks.published.rule_tables import not_evaluated_table, refusing_table, warnings_table

#: Nobody's: the first of its kind that its checksum holds for.
_MADE_UP_ID = "A123456789"
#: Where a portal is not known.
ADDRESS = "https://portal.example.gov.tw"


def page(language: Language, *, address: str = ADDRESS, limits: Limits | None = None, rules: str | None = None) -> str:
    """The page.

    `address` is the portal's own, `limits` the installation's (default: the format's), `rules` where the page of all
    rules lies, which is linked where it is given.
    """
    return _template(language).render(
        address=address,
        limits=limits or Limits(),
        rules=rules,
        newest=NEWEST.name,
        versions=list(VERSIONS),
        datasets=_datasets(language),
        headers=header_table(language),
        news=news(language),
        leave_codes=leave_codes_table(language),
        kinds=kinds_table(language),
        overtime_limits=limits_table(language),
        quotas=quotas_table(language),
        letters=_letters(language),
        worked=_worked(language),
        made_up=_MADE_UP_ID,
        refusing={str(severity): refusing_table(severity, language) for severity in (Severity.FATAL, Severity.ERROR)},
        warnings=warnings_table(language, after_entry=False),
        warnings_after_entry=warnings_table(language, after_entry=True),
        not_evaluated=not_evaluated_table(language),
        example=example_text(NEWEST.name),
    )


@cache
def _template(language: Language) -> Template:
    text = files("checks.published").joinpath(f"page.{language.tag}.md").read_text(encoding="utf-8")
    # Markdown for a renderer that passes no HTML on, not HTML; and nothing of it comes from outside.
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701
    return environment.from_string(text)


def _datasets(language: Language) -> dict[str, dict[str, str]]:
    """Dataset → its title, description and tables."""
    return {
        name: {
            "title": language.of(node.title, node.title_en),
            "description": language.of(node.description, node.description_en),
            "table": dataset_table(name, language),
            "choices": choices_of(name, language),
        }
        for name, node in NEWEST.datasets.items()
    }


def _letters(language: Language) -> str:
    half = len(LETTER_NUMBERS) // 2
    rows = list(LETTER_NUMBERS.items())
    heading, number = language.of("字母", "letter"), language.of("數字", "number")
    tables = (
        table([heading, *(f"`{letter}`" for letter, _ in part)], [[number, *(value for _, value in part)]])
        for part in (rows[:half], rows[half:])
    )
    return "\n\n".join(tables)


def _worked(language: Language) -> str:
    """The checksum of the made-up ID, digit by digit."""
    digits = [*divmod(LETTER_NUMBERS[_MADE_UP_ID[0]], 10), *map(int, _MADE_UP_ID[1:])]
    weights = (1, 9, 8, *REST_WEIGHTS)
    products = [digit * weight for digit, weight in zip(digits, weights, strict=True)]
    rows = [
        [language.of("數字", "digit"), *digits],
        [language.of("權數", "weight"), *weights],
        [language.of("乘積", "product"), *products],
    ]
    sources = [f"`{_MADE_UP_ID[0]}`", f"`{_MADE_UP_ID[0]}`", *(f"`{character}`" for character in _MADE_UP_ID[1:])]
    total = sum(products)
    closing = language.of(
        f"乘積之和為 {total}，可被 10 整除，故 `{_MADE_UP_ID}` 合於編碼規則（此號碼為虛構）。",
        f"They come to {total}, a multiple of 10: `{_MADE_UP_ID}` is well formed (it is made up).",
    )
    return f"{table([language.of('字元', 'character'), *sources], rows)}\n\n{closing}"
