"""Every file of the published format, by its name within `docs/`; `python -m checks.published docs` writes them."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from checks.format.versions import VERSIONS
from checks.markdown import anchor
from checks.published.examples import example_text
from checks.published.language import Language
from checks.published.leave_codes import leave_codes_csv
from checks.published.page import page

_NOTICE = {
    Language.ZH: "本頁由資料模型產生，請勿手動修改：`python -m checks.published docs`。[English](format.md)",
    Language.EN: "Generated from the data model by `python -m checks.published docs`; do not edit it. "
    "[中文](format.zh-TW.md)",
}
_PAGES = {Language.ZH: "format.zh-TW.md", Language.EN: "format.md"}


def schema_text(version: str) -> str:
    """The JSON Schema of a version, as a file."""
    schema: Mapping[str, Any] = VERSIONS[version].json_schema()
    return f"{json.dumps(schema, ensure_ascii=False, indent=2)}\n"


@cache
def published() -> dict[str, str]:
    """Name → text."""
    return dict(_files())


def _contents(text: str) -> str:
    """Links to the sections, for readers of the file; the portal makes its own."""
    titles = re.findall(r"^## (.+)$", text, re.MULTILINE)
    return "\n".join(f"- [{title}](#{anchor(title)})" for title in titles)


def _files() -> Iterator[tuple[str, str]]:
    for language, name in _PAGES.items():
        heading, _, rest = page(language, rules="rules.md").partition("\n")
        yield name, f"{heading}\n\n{_NOTICE[language]}\n\n{_contents(rest)}\n{rest}"
    for version in VERSIONS:
        yield f"format/schema/{version}.json", schema_text(version)
        yield f"format/example/{version}.json", example_text(version)
    yield "format/leave-types.csv", leave_codes_csv()
