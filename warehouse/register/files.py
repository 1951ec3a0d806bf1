"""A register file as bytes: what its header must have, its encoding, and its records with their lines."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

#: The government's columns (data.gov.tw dataset 7307) without which a file is none of its publications.
GOVERNMENT_REQUIRED = ("機關代碼", "機關名稱", "主管機關代碼")
PROJECT_REQUIRED = ("agency_code", "name")


class RegisterError(ValueError):
    """The file is no register at all; the fields say what was looked for and what was found."""

    def __init__(self, source: str, encoding: str | None, columns: Sequence[str], detail: str | None = None) -> None:
        self.source, self.encoding, self.columns, self.detail = source, encoding, tuple(columns), detail
        found = "、".join(column[:20] for column in self.columns[:8]) or "（無 none）"
        told = f"；{detail}" if detail else ""
        super().__init__(
            f"{source} 不是機關代碼檔 is no register of agencies: 標題列須有 its header needs "
            f"{'、'.join(GOVERNMENT_REQUIRED)} 或 or {','.join(PROJECT_REQUIRED)}；實為 found {found}"
            f"（{encoding or '無法解讀 undecodable'}）{told}"
        )


def load_bytes(path_or_bytes: str | Path | bytes) -> tuple[bytes, str]:
    """Read the bytes, and say what to call them.  Raises OSError where a path cannot be read."""
    if isinstance(path_or_bytes, bytes):
        return path_or_bytes, "輸入 input"
    return Path(path_or_bytes).read_bytes(), str(path_or_bytes)


def decoded(data: bytes, source: str) -> tuple[str, str]:
    """Give the text and its encoding: UTF-8 where it is that, else CP950 with what it cannot read replaced."""
    if b"\0" in data:
        raise RegisterError(source, None, (), "含有 NUL 位元組，不是文字檔 holds NUL bytes, so it is no text file")
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp950", errors="replace"), "cp950"


def records(text: str, source: str, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with the line that it ends on."""
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise RegisterError(source, encoding, (), f"第 {reader.line_num} 行 line {reader.line_num}: {error}") from error
