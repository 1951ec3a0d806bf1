"""The look at who is late and missing, as `attendance status` prints it: by month, who owes, authorities, lately."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipelines.cli.console import printable, say, table
from pipelines.cli.findings_text import roc

if TYPE_CHECKING:
    from assets.look import Look

#: Lines of each table on the terminal; JSON has them all.
SHOWN = 40
SHOWN_AUTHORITIES = 10
SHOWN_EVENTS = 15


def say_look(one: "Look") -> None:
    """All of it, in the order in which an operator asks."""
    say(f"{one.late.at:%Y-%m-%d %H:%M} 逾期與未報送 late and missing")
    if not one.late.months:
        say("尚無應報送的機關 nobody owes anything yet: first attendance register import FILE")
        return
    say_months(one)
    say_debtors(one)
    say_authorities(one)
    say_lately(one)


def say_months(one: "Look") -> None:
    """What became of each month."""
    headings = (
        *("月份 month", "期限 due until", "應報 due", "準時 on time", "逾期報送 late", "未報送 missing"),
        *("未到期 not due yet", "退件 refused", "免報 exempt", "更正截止 corrections close"),
    )
    rows = [
        (
            roc(line.month),
            spoken(line.deadline),
            *(f"{number:,}" for number in (line.due, line.on_time, line.late, line.missing, line.open)),
            *(f"{number:,}" for number in (line.refused, line.exempt)),
            spoken(one.corrections_close[line.month]),
        )
        for line in one.late.months[::-1]
    ]
    table("各月 by month", headings, rows, numbers=range(2, 9))


def say_debtors(one: "Look") -> None:
    """Who owes, since when, and who has been reminded."""
    listed = one.late.debtors[:SHOWN]
    if not listed:
        say("沒有逾期未報送的機關 nobody is overdue")
        return
    headings = (
        *("機關代碼 code", "機關名稱 name", "主管機關 authority", "月份 months", "自 since", "天數 days"),
        *("狀況 state", "提醒 reminded"),
    )
    rows = [
        (
            debtor.agency_code,
            debtor.agency_name,
            one.names.get(debtor.authority_code or "", debtor.authority_code),
            months_text(debtor.months),
            spoken(debtor.since),
            f"{debtor.days:,}",
            "退件 refused" if debtor.refused else "待檢核 waits" if debtor.pending else None,
            reminder_text(debtor.reminded, debtor.reminded_at),
        )
        for debtor in listed
    ]
    of = f"（前 the first {len(listed):,}）" if len(one.late.debtors) > len(listed) else ""
    table(f"誰未報送 who owes: {len(one.late.debtors):,}{of}", headings, rows, numbers=[5])


def say_authorities(one: "Look") -> None:
    """The authorities with the most overdue, the worst first."""
    listed = one.late.authorities[:SHOWN_AUTHORITIES]
    if not listed:
        return
    headings = (
        *("主管機關 authority", "未報送機關 agencies", "逾期機關月 overdue months", "占應報 of due", "最久天數 days"),
    )
    rows = [
        (
            f"{line.authority_code or '-'} {line.authority_name or ''}",
            f"{line.agencies:,}",
            f"{line.overdue:,}",
            f"{line.share:.1%}",
            f"{line.days:,}",
        )
        for line in listed
    ]
    of = f"（前 the first {len(listed):,}，共 of {len(one.late.authorities):,}）"
    more = of if len(one.late.authorities) > len(listed) else ""
    table(f"主管機關，最差者在前 authorities, the worst first{more}", headings, rows, numbers=[1, 2, 3, 4])


def say_lately(one: "Look") -> None:
    """What changed since the day before."""
    from assets.look import EVENTS

    counts = [f"{EVENTS[kind]} {count:,}" for kind, count in one.happened.items()]
    counts += [f"新增逾期 newly overdue {len(one.newly_overdue):,}"] if one.newly_overdue else []
    say(f"{one.since:%Y-%m-%d %H:%M} 以來 since then: {'、'.join(counts) or '沒有異動 nothing changed'}")
    for event in one.events[-SHOWN_EVENTS:][::-1]:
        name = printable(one.names.get(event.agency_code, ""))
        say(f"  {event.at:%m-%d %H:%M} {EVENTS[event.kind]}: {event.agency_code} {name} {roc(event.month)}")
    if len(one.events) > SHOWN_EVENTS:
        say(f"  其餘 {len(one.events) - SHOWN_EVENTS:,} 件見 --format json the others: --format json")


def as_json(one: "Look") -> dict[str, Any]:
    """The look as one object; moments in Taipei, without what charts alone need."""
    late = one.late
    return {
        "at": late.at,
        "months": [{**asdict(line), "corrections_close": one.corrections_close[line.month]} for line in late.months],
        "debtors": [asdict(debtor) for debtor in late.debtors],
        "authorities": [{**asdict(line), "share": line.share} for line in late.authorities],
        "since": one.since,
        "events": [asdict(event) for event in one.events],
        "newly_overdue": [
            {"agency_code": owed.agency_code, "month": owed.month, "deadline": owed.deadline}
            for owed in one.newly_overdue
        ],
    }


def months_text(months: tuple[str, ...]) -> str:
    """`2021-04、2021-06`; of many the first and how many more."""
    most = 3
    more = f" …共 {len(months)} 個月 in all" if len(months) > most else ""
    return "、".join(months[:most]) + more


def reminder_text(times: int, at: datetime | None) -> str:
    """How often somebody was reminded, and when last."""
    return f"{times} 次，最近 last {at:%m-%d}" if at else "未提醒 not yet"


def spoken(moment: datetime) -> str:
    """A deadline as people say it; one without a zone is in Taipei."""
    from warehouse.deadlines import TAIPEI
    from warehouse.duties.reckoning import spoken as said

    return said(moment if moment.tzinfo else moment.replace(tzinfo=TAIPEI))


def overdue_of(one: "Look") -> Mapping[str, tuple[str, str]]:
    """Agency → until when it was due and its reminders, of a look at one month."""
    reminders = {debtor.agency_code: reminder_text(debtor.reminded, debtor.reminded_at) for debtor in one.late.debtors}
    return {owed.agency_code: (spoken(owed.deadline), reminders.get(owed.agency_code, "")) for owed in one.late.owed}
