"""Charts of who is late and missing: months, authorities, arrivals around the deadline.  PNG or SVG, in Chinese.

Labels are set in the font of `assets/fonts`, which holds the characters of Big5; for
any other the system's fonts are asked.  In SVG letters are outlines, so that it reads the same everywhere.
"""

import io
from collections.abc import Sequence
from functools import cache
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure

from assets.font import FONT
from assets.look import Look
from checks.model.roc import roc_month_text
from warehouse.lateness import LATE, MISSING, ON_TIME, OPEN, AuthorityLine, MonthLine, arrivals_by_day

#: Asked in this order for characters that ours does not hold.
_OTHERS = ("Noto Sans CJK TC", "Noto Sans TC", "PingFang TC", "Microsoft JhengHei", "DejaVu Sans")

#: Outcome → its name and colour; told apart without colour too, by the order and the numbers.
_SHOWN = {
    ON_TIME: ("準時", "#3b7d5a"),
    LATE: ("逾期報送", "#d9a441"),
    MISSING: ("逾期未報送", "#b5433f"),
    OPEN: ("未到期", "#c9ced6"),
}
#: Authorities and months in one chart, days around the deadline.
MOST_AUTHORITIES = 12
MOST_CURVES = 4
DAYS = range(-20, 15)
_CURVES = ("#b5433f", "#2f5d8a", "#7a8794", "#c3c9d0")
_NUMBERED_FROM = 0.04


def charts(look: Look) -> dict[str, Figure]:
    """The charts of a look, by name; those of which there is nothing to show are left out."""
    drawn = {}
    with mpl.rc_context(_style()):
        if look.late.months:
            drawn["months"] = _months(look.late.months)
            drawn["arrivals"] = _arrivals(look)
        if look.late.authorities:
            drawn["authorities"] = _authorities(look.late.authorities)
    return drawn


def picture(look: Look) -> Figure:
    """All charts of a look, one below the other, for one file."""
    with mpl.rc_context(_style()):
        parts = 2 + bool(look.late.authorities)
        figure = Figure(figsize=(9, 3.4 * parts), layout="constrained")
        axes = figure.subplots(parts)
        _draw_months(axes[0], look.late.months)
        _draw_arrivals(axes[1], look)
        if look.late.authorities:
            _draw_authorities(axes[2], look.late.authorities)
        figure.suptitle(f"逾期與未報送  {look.late.at:%Y-%m-%d %H:%M}", fontsize=14)
        return figure


def rendered(figure: Figure, kind: str) -> bytes:
    """The figure as `png` or `svg`; the same figure gives the same bytes."""
    with mpl.rc_context(_style()):
        file = io.BytesIO()
        metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(file, format=kind, dpi=110, metadata=metadata)
        return file.getvalue()


@cache
def _style() -> Any:
    font_manager.fontManager.addfont(FONT)
    name = font_manager.FontProperties(fname=FONT).get_name()
    known = {font.name for font in font_manager.fontManager.ttflist}
    return {
        "font.family": [name, *(other for other in _OTHERS if other in known)],
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": False,
        "axes.titlelocation": "left",
        "svg.fonttype": "path",
        "svg.hashsalt": "attendance",
    }


def _months(months: Sequence[MonthLine]) -> Figure:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    _draw_months(figure.subplots(), months)
    return figure


def _draw_months(axes: Any, months: Sequence[MonthLine]) -> None:
    names = [roc_month_text(one.month) for one in months]
    most = max((one.due for one in months), default=1)
    below = [0] * len(months)
    for outcome, (title, colour) in _SHOWN.items():
        heights = [getattr(one, outcome) for one in months]
        bars = axes.bar(names, heights, bottom=below, label=title, color=colour, width=0.6)
        labels = [f"{height:,}" if height >= most * _NUMBERED_FROM and outcome != MISSING else "" for height in heights]
        axes.bar_label(bars, labels, label_type="center", color="black" if outcome in (OPEN, LATE) else "white")
        below = [bottom + height for bottom, height in zip(below, heights, strict=True)]
    for name, one, top in zip(names, months, below, strict=True):
        if one.missing:
            axes.text(
                name, top + most * 0.01, f"未報送 {one.missing:,}", ha="center", va="bottom", color=_SHOWN[MISSING][1]
            )
    axes.set_title("各月報送情形（應報送機關數）")
    axes.set_ylabel("機關數")
    axes.margins(x=0.08)
    axes.set_ylim(0, most * 1.12)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.12), frameon=False)


def _authorities(authorities: Sequence[AuthorityLine]) -> Figure:
    figure = Figure(figsize=(9, 1.4 + 0.32 * min(len(authorities), MOST_AUTHORITIES)), layout="constrained")
    _draw_authorities(figure.subplots(), authorities)
    return figure


def _draw_authorities(axes: Any, authorities: Sequence[AuthorityLine]) -> None:
    worst = list(authorities[:MOST_AUTHORITIES])[::-1]
    names = [one.authority_name or one.authority_code or "無主管機關" for one in worst]
    bars = axes.barh(names, [one.overdue for one in worst], color=_SHOWN[MISSING][1], height=0.65)
    labels = [f"{one.overdue:,}（應報送的 {one.share:.0%}，最久 {one.days:,} 天）" for one in worst]
    axes.bar_label(bars, labels, padding=4)
    shown = f"前 {len(worst)} 名，共 {len(authorities):,} 個主管機關" if len(authorities) > len(worst) else ""
    axes.set_title(f"逾期未報送最多的主管機關{f'（{shown}）' if shown else ''}")
    axes.set_xlabel("逾期未報送的機關月數")
    axes.margins(x=0.35)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _arrivals(look: Look) -> Figure:
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    _draw_arrivals(figure.subplots(), look)
    return figure


def _draw_arrivals(axes: Any, look: Look) -> None:
    newest = [one.month for one in look.late.months[-MOST_CURVES:]][::-1]
    for colour, month in zip(_CURVES, newest, strict=False):
        points = arrivals_by_day(look.late.owed, month, look.late.at, DAYS)
        if points:
            days, shares = zip(*points, strict=True)
            axes.plot(
                days,
                [share * 100 for share in shares],
                color=colour,
                label=roc_month_text(month),
                linewidth=2,
                drawstyle="steps-post",
            )
    axes.axvline(0, color="#555555", linewidth=1, linestyle="--")
    axes.text(0.3, 3, "期限", color="#555555")
    axes.set_title("入檔進度：期限前後各日已入檔的機關比例")
    axes.set_xlabel("距期限天數（0 為期限當日結束）")
    axes.set_ylabel("已入檔 %")
    axes.set_ylim(0, 103)
    axes.set_xlim(DAYS[0], DAYS[-1])
    if axes.lines[:-1]:
        axes.legend(loc="upper left", frameon=False)
