"""What each alert of `deploy/alerts.yml` is about, caused for real in an installation of its own.

`python -m tests.support.causes FOLDER` causes each and writes what `attendance` then says, as docs/runbook.md has it;
`tests/end_to_end/test_alerts.py` holds that each makes its alert fire and no healthy installation does.
"""

import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from assets import reviewing
from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.notices.sending import tell
from assets.platform import Platform
from pipelines.cli.app import ending
from pipelines.resources import platform
from pipelines.runs import run_job
from pipelines.settings import load_settings
from tests.support.installations import AGENCIES, document, installation, refused
from tests.support.mail_server import MailServer
from warehouse.duties.calendar import shipped
from warehouse.ledger.engine import writing
from warehouse.ledger.models import Agency, Obligation
from warehouse.months import month_range, shifted

#: Since when a month must have been due to count as not closed, and a little more.
_PATIENCE = timedelta(hours=7)
_LONG_AGO = timedelta(hours=4)
_SMALL_DISK = 64 << 20


class Here:
    """An installation at `home`; what `attendance` says in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.months = _months()

    @contextmanager
    def environment(self, **more: str) -> Iterator[None]:
        """The variables with which everything in the block is of this installation."""
        with patch.dict(os.environ, {"ATTENDANCE_HOME": str(self.home), **more}):
            yield

    def attendance(self, *arguments: str, **more: str) -> tuple[int, str]:
        """Run the program; its exit code, and standard output and error as they came."""
        said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        with self.environment(**more), redirect_stdout(said), redirect_stderr(said):
            code = ending(list(arguments))
        said.flush()
        return code, said.buffer.getvalue().decode()

    def metrics(self) -> str:
        """What Prometheus would read."""
        code, text = self.attendance("metrics")
        assert code == 0, text
        return text

    @contextmanager
    def opened(self, at: datetime | None = None, **more: str) -> Iterator[Platform]:
        """The platform, by whose clock it is that moment."""
        with self.environment(**more):
            here = platform(load_settings(), actor="cause", clock=lambda: at or datetime.now(UTC))
            try:
                yield here
            finally:
                here.engine.dispose()


def _months() -> list[str]:
    """From the newest month whose deadline has passed to the newest that has ended."""
    last = shifted(f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m}", -1)
    due = last
    while shipped().due(due) > datetime.now(UTC) - _PATIENCE:
        due = shifted(due, -1)
    return month_range(due, last)


def healthy(home: Path) -> Here:
    """Four agencies whose months were handed in, run as the schedules do, and looked over."""
    here = Here(home)
    opened = installation(home, datetime.now(UTC))
    made = datetime.now(UTC).isoformat(timespec="seconds")
    hand_in(opened, [HandedIn(f"{a}-{m}", document(a, m, made)) for a in AGENCIES for m in here.months])
    opened.engine.dispose()
    for month in here.months:
        assert here.attendance("run", "--month", month)[0] == 0
    assert here.attendance("doctor")[0] == 0
    return here


def submissions_wait(here: Here) -> None:
    """A document came three hours ago, and neither sensor nor schedule runs: the daemon is down."""
    with here.opened(datetime.now(UTC) - timedelta(hours=3)) as opened:
        changed = document(AGENCIES[0], here.months[-1], "2026-01-01T09:00:00+08:00")
        hand_in(opened, [HandedIn("late.json", changed)])


def nothing_runs(here: Here) -> None:
    """Dagster's records are empty, as after days without a daemon: no pull and no close ever ended."""
    shutil.rmtree(here.home / "dagster")


def published_behind(here: Here) -> None:
    """A correction was entered by a backfill, and whoever publishes what is behind does not run."""
    with here.opened() as opened:
        hand_in(opened, [HandedIn("again.json", refused(AGENCIES[1], here.months[0]))])
    with here.environment():
        run_job(load_settings(), "late_entry", here.months[0], {}, actor="cause")


