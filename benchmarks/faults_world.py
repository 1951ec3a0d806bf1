"""The world of the trials: the demo's country over three months, in six acts, each from a home that is kept.

An act is one ordinary run: documents wait in the inbox, on WebITR servers and on somebody's desk.  Among them are
refused ones, ones with errors, corrections beside what they correct, the same bytes twice, and a withdrawal.  Each
act is run once undisturbed; what that leaves (`faults_checks.Picture`) is what every disturbed run must come to.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from faults_checks import Picture, picture
from faults_process import DESK, STEPS, Running, Task, run

from pipelines.demo.country import Country, Handing
from pipelines.demo.manual_files import write_manual_files
from pipelines.demo.plan import MONTHS, Planned, Round
from pipelines.demo.sources import sources_toml
from pipelines.demo.webitr_server import WebItrServer
from pipelines.resources import platform
from pipelines.settings import Settings
from warehouse.ledger.decisions import withdraw
from warehouse.ledger.engine import writing
from warehouse.register import import_register

_BEGIN = date(2021, 1, 1)
#: Manual agencies that put a correction into the inbox beside what it corrects.
_CORRECTED_AT_ONCE = 2


class Ledger(Protocol):
    """Where the ledger is: kept and brought back together with the home."""

    @property
    def url(self) -> str | None:
        """For the settings; None: SQLite in the home."""

    def keep(self, number: int) -> None:
        """Keep what it holds as of before an act."""

    def bring_back(self, number: int) -> None:
        """Make it what it was then."""


class InTheHome:
    """SQLite, which lies in the home and is kept with it."""

    url = None

    def keep(self, number: int) -> None:
        """Nothing to do."""

    def bring_back(self, number: int) -> None:
        """Nothing to do."""


@dataclass(frozen=True)
class Act:
    """One ordinary run: of a month, before or after its deadline, at a moment of the country's time."""

    number: int
    month: str
    when: Round
    at: datetime


def acts_of(months: Sequence[str]) -> list[Act]:
    """Two acts a month."""
    rounds = [(month, when) for month in months for when in Round]
    return [Act(number, month, when, when.begins(month)) for number, (month, when) in enumerate(rounds)]


class World:
    """The acts in one home; `durations` are seconds by act and step of the undisturbed runs."""

    def __init__(self, work: Path, ledger: Ledger | None = None, months: Sequence[str] = MONTHS[-3:]) -> None:
        self.acts = acts_of(months)
        self.home = work / "home"
        self.durations: list[dict[str, float]] = []
        self.pictures: list[Picture] = []
        self.ledger = ledger or InTheHome()
        self._kept = work / "kept"
        self._country = Country()
        self._documents = {
            (act.month, act.when): self._country.handed_in(act.month, act.when) for act in acts_of(months)
        }
        self._servers: list[WebItrServer] = []

    @contextmanager
    def open(self) -> Iterator["World"]:
        """Serve what the WebITR agencies offer in each act, and play the acts."""
        self._kept.mkdir(parents=True)
        with ExitStack() as stack:
            for act in self.acts:
                server = WebItrServer()
                for when in Round:
                    if when <= act.when:
                        server.offer(one for one in self._documents[act.month, when] if one.channel == "webitr")
                self._servers.append(stack.enter_context(server))
            self._play()
            yield self

    def restore(self, act: Act) -> None:
        """Bring the home back to what it was before the act, every time under the same path."""
        for path in self.home.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        subprocess.run(["cp", "-a", f"{self._kept / str(act.number)}/.", str(self.home)], check=True)
        self.ledger.bring_back(act.number)

    def task(self, act: Act, attempt: float = 0, steps: tuple[str, ...] = STEPS, **more: Any) -> Task:
        """The act's run; each further attempt an hour later."""
        return Task(self.home, self.ledger.url, act.month, act.at + timedelta(hours=attempt), steps, **more)

    def _play(self) -> None:
        """Run every act undisturbed, keeping the home before each and the picture after it."""
        self.home.mkdir(parents=True, exist_ok=True)
        opened = platform(Settings(home=self.home, ledger_url=self.ledger.url))
        opened.person_key()  # one for all acts: each disturbed run would make another
        with writing(opened.engine) as session:
            import_register(session, self._country.register, _BEGIN)
        opened.engine.dispose()
        for act in self.acts:
            self._prepare(act)
            kept = self._kept / str(act.number)
            subprocess.run(["cp", "-a", str(self.home), str(kept)], check=True)
            self.ledger.keep(act.number)
            self.durations.append(_durations(run(self.task(act))))
            self.pictures.append(picture(self.home, self.ledger.url, self._kept / f"{act.number}.tables"))

    def _prepare(self, act: Act) -> None:
        """Put what the act's run is to find where it finds it."""
        sources = sources_toml(self._country, self._servers[act.number], {})
        (self.home / "sources.toml").write_text(sources, encoding="utf-8")
        by_hand = [one for one in self._documents[act.month, act.when] if one.channel == "manual"]
        shutil.rmtree(self.home / DESK, ignore_errors=True)
        if act.when is Round.LATE:
            write_manual_files(self.home / DESK, by_hand, act.month)
            self._withdraw(act)
            return
        inbox = self.home / "inbox"
        write_manual_files(inbox, by_hand, act.month)
        for number, one in enumerate(self._corrected(act.month, by_hand)):
            (inbox / f"更正-{act.month}-{number}.json").write_bytes(_correction(one.data))
        write_manual_files(self.home / DESK, by_hand[:1], act.month)

    def _corrected(self, month: str, by_hand: list[Handing]) -> list[Handing]:
        """Sound documents of agencies that report by hand once."""
        codes = {one.agency_code for one in self._country.planned(month) if _once_sound(one)}
        return [one for one in by_hand if one.agency_code in codes][-_CORRECTED_AT_ONCE:]

    def _withdraw(self, act: Act) -> None:
        """An agency takes its month back before the act; the act's run shows that to the readers."""
        planned = [one for one in self._country.planned(act.month) if _once_sound(one)]
        agency = next(one for one in planned if self._country.agency(one.agency_code).channel == "webitr")
        opened = platform(Settings(home=self.home, ledger_url=self.ledger.url))
        with writing(opened.engine) as session:
            at = act.at - timedelta(days=1)
            withdraw(session, agency.agency_code, act.month, reason="誤送", actor="faults", at=at)
        opened.engine.dispose()


def _once_sound(planned: Planned) -> bool:
    if len(planned.attempts) != 1:
        return False
    (attempt,) = planned.attempts
    return attempt.fault is None and attempt.when is Round.ON_TIME


def _correction(data: bytes) -> bytes:
    """The same document a day later, with the last leave left out."""
    document = json.loads(data)
    produced = datetime.fromisoformat(document["produced_at"]) + timedelta(days=1)
    changed = {"produced_at": produced.isoformat(timespec="seconds"), "leaves": document["leaves"][:-1]}
    return json.dumps(document | changed, ensure_ascii=False).encode()


def _durations(running: Running) -> dict[str, float]:
    """Seconds of each step."""
    moments = list(running.began.items())
    return {step: after - began for (step, began), (_, after) in pairwise(moments)}
