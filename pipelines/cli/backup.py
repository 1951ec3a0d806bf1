"""`attendance backup`: ledger, landing and operators' files into a folder, and from there into an empty home."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, note, progress, say, say_json, table
from pipelines.cli.failures import DONE, FAULTS_FOUND

if TYPE_CHECKING:
    from warehouse.backup.making import Made
    from warehouse.backup.manifest import Manifest

#: Lines of what is wrong that the terminal shows.
SHOWN = 20


class Lost(StrEnum):
    """Keys without which an installation can go on, with new ones."""

    PERSON = "person"
    RECEIPT = "receipt"


_Destination = Annotated[
    Path, typer.Argument(metavar="DEST", help="備份資料夾 folder of the backups, a disk of its own")
]
_Name = Annotated[str | None, typer.Option("--backup", metavar="NAME", help="預設為最近一份 default: the newest")]
_Keys = Annotated[
    Path | None,
    typer.Option("--keys", metavar="FOLDER", help="金鑰所在 where landing.keys, person.key and receipt.key are"),
]


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(rich_markup_mode=None, help="備份與還原 Backups, and restoring them.")
    group.command("create", short_help="備份 make a backup while everything goes on")(create)
    group.command("list", short_help="列出備份 which backups there are")(list_)
    group.command("verify", short_help="驗證備份 whether a backup is whole and can be opened")(verify)
    group.command("restore", short_help="還原至空的資料夾 restore into an empty home")(restore)
    app.add_typer(group, name="backup")


def create(destination: _Destination, output: options.Format = Format.TEXT) -> None:
    """備份帳冊、收檔區與維運檔案，不停機；金鑰不在其中 Ledger, landing, operators' files; never the keys.

    Ends with 1 where documents are missing or damaged in landing; all else is backed up.
    """
    from pipelines.backup_keys import KeyPlaces
    from pipelines.cli.platform import opened
    from pipelines.own_files import elsewhere, own_files
    from pipelines.settings import load_settings
    from warehouse.backup.destination import Destination
    from warehouse.backup.making import Source, make_backup

    settings = load_settings()
    place = Destination(destination)
    with opened() as platform, progress("備份 backing up") as advance:
        keys = KeyPlaces(settings).marks()
        source = Source(platform.home, platform.engine, platform.landing, own_files(settings), keys)
        made = make_backup(source, place, at=platform.clock(), actor=platform.actor, advance=advance)
    if output is Format.JSON:
        say_json({**_row(made.manifest), "new": made.new, "new_bytes": made.new_bytes, "faults": made.faults})
    else:
        _say_made(made)
    for path in elsewhere(settings):
        note(
            f"不在備份中（位於 ATTENDANCE_HOME 之外） not in the backup, as it lies outside of the home folder: {path}"
        )
    raise typer.Exit(FAULTS_FOUND if made.faults else DONE)


def list_(destination: _Destination, output: options.Format = Format.TEXT) -> None:
    """列出備份，由舊到新 The backups in a folder, oldest first; unfinished ones are none."""
    from pipelines.cli.failures import one_line
    from warehouse.backup.destination import Destination
    from warehouse.backup.manifest import BackupDamaged

    place = Destination(destination)
    rows = []
    for name in place.names():
        try:
            rows.append(_row(place.manifest(name)))
        except BackupDamaged as error:
            rows.append({"name": name, "fault": one_line(error)})
    if output is Format.JSON:
        for row in rows:
            say_json(row)
        return
    headings = (
        "備份 backup",
        "程式版本 program",
        "帳冊版本 ledger",
        "報送 submissions",
        "檔案 documents",
        "位元組 bytes",
    )
    shown = [
        (
            row["name"],
            row.get("fault") or row["program"],
            row.get("revision"),
            *(_number(row, name) for name in _COUNTS),
        )
        for row in rows
    ]
    table(f"備份 backups: {len(rows):,}", headings, shown, numbers=[3, 4, 5])


def verify(
    destination: _Destination, name: _Name = None, keys: _Keys = None, output: options.Format = Format.TEXT
) -> None:
    """驗證備份：每個檔案的雜湊，每份文件都能解開 Every file by its hash, every document opened; ends with 1 if not."""
    from pipelines.backup_keys import KeyPlaces
    from pipelines.settings import load_settings
    from warehouse.backup.destination import Destination
    from warehouse.backup.verifying import verify as faults_of

    place = Destination(destination)
    manifest = place.manifest(name)
    ring = KeyPlaces(load_settings(), keys).landing_ring()
    with progress("驗證 verifying", manifest.documents) as advance:
        faults = faults_of(place, manifest, ring, advance)
    if output is Format.JSON:
        say_json({**_row(manifest), "faults": faults})
    elif faults:
        _say_faults(f"備份 {manifest.name} 有誤 the backup is not whole", faults)
        say("文件毀損者，刪除該檔後再備份一次 where a document is damaged: delete it there and make a backup again")
    else:
        say(f"備份完整 whole: {manifest.name}: {manifest.documents:,} 檔 documents, {len(manifest.files):,} 檔 files")
    raise typer.Exit(FAULTS_FOUND if faults else DONE)


def restore(
    destination: _Destination,
    name: _Name = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="HOME", help="還原至 where to; default: ATTENDANCE_HOME")
    ] = None,
    keys: _Keys = None,
    *,
    no_rebuild: Annotated[
        bool, typer.Option("--no-rebuild", help="不重建資料庫 leave store and warehouse to attendance rebuild")
    ] = False,
    without_settings: Annotated[
        bool, typer.Option("--without-settings", help="不還原 settings.toml leave it out: all stays in the folder")
    ] = False,
    lost: Annotated[
        list[Lost] | None,
        typer.Option("--lost", help="確已遺失的金鑰，改用新的 a key lost for good: a new one is made"),
    ] = None,
    output: options.Format = Format.TEXT,
) -> None:
    """還原至空的資料夾並重建資料庫；中斷後可再執行一次 Into an empty folder; cut off, it is begun again.

    Nothing is written where the keys are lacking, the backup's files are damaged, or there is anything already.
    """
    from pipelines.cli.platform import user
    from pipelines.restoring import Wanted
    from pipelines.restoring import restore as restore_backup
    from warehouse.backup.destination import Destination

    wanted = Wanted(Destination(destination), name, to, keys, [str(one) for one in lost or ()], not without_settings)
    with progress("還原 restoring") as advance:
        on_rebuild = None if no_rebuild else lambda done, total: advance(completed=done, total=total)
        restored = restore_backup(wanted, f"cli:{user()}", advance, on_rebuild)
    if output is Format.JSON:
        rebuilt = restored.rebuilt.submissions if restored.rebuilt else None
        say_json({**_row(restored.manifest), "home": str(restored.home), "own": restored.own, "rebuilt": rebuilt})
        return
    one = restored.manifest
    say(f"已還原 restored: {one.name} → {restored.home}: {one.submissions:,} 份報送 submissions")
    if restored.own:
        say(f"維運檔案 operators' files: {', '.join(restored.own)}")
    if restored.rebuilt is None:
        say("尚待重建 still to be done: attendance rebuild")
    say("請檢查 look it over: attendance doctor; docs/backup.md")


_COUNTS = ("submissions", "documents", "bytes")


def _number(row: dict[str, Any], name: str) -> str | None:
    return f"{row[name]:,}" if name in row else None


def _row(manifest: "Manifest") -> dict[str, Any]:
    return {
        "name": manifest.name,
        "made_at": manifest.made_at,
        "program": manifest.program,
        "revision": manifest.revision,
        "submissions": manifest.submissions,
        "documents": manifest.documents,
        "bytes": manifest.bytes,
        "lacking": manifest.lacking,
        "landing_keys": list(manifest.landing_keys),
    }


def _say_made(made: "Made") -> None:
    one = made.manifest
    say(
        f"已備份 backed up: {one.name}: {one.submissions:,} 份報送 submissions, {one.documents:,} 檔 documents "
        f"({one.bytes:,} bytes), 新增 new: {made.new:,} ({made.new_bytes:,} bytes)"
    )
    say(
        f"還原需要的收檔區密鑰 landing keys that a restore needs: {', '.join(one.landing_keys) or '-'}"
        "（不在備份中 not in it）"
    )
    if made.faults:
        _say_faults("收檔區缺檔或毀損 missing or damaged in landing, see attendance doctor", made.faults)


def _say_faults(title: str, faults: "list[str] | Any") -> None:
    say(f"{title}: {len(faults):,}")
    for line in faults[:SHOWN]:
        say(f"  {line}")
