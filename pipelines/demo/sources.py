"""The demo home's `sources.toml`: where the made-up country's systems are, in the words of docs/channels.md."""

import json
from collections.abc import Iterable, Mapping

from pipelines.demo.country import Country, Subsystem
from pipelines.demo.p2k_rows import IN_SERVICE, KIND_CODES, ROSTER, UNPAID_LEAVE
from pipelines.demo.webitr_server import WebItrServer


def sources_toml(country: Country, server: WebItrServer, databases: Mapping[Subsystem, str]) -> str:
    """The file's text; `databases` are SQLAlchemy URLs."""
    lines = [
        "# 示範用：系統都在本機 For the demo: every system is on this machine.",
        "[webitr]",
        *("connect_seconds = 5", "timeout_seconds = 30", "attempts = 2", "pause_seconds = 0.1"),
        *("", "[manual]", "settle_seconds = 0"),
    ]
    for agency in country.agencies:
        if agency.channel == "webitr":
            lines += ["", f"[webitr.agencies.{agency.agency_code}]"]
            lines.append(f"base_url = {_text(server.base_url(agency.agency_code))}")
            lines.append(f"token = {_text(server.token(agency.agency_code))}")
    for subsystem, url in databases.items():
        codes = ", ".join(_text(agency.agency_code) for agency in country.agencies_of(subsystem))
        table = f"webhr.subsystems.{subsystem.name}"
        lines += ["", f"[{table}]", f"url = {_text(url)}", f"agencies = [{codes}]"]
        lines += ["", f"[{table}.leave_types]", *_pairs((own, code) for code, own in subsystem.codes.items())]
        lines += ["", f"[{table}.person_kinds.codes]", *_pairs((own, kind) for kind, own in KIND_CODES.items())]
        lines += ["", *_installation(table)]
    return "\n".join(lines) + "\n"


def _installation(table: str) -> list[str]:
    """What these databases have beside the usual tables and columns."""
    return [
        f"[{table}.service]",
        *('column = "PESTATE"', 'unpaid_from = "PESUSB"', 'unpaid_to = "PESUSE"'),
        f"[{table}.service.codes]",
        *_pairs(((IN_SERVICE, "active"), (UNPAID_LEAVE, "unpaid_leave"))),
        f"[{table}.clocks]",
        'column = "PECLOCK"',
        "codes = { Y = true, N = false }",
        f"[{table}.entitlements]",
        'year = "PEHYEAR"',
        f"[{table}.rosters]",
        f"table = {_text(ROSTER)}",
        *('person = "IDNO"', 'day = "DUTYDATE"', 'start = "STIME"', 'end = "ETIME"', 'hours = "HOURS"'),
    ]


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{_text(key)} = {_text(value)}" for key, value in pairs]


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's."""
    return json.dumps(value, ensure_ascii=False)
