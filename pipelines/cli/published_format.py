"""`attendance format`: the submission format on standard output, for who writes an agency's system."""

from enum import StrEnum
from typing import Annotated

import typer

from checks.published.language import Language
from pipelines.cli.console import say
from pipelines.cli.failures import CannotError


class Part(StrEnum):
    """What of the format is printed."""

    PAGE = "page"
    SCHEMA = "schema"
    EXAMPLE = "example"
    LEAVE_TYPES = "leave-types"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("format", short_help="報送格式 the submission format: page, JSON Schema, example, leave codes")(format_)


def format_(
    part: Annotated[
        Part,
        typer.Argument(help="說明、JSON Schema、範例或假別代碼（CSV） page, JSON Schema, example or leave codes (CSV)"),
    ] = Part.PAGE,
    version: Annotated[
        str | None, typer.Option(metavar="VERSION", help="格式版本，預設為最新 version of the format (default: newest)")
    ] = None,
    lang: Annotated[Language, typer.Option(help="說明的語言 language of the page")] = Language.ZH,
) -> None:
    """印出報送格式，可導向檔案 Print the submission format, as a file: attendance format schema > schema.json."""
    from checks.format.versions import NEWEST, VERSIONS
    from checks.published.documents import schema_text
    from checks.published.examples import example_text
    from checks.published.leave_codes import leave_codes_csv
    from checks.published.page import page

    if version is not None and version not in VERSIONS:
        raise CannotError(f"沒有格式版本 no such version: {version}; 有 there are: {', '.join(VERSIONS)}")
    if version is not None and part in {Part.PAGE, Part.LEAVE_TYPES}:
        raise CannotError(
            f"{part} 涵蓋所有版本，請去除 --version，或改用 schema、example "
            f"{part} is of all versions: leave --version out, or ask for schema or example"
        )
    wanted = version or NEWEST.name
    if part is Part.PAGE:
        text = page(lang)
    elif part is Part.SCHEMA:
        text = schema_text(wanted)
    else:
        text = example_text(wanted) if part is Part.EXAMPLE else leave_codes_csv()
    say(text.removesuffix("\n"))