def channel_fails(here: Here) -> None:
    """Six agencies are fetched from by WebITR, whose server is stopped: nobody listens on its port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with here.opened() as opened, writing(opened.engine) as session:
        for number in range(6):
            code = f"37650010{number}A"
            session.add(
                Agency(agency_code=code, name=f"機關 {code}", parent_code=AGENCIES[0], authority_code=AGENCIES[0])
            )
            session.add(Obligation(agency_code=code, channel="webitr"))
    (here.home / "sources.toml").write_text(_webitr(port))
    code, said = here.attendance("run", "--month", here.months[-1])
    assert code == 2, said


def _webitr(port: int) -> str:
    agencies = "".join(
        f'\n[webitr.agencies.37650010{number}A]\nbase_url = "http://127.0.0.1:{port}"\ntoken = "t"\n'
        for number in range(6)
    )
    return f"[webitr]\nattempts = 1\n{agencies}"


def run_fails(here: Here) -> None:
    """A publisher hangs and keeps the lock: whoever comes after it gives up (after 300 s; here after one)."""
    with here.opened() as opened:
        hand_in(opened, [HandedIn("again.json", document(AGENCIES[2], here.months[-1], "2026-01-01T09:00:00+08:00"))])
    lock = here.home / "published" / ".lock"
    code = (
        "import fcntl, sys, time; file = open(sys.argv[1], 'a+'); fcntl.flock(file, fcntl.LOCK_EX); file.truncate(0); "
        "file.write('pid 4711 on publisher-1'); file.flush(); print('held', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            with patch.object(reviewing, "_PATIENCE", 1.0):
                assert here.attendance("run", "--month", here.months[-1])[0] == 2
        finally:
            holder.kill()


def run_hangs(here: Here) -> None:
    """A run was killed (SIGKILL) in a pull from a server that never answers, by Dagster's records four hours ago."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with here.opened() as opened, writing(opened.engine) as session:
            code = "376500100A"
            session.add(
                Agency(agency_code=code, name=f"機關 {code}", parent_code=AGENCIES[0], authority_code=AGENCIES[0])
            )
            session.add(Obligation(agency_code=code, channel="webitr"))
        (here.home / "sources.toml").write_text(_webitr(silent.getsockname()[1]))
        with here.environment():
            command = [Path(sys.executable).with_name("attendance"), "run", "--month", here.months[-1]]
            run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        silent.settimeout(120)
        silent.accept()
        run.send_signal(signal.SIGKILL)
        run.wait()
    (here.home / "sources.toml").unlink()
    with sqlite3.connect(here.home / "dagster" / "history" / "runs.db") as runs:
        then = (datetime.now(UTC) - _LONG_AGO).strftime("%Y-%m-%d %H:%M:%S.%f")
        runs.execute("UPDATE runs SET create_timestamp = ? WHERE status = 'STARTED'", (then,))


def _notices_set_up(here: Here, at: datetime, url: str, address: str) -> dict[str, str]:
    with here.opened(at) as opened:
        hand_in(opened, [HandedIn("wrong.json", refused(AGENCIES[1], here.months[-1]))])
        enter(opened, here.months[-1])
    (here.home / "contacts.csv").write_text(f"agency_code,role,address\n{AGENCIES[1]},agency,{address}\n")
    return {"ATTENDANCE_NOTICES__SMTP_URL": url, "ATTENDANCE_NOTICES__SENDER": "attendance@attendance.example"}


def notices_delayed(here: Here) -> None:
    """Three hours ago a document was refused; the mail server does not answer since."""
    then = datetime.now(UTC) - timedelta(hours=3)
    variables = _notices_set_up(here, then, "smtp://127.0.0.1:9", "hr@first.example")
    with here.opened(then, **variables) as opened:
        assert tell(opened).down


def notices_fail(here: Here) -> None:
    """The mail server refuses an agency's address for good."""
    server = MailServer()
    server.start()
    try:
        variables = _notices_set_up(here, datetime.now(UTC), server.url, "nobody@first.example")
        assert here.attendance("notices", "send", **variables)[0] == 1
    finally:
        server.stop()


