"""Many authorisations at once, out of a file (CSV; UTF-8 or CP950): all of them are written, or none.

Columns `account` or `certificate` (a subject), `name`, `role`, `agency`, `from`, `until`, `reason`, in any order.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from warehouse.access.authorisations import AuthorisationRefused, Held, Wanted, authorise
from warehouse.access.certificates import NoSubject, subject_of
from warehouse.office_text import office_text
from warehouse.register.agencies import RegisterAgencies

COLUMNS = ("account", "certificate", "name", "role", "agency", "from", "until", "reason")
#: What may be left out of the file.
_OPTIONAL = frozenset({"account", "certificate", "agency", "until"})


class ImportRefused(ValueError):  # noqa: N818 — says what happened
    """The file cannot be taken in, and nothing of it was; `faults` name their lines and repeat nobody's name."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("；".join(self.faults))


def import_authorisations(session: Session, data: bytes, *, actor: str, at: datetime) -> list[Held]:
    """Authorise everybody in the file, in its order; what stands already is not written twice.

    Raises `ImportRefused` with every fault; whoever opened the session takes back what was written before.
    """
    register = RegisterAgencies(session)
    done, faults = [], list[str]()
    for line, cells in _rows(data):
        try:
            done.append(grant(session, register, wanted_of(cells), actor=actor, at=at))
        except (AuthorisationRefused, NoSubject) as error:
            faults.append(f"第 {line} 行 line {line}: {error}")
    if faults:
        raise ImportRefused(faults)
    return done


def grant(session: Session, register: RegisterAgencies, wanted: Wanted, *, actor: str, at: datetime) -> Held:
    """Authorise somebody for an agency that the register knows.  Raises `AuthorisationRefused`."""
    if wanted.agency_code is not None and register.name(wanted.agency_code) is None:
        raise AuthorisationRefused(f"機關代碼檔沒有 {wanted.agency_code} the register has no such agency")
    return authorise(session, wanted, actor=actor, at=at)


def wanted_of(said: Mapping[str, str]) -> Wanted:
    """What is asked for, by the file's columns; raises `AuthorisationRefused`, `NoSubject`."""
    account, certificate = said.get("account", ""), said.get("certificate", "")
    if bool(account) == bool(certificate):
        raise AuthorisationRefused("帳號與憑證主體擇一填寫 give either the account or the certificate's subject")
    return Wanted(
        account or subject_of(certificate).account,
        said.get("name", ""),
        said.get("role", ""),
        said.get("agency") or None,
        _day(said.get("from", "")),
        _day(said["until"]) if said.get("until") else None,
        said.get("reason", ""),
    )


def _rows(data: bytes) -> list[tuple[int, dict[str, str]]]:
    """Line and cells by column."""
    text = office_text(data)
    if text is None:
        raise ImportRefused(["檔案須為 UTF-8 或 CP950 編碼 the file must be UTF-8 or CP950"])
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(cells)]
    except csv.Error as error:
        raise ImportRefused([f"第 {reader.line_num} 行無法讀取 line {reader.line_num}: {error}"]) from None
    names = rows[0][1] if rows else []
    wrong = [one for one in COLUMNS if one not in names and one not in _OPTIONAL]
    wrong += [f"{one}?" for one in names if one not in COLUMNS]
    if wrong or len(set(names)) != len(names):
        raise ImportRefused(
            [f"標題列應為 the header must be {','.join(COLUMNS)}；缺少或不明 lacking or unknown: {'、'.join(wrong)}"]
        )
    if long := [line for line, cells in rows[1:] if len(cells) > len(names)]:
        raise ImportRefused([f"第 {line} 行欄位過多 line {line} has more cells than the header" for line in long])
    return [(line, dict(zip(names, cells, strict=False))) for line, cells in rows[1:]]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise AuthorisationRefused("日期寫成 YYYY-MM-DD a date is written YYYY-MM-DD") from None
