"""Which reading copies are the current ones, and since when the others are not.

`published/manifest.json` is written before the warehouse is swapped in and confirmed after: dying in between leaves
copies that the next publishing takes up, never a month that falls back to an older one.
"""

import json
import shutil
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from warehouse.publish.durable import UNFINISHED, write_text

_NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class Copy:
    """A reading copy: `file` is relative to the published folder, `published_at` an ISO 8601 moment in UTC."""

    dataset: str
    month: str
    file: str
    rows: int
    published_at: str


@dataclass
class Manifest:
    """The copies in use by dataset and month; `retired`: relative path → ISO moment from which it was not needed."""

    folder: Path
    copies: dict[tuple[str, str], Copy] = field(default_factory=dict)
    retired: dict[str, str] = field(default_factory=dict)
    confirmed: bool = True

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """Read the manifest of a published folder; empty where there is none or it cannot be read."""
        try:
            data = json.loads((folder / _NAME).read_text(encoding="utf-8"))
            copies = {(row["dataset"], row["month"]): Copy(**row) for row in data["copies"]}
            return cls(folder, copies, data["retired"], data["confirmed"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return cls(folder)

    def missing(self) -> set[str]:
        """Months of which a copy is no longer on the disk."""
        return {copy.month for copy in self.copies.values() if not (self.folder / copy.file).is_file()}

    def set_month(self, dataset: str, month: str, copy: Copy | None) -> None:
        """Take a copy as the current one, or none."""
        self.copies.pop((dataset, month), None)
        if copy is not None:
            self.copies[dataset, month] = copy

    def of(self, dataset: str) -> list[Copy]:
        """List the current copies of a dataset, by month."""
        return [copy for (name, _), copy in sorted(self.copies.items()) if name == dataset]

    def save(self, now: datetime) -> None:
        """Write it, before the warehouse that shows these copies is swapped in."""
        current = {copy.file for copy in self.copies.values()}
        moment = now.astimezone(UTC).isoformat()
        # Not confirmed: the swap did not happen, and readers have had the old warehouse until now.
        known = self.retired if self.confirmed else {}
        self.retired = {file: known.get(file, moment) for file in self._files() if file not in current}
        self._write(confirmed=False)

    def confirm(self) -> None:
        """Say that the warehouse was swapped in."""
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
        return [str(path.relative_to(self.folder)) for path in self.folder.glob("*/month=*/*.parquet")]

    def _write(self, *, confirmed: bool) -> None:
        self.confirmed = confirmed
        rows = [asdict(copy) for copy in self.copies.values()]
        content = {"confirmed": confirmed, "copies": rows, "retired": self.retired}
        write_text(self.folder / _NAME, json.dumps(content, indent=1))
