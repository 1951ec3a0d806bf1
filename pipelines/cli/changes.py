"""`attendance changes`: which published figures moved since a moment, and which late arrivals and decisions did it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.words import STATES
from pipelines.cli import options
from pipelines.cli.console import Format, note, say, say_json, table
from pipelines.cli.failures import CannotError

if TYPE_CHECKING:
    from warehouse.changes import Cause, Changes, Moved

#: Causes that a line names; JSON has them all.
_NAMED = 3

_SCOPES = {"agency": "機關 agency", "authority": "主管機關 authority", "country": "全國 country"}

_KINDS = {
    "arrived": "送達 arrived",
    "withdrawn": "撤回 withdrawn",
    "reverted": "回復 reverted",
    "reviewed": "跨檔複檢 reviewed",
    "deadline": "期限屆滿 deadline",
    "exemption": "核准免報 exempted",
    "extension": "核准展延 extended",
    "ungranted": "撤銷核准 grant withdrawn",
}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("changes", short_help="某時點後有異動的數字及原因 figures that moved since, and why")(changes)


def changes(
    since: Annotated[
        Any,
        typer.Option("--since", parser=options.moment, metavar="YYYY-MM-DD[Thh:mm]", help="起點 (that day's end)"),
    ],
    as_of: options.AsOf = None,
    year: Annotated[int | None, typer.Option(min=1912, max=2999, help="西元年，預設為起點該年 year")] = None,
    authority: options.Authority = None,
    output: options.Format = Format.TEXT,
) -> None:
    """異動：自某時點以來，已發布的數字由多少變為多少，出自哪些報送、撤回或回復 What moved which figure since."""
    from pipelines.cli.platform import opened
    from warehouse.changes import changes_since

    with opened(to_read=True) as platform:
        until = as_of or platform.clock()
        if since >= until:
            raise CannotError("--since 須早於 --as-of（預設為現在） --since must be before --as-of (by default now)")
        found = changes_since(
            platform.home,
            platform.engine,
            year or since.year,
            since=since,
            as_of=until,
            authority=authority,
            first_month=platform.first_month,
        )
    if output is Format.JSON:
        say_json(asdict(found))
    else:
        _say(found)


def _say(found: "Changes") -> None:
    """What arrivals and decisions moved; figures of the year that moved since deadlines passed are only counted."""
    say(f"{found.year} 年，{_at(found.since)} → {_at(found.as_of)}: {len(found.moved):,} 個數字有異動 figures moved")
    told = [number for number, one in enumerate(found.causes) if one.kind != "deadline"]
    numbers = {number: place for place, number in enumerate(told, start=1)}
    shown = [one for one in found.moved if any(number in numbers for number in one.causes)]
    if shown:
        table(
            "原因 causes",
            ("編號 no.", "事由 what", "機關 agency", "月份 month", "報送 submission", "時間 when", "管道 channel"),
            [(place, *_cause(found.causes[number])) for number, place in numbers.items()],
            numbers=[0],
        )
        table(
            "異動 figures moved",
            (
                "報表 report", "範圍 scope", "機關 agency", "月份 month", "項目 item",
                "數字 figure", "原 before", "現 after", "原因 no.",
            ),
            [_line(one, numbers) for one in shown],
            numbers=[6, 7],
        )  # fmt: skip
        note("* 期限屆滿亦有影響 deadlines that passed have a part in it too")
        note("全部原因見 --format json every cause of each figure: --format json")
    by_deadline = len(found.moved) - len(shown)
    if by_deadline:
        say(
            f"另有 {by_deadline:,} 個數字只因期限屆滿而異動，未列 {by_deadline:,} more moved only as deadlines passed "
            "and are not listed: --format json"
        )


def _cause(one: "Cause") -> tuple[object, ...]:
    submission = one.submission_id and one.submission_id[:12]
    return (_KINDS[one.kind], one.agency_code, one.month, submission, _at(one.at), one.channel)


def _line(one: "Moved", numbers: Mapping[int, int]) -> tuple[object, ...]:
    from warehouse.tables import TABLES

    told = [str(numbers[number]) for number in one.causes if number in numbers]
    causes = ", ".join(told[:_NAMED]) + " …" * (len(told) > _NAMED) + " *" * (len(told) < len(one.causes))
    described = TABLES[f"reports.{one.report}"]
    agency = f"{one.agency_code} {one.agency_name}" if one.agency_code else one.agency_name
    where = (described.title, _SCOPES[one.scope], agency, one.month, one.item)
    return (*where, described.headings[one.figure], _plain(one.before), _plain(one.after), causes)


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return STATES.get(value, value) if isinstance(value, str) else value


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
