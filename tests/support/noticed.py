"""An installation for tests of notices: a month with something of every kind in it, and addresses to tell."""

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.notices.config import NoticeConfig, SmtpServer
from assets.notices.sending import tell
from assets.platform import Platform
from pipelines.resources import platform
from pipelines.settings import Settings
from tests.support.installations import AGENCIES, AUTHORITY, add_agencies

MONTH = "2021-06"
#: 10:00 in Taipei on 6 July 2021; June is due by the 20th.
MORNING = datetime(2021, 7, 6, 2, tzinfo=UTC)
SENDER = "差勤資料彙整平臺 <noreply@attendance.example>"
SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"


class Clock:
    def __init__(self, now: datetime = MORNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def to(self, day: int, hour: int = 9, month: int = 7) -> None:
        """That day and hour of 2021 in Taipei."""
        self.now = datetime(2021, month, day, tzinfo=UTC) + timedelta(hours=hour - 8)


def noticed(root: Path, clock: Clock, config: NoticeConfig) -> Platform:
    """Four agencies, told by these ways."""
    opened = platform(Settings(home=root), actor="test", clock=clock)
    add_agencies(opened, *AGENCIES)
    return replace(opened, notices=config, first_month=MONTH)


def mail_config(root: Path, url: str, contacts: Mapping[str, str] | None = None) -> NoticeConfig:
    """By mail to one mailbox an agency and digests to the authority, or to these agencies alone."""
    file = root / "contacts.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    boxes = contacts or {code: f"hr@a{code.lower()}.example" for code in AGENCIES}
    rows = [f"{code},agency,{address}" for code, address in boxes.items()]
    if contacts is None:
        rows.append(f"{AUTHORITY},authority,office@county.example")
    file.write_text("\n".join(["agency_code,role,address", *rows]))
    return NoticeConfig(smtp=SmtpServer.at(url), sender=SENDER, contacts=file, templates=root / "notice_templates")


def submit(opened: Platform, make: Callable[..., bytes], agency: str, **more) -> None:
    """Hand a document in and have it judged."""
    hand_in(opened, [HandedIn(f"{agency}.json", make(agency, **more))])
    enter(opened, MONTH)


def sender_process(opened: Platform, clock: Clock) -> int:
    """A sender in a process of its own, to be killed; its id.

    Forked, as importing everything anew takes seconds: so only for notices that need no Polars, whose threads a fork
    does not have (reminders and digests).
    """
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            own = platform(Settings(home=opened.home.root), actor="killed", clock=clock)
            tell(replace(own, notices=opened.notices, first_month=opened.first_month))
        os._exit(0)
    return child
