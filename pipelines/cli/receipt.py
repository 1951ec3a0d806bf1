"""`attendance receipt`: receipts that whoever holds the file can verify, without the platform."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, note, printable, say, say_json
from pipelines.cli.failures import DONE, FAULTS_FOUND, CannotError
from pipelines.cli.findings_text import agency_month

_GENUINE = "簽章有效：收據由平臺開立且未經更改 the platform signed this receipt, and nothing in it was changed"
_FORGED = "簽章無效：收據曾遭更改，或非該平臺開立 the signature does not hold: changed, or not this platform's"
_SHOWN = ("submission_id", "received_at", "channel", "state", "rule_set", "issued_at")


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
    from pipelines.cli.platform import opened
    from pipelines.receipt_key import receipt_key
    from pipelines.settings import load_settings
    from warehouse.deadlines import TAIPEI
    from warehouse.ledger.engine import reading
    from warehouse.receipt_signature import signed
    from warehouse.receipts import history

    with opened() as platform, reading(platform.engine) as session:
        received = [one for one in history(session, agency, month) if one.submission_id.startswith(id_ or "")]
        if not received:
            raise CannotError(f"沒有這份報送 no such submission: {agency} {month} {id_ or ''}")
        issued = platform.clock().astimezone(TAIPEI)
        said = {**received[-1].as_dict(), "issued_at": issued.isoformat(timespec="seconds")}
    text = json.dumps(signed(said, receipt_key(load_settings())), ensure_ascii=False, indent=1)
    if output is None:
        say(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")


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
        say_json({"is_the_file": verdict.is_the_file, "is_genuine": verdict.is_genuine, "receipt": said})
    else:
        _say(said, is_the_file=verdict.is_the_file, is_genuine=verdict.is_genuine)
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


def _say(said: dict[str, Any], *, is_the_file: bool, is_genuine: bool | None) -> None:
    if is_the_file:
        say("檔案相符：與當時收到的位元組完全相同 the file is, to the byte, the one that was received")
    else:
        say("檔案不符：這不是收據所載的檔案 this is not the file that the receipt is of")
    if is_genuine is None:
        note("未驗簽章，請以 --public-key 指定平臺公鑰 the signature was not checked: give --public-key")
    else:
        say(_GENUINE if is_genuine else _FORGED)
    say(f"  {agency_month(said.get('agency_code'), said.get('month'))}")
    for name in _SHOWN:
        say(f"  {name:14} {printable(str(said.get(name)))}")