def audit_damaged(here: Here) -> None:
    """Somebody with the ledger's file changes who did something, in the row that the newest publishing noted."""
    anchor = json.loads((here.home / "published" / "manifest.json").read_text())["audit"]["seq"]
    with sqlite3.connect(here.home / "ledger.sqlite") as ledger:
        guards = ledger.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        ).fetchall()
        for (guard,) in guards:  # the audit is append-only to whoever does not own the file
            ledger.execute(f"DROP TRIGGER {guard}")
        ledger.execute("UPDATE audit SET actor = 'nobody', hash = ? WHERE seq = ?", ("0" * 64, anchor))


def store_damaged(here: Here) -> None:
    """A Parquet file of the store is cut short; the doctor looks."""
    file = next((here.home / "store" / "employees").rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:100])
    assert here.attendance("doctor")[0] == 1


def doctor_never_ran(here: Here) -> None:
    """Nobody looked since the installation was made."""
    (here.home / "doctor.json").unlink()


def ledger_gone(here: Here) -> None:
    """The ledger's file is damaged while metrics are asked for: its first page is overwritten."""
    with (here.home / "ledger.sqlite").open("r+b") as file:
        file.write(b"\0" * 4096)


#: Alert → what causes it.  Two are caused otherwise: a full disk needs a mount, absent metrics nothing at all.
CAUSES: dict[str, Callable[[Here], None]] = {
    "AttendanceSubmissionsWaiting": submissions_wait,
    "AttendanceMonthNotPulled": nothing_runs,
    "AttendanceMonthNotClosed": nothing_runs,
    "AttendancePublishedBehind": published_behind,
    "AttendanceChannelFailing": channel_fails,
    "AttendanceRunFailed": run_fails,
    "AttendanceRunHanging": run_hangs,
    "AttendanceNoticesDelayed": notices_delayed,
    "AttendanceNoticesUnsettled": notices_fail,
    "AttendanceAuditBroken": audit_damaged,
    "AttendanceDoctorFaults": store_damaged,
    "AttendanceDoctorNotRun": doctor_never_ran,
}


def copied(of: Here, home: Path) -> Here:
    """The same installation in another folder."""
    shutil.copytree(of.home, home)
    return Here(home)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A file system of 64 MiB of its own; None where mounting is not allowed."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SMALL_DISK}", "alerts", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def disk_fills(home: Path) -> None:
    """Something else on the disk takes all but a twentieth of it."""
    free = os.statvfs(home)
    room = free.f_bavail * free.f_frsize
    with (home / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room - _SMALL_DISK // 20)


def main(folder: Path) -> None:
    """Cause each and write what the commands say."""
    well = healthy(folder / "healthy")
    _said(well, folder / "healthy.txt")
    for name, cause in CAUSES.items():
        here = copied(well, folder / name)
        began = time.monotonic()
        cause(here)
        _said(here, folder / f"{name}.txt")
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    gone = copied(well, folder / "ledger")
    ledger_gone(gone)
    _said(gone, folder / "AttendanceMetricsIncomplete.txt")
    with small_disk(folder / "disk") as disk:
        if disk is not None:
            full = copied(well, disk / "home")
            disk_fills(full.home)
            _said(full, folder / "AttendanceDiskNearlyFull.txt")


def _said(here: Here, file: Path) -> None:
    commands = (["status"], ["doctor"], ["scheduled", "watch"], ["metrics"], ["notices", "list"])
    parts = []
    for command in commands:
        code, text = here.attendance(*command)
        shown = "\n".join(line for line in text.splitlines() if not line.startswith("# "))
        parts.append(f"$ attendance {' '.join(command)}    # exit code {code}\n{shown}\n")
    log = (here.home / "logs" / "attendance.log").read_text(encoding="utf-8").splitlines()[-12:]
    file.write_text("\n".join([*parts, "$ tail logs/attendance.log", *log, ""]), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
