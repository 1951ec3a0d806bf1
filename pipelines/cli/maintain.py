"""`attendance rebuild`, `doctor` and `settings`: what whoever looks after an installation needs."""

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, printable, progress, say, say_json, table
from pipelines.cli.failures import DONE, FAULTS_FOUND

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


def doctor(
    *,
    everything: Annotated[
        bool,
        typer.Option("--all", help="重算全部機關年月，而非每日抽 20 個 recount all agency-months, not 20 drawn by day"),
    ] = False,
    output: options.Format = Format.TEXT,
) -> None:
    """檢查設定、帳冊、收檔區、資料庫 Look everything over; each line says ok, or what is wrong and what to do."""
    from pipelines.doctor import diagnoses
    from pipelines.doctor_recount import SAMPLE

    found = []
    with progress("檢查 looking") as advance:
        for one in diagnoses(advance, None if everything else SAMPLE):
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
            os.umask(settings.place.umask)
            journal.set_up(settings.log.config(home))
            for one in found:
                if not one.ok:
                    journal.log.error("doctor_fault", about=one.name, found=one.found)
            doctor_record.keep(home, datetime.now(UTC), found)
    except (SettingsError, OSError):
        return


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
