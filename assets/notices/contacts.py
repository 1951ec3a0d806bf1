"""`contacts.csv`: the mailboxes of agencies and supervising authorities, by role.

They stand in that file and nowhere else: neither the ledger nor a log nor an error message repeats an address.  Roles
and not people should be in it (差勤承辦 @ agency), as an address with a name is personal data.
"""

import csv
import hmac
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from warehouse.office_text import office_text

#: Who is told of an agency's own months, and who of those of all agencies below it.
AGENCY, AUTHORITY = "agency", "authority"

_ROLES = {AGENCY: AGENCY, AUTHORITY: AUTHORITY, "機關": AGENCY, "主管機關": AUTHORITY}
_COLUMNS = {"agency_code": "機關代碼", "role": "角色", "address": "電子郵件"}
_CODE = re.compile(r"[0-9A-Z]{10}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LONGEST = 254
_SHOWN = 5


class ContactsRefused(ValueError):  # noqa: N818 — reads as what it is
    """The file cannot be used; the message names the first lines that are wrong, never an address."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        more = f" …共 {len(faults)} 處 {len(faults)} faults in all" if len(faults) > _SHOWN else ""
        super().__init__(f"{path}: " + "；".join(faults[:_SHOWN]) + more)


@dataclass(frozen=True)
class Contacts:
    """(agency, role) → its addresses; `bad` are the MACs of those that a mail server refused for good."""

    by_role: Mapping[tuple[str, str], tuple[str, ...]]
    key: bytes
    bad: frozenset[str] = frozenset()

    def of(self, agency_code: str, role: str) -> tuple[str, ...]:
        """The addresses that may work."""
        known = self.by_role.get((agency_code, role), ())
        return tuple(one for one in known if mac_of(self.key, one) not in self.bad)

    def agencies(self, role: str) -> set[str]:
        """Those that can be told in that role."""
        return {agency for agency, its in self.by_role if its == role and self.of(agency, its)}

    def all(self) -> Iterator[tuple[str, str, str]]:
        """Every agency, role and address."""
        for (agency, role), addresses in sorted(self.by_role.items()):
            for address in addresses:
                yield agency, role, address


def mac_of(key: bytes, address: str) -> str:
    """What stands for an address in the ledger: 32 hexadecimal digits."""
    return hmac.new(key, b"address:" + address.lower().encode(), "sha256").hexdigest()[:32]


def read_contacts(path: Path, key: bytes, bad: Iterable[str] = ()) -> Contacts:
    """Read the file (CSV: agency_code,role,address; UTF-8 or CP950); none is no contacts.

    Raises `ContactsRefused`, OSError.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Contacts({}, key)
    by_role: dict[tuple[str, str], tuple[str, ...]] = {}
    faults: list[str] = []
    for line, row in _rows(path, data):
        code, role, address = (row[name] for name in _COLUMNS)
        wrong = _wrong(code, role, address)
        faults += [f"第 {line} 行 line {line}: {fault}" for fault in wrong]
        if not wrong:
            place = code, _ROLES[role]
            by_role[place] = (*by_role.get(place, ()), address)
    if faults:
        raise ContactsRefused(path, faults)
    return Contacts({place: tuple(dict.fromkeys(its)) for place, its in by_role.items()}, key, frozenset(bad))


def _rows(path: Path, data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    text = office_text(data)
    if text is None:
        raise ContactsRefused(path, ["須為 UTF-8 或 CP950 編碼 must be UTF-8 or CP950"])
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error:
        raise ContactsRefused(
            path, [f"第 {reader.line_num} 行無法讀取 line {reader.line_num} cannot be read"]
        ) from None
    filled = [(line, cells) for line, cells in rows if any(cells)]
    header = filled[0][1] if filled else []
    places = {
        name: next((header.index(known) for known in (name, title) if known in header), None)
        for name, title in _COLUMNS.items()
    }
    if missing := [f"{name}（{_COLUMNS[name]}）" for name, place in places.items() if place is None]:
        raise ContactsRefused(path, [f"標題列缺少 the header lacks: {', '.join(missing)}"])
    for line, cells in filled[1:]:
        yield line, {name: cells[at] if at is not None and at < len(cells) else "" for name, at in places.items()}


def _wrong(code: str, role: str, address: str) -> list[str]:
    faults = []
    if not _CODE.fullmatch(code):
        faults.append("機關代碼為 10 碼數字或大寫英文字母 an agency code is 10 digits or capitals")
    if role not in _ROLES:
        faults.append("角色應為 agency（機關）或 authority（主管機關） the role must be agency or authority")
    if len(address) > _LONGEST or not _ADDRESS.fullmatch(address):
        faults.append("不是電子郵件地址 not an e-mail address")
    return faults
