"""`attendance rebuild`, `doctor` and `settings`: what whoever looks after an installation needs."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, printable, progress, say, say_json, table
from pipelines.cli.failures import DONE, FAULTS_FOUND, one_line

if TYPE_CHECKING:
    from warehouse.diagnosis import Diagnosis


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("rebuild", short_help="重建資料庫 store and warehouse anew")(rebuild)
    app.command("doctor", short_help="健康檢查 look everything over")(doctor)
    app.command("settings", short_help="顯示設定 every setting and its origin")(settings)


def rebuild(
    *,
    accept_changes: Annotated[
        bool,
        typer.Option("--accept-changes", help="規則變更後依現行規則重新檢核 take the results of the rules of today"),
    ] = False,
    output: options.Format = Format.TEXT,
) -> None:
    """由收檔區與報送帳冊重建資料庫 Store and warehouse anew from landing and ledger; a crash loses nothing."""
    from assets.rebuild import rebuild as rebuild_all
    from pipelines.cli.platform import opened

    with opened() as platform, progress("重建 rebuilding") as advance:
        rebuilt = rebuild_all(
            platform, lambda done, total: advance(completed=done, total=total), accept_changes=accept_changes
        )
    if output is Format.JSON:
        say_json(asdict(rebuilt))
        return
    say(
        f"已重建 rebuilt: {rebuilt.submissions:,} 份報送 submissions, {rebuilt.months:,} 個月 months, "
        f"{rebuilt.files:,} 個檔案 files, {rebuilt.seconds:.1f} s"
        + (f"；重新檢核 judged anew: {rebuilt.judged_anew:,}" if rebuilt.judged_anew else "")
    )


def doctor(output: options.Format = Format.TEXT) -> None:
    """檢查設定、帳冊、收檔區、資料庫 Look everything over; each line says ok, or what is wrong and what to do."""
    found = []
    with progress("檢查 looking") as advance:
        for one in diagnoses(advance):
            found.append(one)
            if output is Format.JSON:
                say_json(asdict(one))
            else:
                remedy = f" → {one.remedy}" if one.remedy else ""
                say(f"{'正常 ok  ' if one.ok else '有誤 FAULT'} {one.name}: {printable(one.found)}{remedy}")
    _remember(found)
    raise typer.Exit(DONE if all(one.ok for one in found) else FAULTS_FOUND)


def _remember(found: list["Diagnosis"]) -> None:
    """Write down what was found, for the metrics; a look at a disk that is full or not ours counts all the same."""
    from datetime import UTC, datetime

    from pipelines.settings import SettingsError, load_settings
    from warehouse import doctor_record, journal

    try:
        settings = load_settings()
        home = settings.place.root
        if home.is_dir():
            journal.set_up(settings.log.config(home))
            for one in found:
                if not one.ok:
                    journal.log.error("doctor_fault", about=one.name, found=one.found)
            doctor_record.keep(home, datetime.now(UTC), found)
    except (SettingsError, OSError):
        return


def diagnoses(advance: Callable[[], object]) -> Iterator["Diagnosis"]:
    """The settings first; without them nothing else can be found."""
    from assets.channels.config import SourcesError
    from assets.channels.registry import open_channels
    from pipelines.landing_keys import key_file, landing_ring
    from pipelines.person_key import person_key
    from pipelines.settings import SettingsError, load_settings
    from warehouse.backup import MARK
    from warehouse.diagnosis import Diagnosis
    from warehouse.doctor import diagnose
    from warehouse.doctor_objects import objects_usable

    try:
        loaded = load_settings()
    except SettingsError as error:
        yield Diagnosis("設定 settings", ok=False, found=one_line(error), remedy="請更正 mend it: attendance settings")
        return
    home = loaded.place
    yield Diagnosis("設定 settings", ok=True, found=f"ATTENDANCE_HOME {home.root}")
    if (home.root / MARK).exists():
        said = "請再執行一次 run it again: attendance backup restore"
        yield Diagnosis("還原 restore", ok=False, found="尚未完成 a backup is not wholly restored", remedy=said)
        return
    try:
        channels = open_channels(home.sources, {"manual": {"inbox": loaded.inbox_url}})
        yield Diagnosis("管道 channels", ok=True, found=", ".join(channels))
    except SourcesError as error:
        yield Diagnosis("管道 channels", ok=False, found=one_line(error), remedy=f"請更正 mend {home.sources}")
    if home.objects is not None:
        usable = objects_usable(home.objects)
        yield usable
        if not usable.ok:
            return
    ring = None
    if key_file(loaded).exists() or loaded.landing_keys is not None:
        try:
            ring = landing_ring(loaded)
            yield Diagnosis("收檔區密鑰 landing keys", ok=True, found=f"{len(ring.keys)} 把，可用 usable")
        except SettingsError as error:
            restore = "請自備份還原 restore it"
            yield Diagnosis("收檔區密鑰 landing keys", ok=False, found=one_line(error), remedy=restore)
            return
    if home.store.exists() and any(home.store.iterdir()):
        try:
            person_key(loaded)
            yield Diagnosis("人員代號密鑰 person key", ok=True, found="可用 usable")
        except SettingsError as error:
            yield Diagnosis(
                "人員代號密鑰 person key", ok=False, found=one_line(error), remedy="請自備份還原 restore it"
            )
    yield from diagnose(home, advance, ring)


def settings(output: options.Format = Format.TEXT) -> None:
    """顯示設定及其來源，密碼與密鑰不顯示 Every setting and where it comes from; secrets are hidden."""
    from pipelines.settings import load_settings, settings_table

    rows = settings_table(load_settings())
    if output is Format.JSON:
        for row in rows:
            say_json(asdict(row))
        return
    columns = ("設定 setting", "值 value", "來源 origin", "說明 description")
    table("設定 settings", columns, [(row.name, row.value, row.origin, row.description) for row in rows])
