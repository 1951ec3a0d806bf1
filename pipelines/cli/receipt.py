"""`attendance receipt`: receipts that whoever holds the file can verify, without the platform."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.words import SUBMISSION_STATES
from pipelines.cli import options
from pipelines.cli.console import Format, note, printable, say, say_json
from pipelines.cli.failures import DONE, FAULTS_FOUND, CannotError
from pipelines.cli.findings_text import roc

if TYPE_CHECKING:
    from warehouse.receipt_signature import Verdict

_GENUINE = "簽章有效：收據由平臺開立且未經更改 the platform signed this receipt, and nothing in it was changed"
_FORGED = "簽章無效：收據曾遭更改，或非該平臺開立 the signature does not hold: changed, or not this platform's"
_UNCHANGED = "收據開立後未經更改，惟未驗證開立者 nothing was changed since it was signed; by whom was not checked"
_CHANGED = "簽章無效：收據曾遭更改 the signature does not hold: the receipt was changed"
_OTHER_KEY = (
    "收據以另一把金鑰簽章，請向平臺索取該金鑰的公鑰（指紋 {key}） "
    "signed under another key: ask the platform for the public key of {key}"
)
_WHICH_KEY = (
    "請以 --public-key 指定向平臺取得的公鑰，或與平臺核對金鑰指紋 {key} "
    "give the platform's key with --public-key, or ask the platform whether its key is {key}"
)
#: What is said of a receipt, with its title.
_SHOWN = {
    "submission_id": "報送編號 id",
    "received_at": "送達時間 received",
    "deadline": "報送期限 due until",
    "on_time": "準時 on time",
    "channel": "管道 channel",
    "state": "狀態 state",
    "rule_set": "規則版本 rules",
    "issued_at": "開立時間 issued",
}


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(rich_markup_mode=None, help="收據 Receipts that can be verified offline.")
    group.command("issue", short_help="開立收據檔 write a signed receipt")(issue)
    group.command("verify", short_help="離線驗證收據 verify a receipt offline")(verify)
    group.command("key", short_help="印出驗證用公鑰 print the public key")(key)
    app.add_typer(group, name="receipt")


def issue(
    agency: options.Agency,
    month: options.Month,
    id_: Annotated[str | None, typer.Option("--id", metavar="ID", help="預設為最近一份 default: the newest")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="收據檔 the receipt")] = None,
) -> None:
    """開立收據：收到什麼、何時、結果為何，並簽章 A signed receipt of a submission as it stands now."""
    from assets.receipts import NoSuchSubmission, issue_receipt
    from pipelines.cli.platform import opened
    from warehouse.export import appearing_whole

    with opened() as platform:
        try:
            said = issue_receipt(platform, agency, month, id_)
        except NoSuchSubmission as error:
            raise CannotError(str(error)) from None
    text = json.dumps(said, ensure_ascii=False, indent=1)
    if output is None:
        say(text)
    else:
        with appearing_whole(output) as unfinished:
            unfinished.write_text(text + "\n", encoding="utf-8")
        note(f"收據 receipt → {output}")


def verify(
    receipt: Annotated[Path, typer.Argument(metavar="RECEIPT", help="收據檔 the receipt")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="當時報送的檔案 the file that was handed in")],
    public_key: Annotated[
        Path | None, typer.Option("--public-key", metavar="PEM", help="平臺公鑰 the platform's public key")
    ] = None,
    output: options.Format = Format.TEXT,
) -> None:
    """離線驗證：只需收據、檔案與公鑰 Needs the receipt, the file and the public key, nothing else."""
    from warehouse.receipt_signature import parsed
    from warehouse.receipt_signature import verify as verdict_on

    said = parsed(receipt.read_bytes())
    with file.open("rb") as document:
        digest = hashlib.file_digest(document, "sha256").hexdigest()
    pem = None if public_key is None else public_key.read_text(encoding="ascii", errors="replace")
    verdict = verdict_on(said, digest, pem)
    if output is Format.JSON:
        say_json({**asdict(verdict), "receipt": said})
    else:
        _say(said, verdict)
    raise typer.Exit(DONE if verdict.holds else FAULTS_FOUND)


def key(output: options.Format = Format.TEXT) -> None:
    """印出平臺的公鑰（PEM），供機關驗證收據 The platform's public key, for agencies to verify receipts with."""
    from pipelines.receipt_key import receipt_key
    from pipelines.settings import load_settings
    from warehouse.receipt_signature import public_key

    pem = public_key(receipt_key(load_settings()))
    if output is Format.JSON:
        say_json({"public_key": pem})
    else:
        say(pem.strip())


def _say(said: dict[str, Any], verdict: "Verdict") -> None:
    if verdict.is_the_file:
        say("檔案相符：與當時收到的位元組完全相同 the file is, to the byte, the one that was received")
    else:
        say("檔案不符：這不是收據所載的檔案 this is not the file that the receipt is of")
    say(_signature(verdict, key=printable(said["key"])))
    if verdict.is_genuine is None and verdict.is_unchanged:
        note(_WHICH_KEY.format(key=printable(said["key"])))
    say(f"  {printable(said['agency_code'])} {roc(said['month'])}")
    for name, title in _SHOWN.items():
        say(f"  {title}  {_plain(name, said)}")


def _signature(verdict: "Verdict", key: str) -> str:
    if not verdict.is_unchanged:
        return _CHANGED
    if verdict.is_genuine is None:
        return _UNCHANGED
    if verdict.other_key:
        return _OTHER_KEY.format(key=key)
    return _GENUINE if verdict.is_genuine else _FORGED


def _plain(name: str, said: dict[str, Any]) -> str:
    value = said.get(name)
    if name == "on_time" and value is None and said.get("deadline"):
        return "月份尚未結束，不計入報送 the month had not ended: it does not count"
    if value is None:
        return "不明 unknown"
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return SUBMISSION_STATES.get(value, printable(value)) if name == "state" else printable(value)
