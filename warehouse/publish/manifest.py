"""Which reading copies are the current ones, what they rest on, and since when the others are not needed.

`published/manifest.json` is written before the warehouse is swapped in and confirmed after: dying in between leaves
copies that the next publishing takes up, never a month that falls back to an older one.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from warehouse.ledger.audit_chain import Anchor
from warehouse.publish.durable import UNFINISHED, write_text
from warehouse.publish.explained import Explained

NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class Copy:
    """A reading copy: `file` is relative to the published folder, `published_at` an ISO 8601 moment in UTC.

    `period` is a month, or the year of a report by year; `sha256` is the file's as it was written, empty in manifests
    from before there were sums.
    """

    dataset: str
    period: str
    file: str
    rows: int
    published_at: str
    sha256: str = ""


@dataclass
class Manifest:
    """`copies`: dataset and period → the copies in use; `retired`: relative path → ISO moment from which unneeded.

    `states`: period → what its tables rest on (`known.states`); `explained`: the explanations taken in; `audit`: the
    head of the audit then, to which the doctor holds it; `warehouse_sha256`: of this machine's `warehouse.duckdb`.
    """

    folder: Path
    copies: dict[tuple[str, str], tuple[Copy, ...]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    explained: Explained = field(default_factory=Explained)
    retired: dict[str, str] = field(default_factory=dict)
    confirmed: bool = True
    audit: Anchor | None = None
    warehouse_sha256: str = ""

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """Read the manifest of a published folder; empty where there is none, or none of this program's."""
        try:
            return cls.from_content(folder, json.loads((folder / NAME).read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return cls(folder)

    @classmethod
    def from_content(cls, folder: Path, data: dict[str, Any]) -> "Manifest":
        """Take what `content` gave; raises KeyError or TypeError where it is none of this program's."""
        copies: dict[tuple[str, str], tuple[Copy, ...]] = {}
        for row in data["copies"]:
            copy = Copy(**row)
            key = copy.dataset, copy.period
            copies[key] = (*copies.get(key, ()), copy)
        explained = Explained(**data["explained"])
        audit = Anchor(**data["audit"]) if data.get("audit") else None
        return cls(
            folder,
            copies,
            data["states"],
            explained,
            data["retired"],
            data["confirmed"],
            audit,
            data.get("warehouse_sha256", ""),
        )

    def missing(self) -> set[str]:
        """Periods of which a copy is no longer on the disk."""
        return {copy.period for copy in self.all() if not (self.folder / copy.file).is_file()}

    def set_period(self, dataset: str, period: str, copies: Sequence[Copy]) -> None:
        """Take these as the current copies, perhaps none."""
        self.copies.pop((dataset, period), None)
        if copies:
            self.copies[dataset, period] = tuple(copies)

    def keep_only(self, datasets: Iterable[str], periods: Iterable[str]) -> None:
        """Forget what these datasets hold of other periods than these."""
        kept = set(periods)
        named = set(datasets)
        for dataset, period in list(self.copies):
            if dataset in named and period not in kept:
                del self.copies[dataset, period]

    def all(self) -> list[Copy]:
        """List every copy in use, by period and dataset."""
        by_period = sorted(self.copies.items(), key=lambda item: item[0][::-1])
        return [copy for _, copies in by_period for copy in copies]

    def of(self, dataset: str, period: str | None = None) -> list[Copy]:
        """List the current copies of a dataset, by period; of one period where given."""
        if period is not None:
            return list(self.copies.get((dataset, period), ()))
        return [copy for (name, _), copies in sorted(self.copies.items()) if name == dataset for copy in copies]

    def files(self, dataset: str, period: str | None = None) -> list[Path]:
        """Where these copies are."""
        return [self.folder / copy.file for copy in self.of(dataset, period)]

    def save(self, now: datetime) -> None:
        """Write it, before the warehouse that shows these copies is swapped in."""
        current = {copy.file for copy in self.all()}
        moment = now.astimezone(UTC).isoformat()
        # Not confirmed: the swap did not happen, and readers have had the old warehouse until now.
        known = self.retired if self.confirmed else {}
        self.retired = {file: known.get(file, moment) for file in self._files() if file not in current}
        self._write(confirmed=False)

    def confirm(self, warehouse: Path) -> None:
        """Say that this warehouse was swapped in."""
        self.warehouse_sha256 = sha256_of(warehouse)
        self._write(confirmed=True)

    def clean(self, now: datetime, grace: timedelta) -> None:
        """Delete the copies retired more than `grace` ago: no reader has a warehouse open that shows them."""
        for file, since in list(self.retired.items()):
            if now - datetime.fromisoformat(since) > grace:
                (self.folder / file).unlink(missing_ok=True)

    def clean_unfinished(self) -> None:
        """Delete what a publisher that died was writing.  Only while holding the lock."""
        for path in list(self.folder.rglob(f".*{UNFINISHED}*")):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _files(self) -> list[str]:
        return [str(path.relative_to(self.folder)) for path in self.folder.glob("*/*=*/*.parquet")]

    def content(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "confirmed": self.confirmed,
            "copies": [asdict(copy) for copy in self.all()],
            "states": self.states,
            "explained": asdict(self.explained),
            "retired": self.retired,
            "audit": self.audit._asdict() if self.audit else None,
            "warehouse_sha256": self.warehouse_sha256,
        }

    def _write(self, *, confirmed: bool) -> None:
        self.confirmed = confirmed
        write_text(self.folder / NAME, json.dumps(self.content(), indent=1))


def sha256_of(file: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
