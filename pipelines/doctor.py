"""What `attendance doctor` looks at, in order: settings, channels, keys, what is kept, how the channels last answered.

Which things there are to look at, and what is left out where something before is wrong.  How each is looked at is its
own module's business; nothing is changed, and nothing is made.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
from sqlalchemy.orm import Session

from assets.channel_health import health_recorded
from assets.channels.config import SourcesError
from assets.channels.registry import open_channels
from assets.overdue import runs_without_process
from pipelines.doctor_keys import landing_keys, person_key_fits, receipt_key_signs
from pipelines.doctor_recount import SAMPLE, recount_sample
from pipelines.landing_keys import key_file
from pipelines.settings import Settings, SettingsError, load_settings
from warehouse.backup import MARK
from warehouse.diagnosis import Advance, Diagnosis, some
from warehouse.doctor import diagnose, open_as_it_is
from warehouse.doctor_objects import objects_usable
from warehouse.home import Home
from warehouse.ledger import clock
from warehouse.ledger.engine import reading

#: Share of the disk that should be free, as in deploy/alerts.yml.
_FREE_SHARE = 0.1
_GIB = 1 << 30
#: Files and folders whose modes are looked at, from the root down: a home may have millions.
_MODES_LOOKED_AT = 20_000


def diagnoses(advance: Advance, sample: int | None = SAMPLE) -> Iterator[Diagnosis]:
    """The settings first; without them nothing else can be found.

    `sample`: how many agency-months are recounted; None: all.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        remedy = "請更正 correct it: attendance settings"
        yield Diagnosis("設定 settings", ok=False, found=str(error), remedy=remedy)
        return
    home = settings.place
    yield Diagnosis("設定 settings", ok=True, found=f"ATTENDANCE_HOME {home.root}")
    if (home.root / MARK).exists():
        said = "請再執行一次 run it again: attendance backup restore"
        yield Diagnosis("還原 restore", ok=False, found="尚未完成 a backup is not wholly restored", remedy=said)
        return
    if home.root.is_dir():
        yield disk_has_room(home)
        yield modes_right(home)
    yield sources_readable(settings)
    if home.objects is not None:
        usable = objects_usable(home.objects)
        yield usable
        if not usable.ok:
            return
    ring = None
    if key_file(settings).exists() or settings.landing_keys is not None:
        found, ring = landing_keys(settings)
        yield found
        if ring is None:
            return
    yield from person_key_fits(settings)
    yield from receipt_key_signs(settings)
    yield from diagnose(home, advance, ring)
    ledger, engine = open_as_it_is(home)
    if engine is None or not ledger.ok:
        return
    try:
        with reading(engine) as session:
            yield clock_right(session)
            yield from channels_working(session, settings)
        if ring is not None:
            yield from recount_sample(settings, engine, ring, advance, sample)
        yield from runs_alive(home)
    finally:
        engine.dispose()


def sources_readable(settings: Settings) -> Diagnosis:
    """Whether `sources.toml` can be used; nothing is connected."""
    name, file = "管道設定 channel settings", settings.place.sources
    try:
        channels = open_channels(file, {"manual": {"inbox": settings.inbox_url}})
    except SourcesError as error:
        return Diagnosis(name, ok=False, found=str(error), remedy=f"請更正 correct {file}")
    return Diagnosis(name, ok=True, found=", ".join(channels))


def disk_has_room(home: Home) -> Diagnosis:
    """Whether a tenth of the home folder's file system is free, as the alert on it asks."""
    name = "磁碟空間 disk space"
    found = os.statvfs(home.root)
    free, size = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    said = f"{free / _GIB:,.1f} GiB 可用，共 free of {size / _GIB:,.1f} GiB"
    if free < size * _FREE_SHARE:
        remedy = f"請清出空間或擴充 make room or enlarge it: {home.root}"
        return Diagnosis(name, ok=False, found=f"{said}，不足 less than {_FREE_SHARE:.0%}", remedy=remedy)
    return Diagnosis(name, ok=True, found=said)


def modes_right(home: Home) -> Diagnosis:
    """Whether nobody but the owner (and the group, where the settings say so) may read the first files of the home."""
    name = "檔案權限 file modes"
    if loose := home.unprotected(_MODES_LOOKED_AT):
        found = f"{len(loose):,} 個檔案或資料夾之權限過寬 files or folders with modes too wide: {some(map(str, loose))}"
        return Diagnosis(name, ok=False, found=found, remedy=f"chmod -R go-rwx {home.root}")
    return Diagnosis(name, ok=True, found="僅擁有者可讀 the owner's alone")


def clock_right(session: Session) -> Diagnosis:
    """Whether this machine's clock agrees with PostgreSQL's, and no document came from the future."""
    name, remedy = "時鐘 clock", "請校時 set the clocks of all machines (NTP)"
    by = clock.from_database(session)
    if by is not None and abs(by) > clock.TOLERATED:
        return Diagnosis(name, ok=False, found=str(clock.ClockDisagrees(by)), remedy=remedy)
    if future := clock.in_the_future(session, datetime.now(UTC)):
        said = f"{future:,} 件報送之送達時間在未來 documents were received in the future: a clock was wrong"
        wrong = f"{remedy}；逾期之誤判請以展延更正 what is called late wrongly: attendance duties extend"
        return Diagnosis(name, ok=False, found=said, remedy=wrong)
    agrees = "" if by is None else f"，與資料庫主機相差 {abs(by.total_seconds()):.1f} 秒 from the database server's"
    return Diagnosis(name, ok=True, found=f"無異常 nothing odd{agrees}")


def runs_alive(home: Home) -> Iterator[Diagnosis]:
    """Whether every run that counts as started has its process; nothing where Dagster was never used."""
    if not (home.dagster / "dagster.yaml").exists():
        return
    name = "執行中的作業 runs"
    try:
        with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
            dead = runs_without_process(home, instance)
    except Exception as error:  # noqa: BLE001 — its storage may be any database, away or on a disk that is full
        said = f"Dagster 的資料庫無法開啟 Dagster's own database cannot be opened ({type(error).__name__})"
        remedy = "請確認資料庫已啟動、磁碟有空間 see that it is up and its disk has room"
        yield Diagnosis(name, ok=False, found=said, remedy=remedy)
        return
    if dead:
        listed = some(f"{run.job_name} {run.tags.get('dagster/partition', '')}".strip() for run in dead)
        remedy = (
            "請啟動 Dagster（daemon 將使其失敗並重新執行） start Dagster: its daemon fails them and runs them again"
        )
        yield Diagnosis(name, ok=False, found=f"{len(dead)} 件程序已不存在 without a process: {listed}", remedy=remedy)
    else:
        yield Diagnosis(name, ok=True, found="無中止者 none is dead")


def channels_working(session: Session, settings: Settings) -> Iterator[Diagnosis]:
    """How each channel last answered, by the judgement that runs, metrics and exit codes go by."""
    for one in health_recorded(session, settings.pull_failed_share):
        again = f"排除後重新收件 remove the cause, then: attendance pull --month {one.month}"
        remedy = again if one.is_down else ""
        yield Diagnosis(f"管道 channel {one.channel}", ok=not one.is_down, found=str(one), remedy=remedy)
