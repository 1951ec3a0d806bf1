"""`attendance keys`: the keys under which landing is encrypted, rotated without stopping anything."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, progress, say, say_json, table

if TYPE_CHECKING:
    from assets.platform import Platform
    from warehouse.landing import Landing

_PLAIN = "未加密 plain"


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(rich_markup_mode=None, help="收檔區密鑰 The keys of landing.")
    group.command("list", short_help="列出密鑰及其檔案數 keys, and files under each")(list_)
    group.command("rotate", short_help="新增並啟用密鑰 add a key and use it from now on")(rotate)
    group.command("reencrypt", short_help="以現用密鑰重新加密 put every file under the active key")(reencrypt)
    group.command("retire", short_help="刪除不再使用的密鑰 forget a key that is not needed")(retire)
    app.add_typer(group, name="keys")


def list_(output: options.Format = Format.TEXT) -> None:
    """列出密鑰（不顯示內容） Ids, never the keys; how many landed files are under each."""
    from pipelines.cli.platform import opened
    from pipelines.landing_keys import made_at
    from pipelines.settings import load_settings

    with opened() as platform:
        files, ring, dates = _files_by_key(platform.landing), platform.landing.ring, made_at(load_settings())
    known = dict.fromkeys([*(ring.keys if ring else ()), *files])
    rows = [
        {"key": key, "active": bool(ring and key == ring.active), "made_at": dates.get(key), "files": files[key]}
        for key in known
    ]
    if output is Format.JSON:
        for row in rows:
            say_json(row)
        return
    lines = [(row["key"], "✓" if row["active"] else "", row["made_at"], f"{row['files']:,}") for row in rows]
    table("收檔區密鑰 landing keys", ("密鑰 key", "現用 active", "建立 made", "檔案數 files"), lines, numbers=[3])


def rotate(output: options.Format = Format.TEXT) -> None:
    """新增密鑰並自即起使用；舊檔仍可讀 Add a key; what was landed before stays readable under the older ones."""
    from pipelines import landing_keys
    from pipelines.cli.platform import opened
    from pipelines.settings import load_settings

    with opened() as platform:
        key = landing_keys.rotate(load_settings())
        _note(platform, "key_rotated", key)
    if output is Format.JSON:
        say_json({"key": key})
        return
    say(f"現用密鑰 the active key is now {key}")
    say("舊檔改用新密鑰 older files under it too: attendance keys reencrypt")


def reencrypt(output: options.Format = Format.TEXT) -> None:
    """逐檔以現用密鑰重新加密；可中斷、可重來 File by file, verified; others may read and write meanwhile."""
    from pipelines.cli.platform import opened

    changed = 0
    with opened() as platform, progress("重新加密 encrypting") as advance:
        for id_ in platform.landing.ids():
            changed += platform.landing.reseal(id_)
            advance()
        if changed:
            _note(platform, "landing_reencrypted", platform.landing.ring.active if platform.landing.ring else None)
    if output is Format.JSON:
        say_json({"files": changed})
        return
    say(f"已重新加密 put under the active key: {changed:,}")


def retire(
    key: Annotated[str, typer.Argument(metavar="KEY", help="密鑰編號 key id")], output: options.Format = Format.TEXT
) -> None:
    """刪除密鑰；尚有檔案使用者不准 Forget a key; refused while any file is under it."""
    from pipelines import landing_keys
    from pipelines.cli.platform import opened
    from pipelines.settings import load_settings

    with opened() as platform:
        landing_keys.retire(load_settings(), key, lambda: _files_by_key(platform.landing)[key])
        _note(platform, "key_retired", key)
    if output is Format.JSON:
        say_json({"key": key})
        return
    say(f"已刪除 forgotten: {key}")


def _note(platform: "Platform", action: str, key: str | None) -> None:
    """Have it in the audit; the key itself is not in it."""
    from warehouse.ledger.audit import Deed, note
    from warehouse.ledger.engine import writing

    with writing(platform.engine) as session:
        note(session, [Deed(action, platform.actor, concerns=key, at=platform.clock())])


def _files_by_key(landing: "Landing") -> Counter[str]:
    return Counter(landing.key_id(id_) or _PLAIN for id_ in landing.ids())
