"""The Parquet store: one file for each dataset, agency-month and submission.

`<root>/<dataset>/month=2021-06/agency=376500000A/<submission id>.parquet`, written under a temporary name and
renamed.  A file belongs to its submission for ever, so entering a newer one never touches what an older one left;
which submission counts is the ledger's pointer.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from checks.model.stored import STORED, Findings
from warehouse.bundles import Bundle, BundledFiles, BundlePlace
from warehouse.store_files import StoreFiles
from warehouse.store_tables import Dataset, Owners, encoded, findings_table, person_keys, review_table

#: Where the findings of a document lie that says neither agency nor month.
UNKNOWN = "unknown"
#: Where the findings of reviews lie, beside those of the documents' own checks.
REVIEWS = "reviews"
#: Tells which key the persons are under, without telling the key.
PERSON_KEY_MARK = ".person-key"
#: Datasets of records.
RECORDS = tuple(name for name in STORED if name != "findings")
#: Datasets of which only submissions that have some have a file: few keep rosters.
SPARSE = ("shifts",)


@dataclass(frozen=True)
class Place:
    """The submission that a batch's document number `document` is."""

    document: int
    submission_id: str
    agency_code: str
    month: str

    @property
    def names(self) -> tuple[str, str, str]:
        """What stands in every row of its files: agency, month, submission."""
        return self.agency_code, self.month, self.submission_id


class PersonKeyDiffers(RuntimeError):  # noqa: N818 — says what happened
    """The store's persons are under another key: under two, a person of one month is not the person of the next."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(
            f"{place} 的人員代號出自另一把密鑰，未寫入任何資料；請還原原密鑰，或以新密鑰重建（attendance rebuild）"
            " the persons in the store are under another person key, nothing was written: restore that key, or rebuild "
            "with this one"
        )

    def __reduce__(self) -> tuple[type["PersonKeyDiffers"], tuple[str]]:
        return type(self), (self.place,)


def file_of(root: Path, dataset: str, agency_code: str, month: str, submission_id: str) -> Path:
    """Where a submission's file of a dataset lies (whether or not it exists)."""
    return root / _name(dataset, Place(0, submission_id, agency_code, month))


class Store:
    """Writes batches of checked submissions.  Any number of processes may write at once.

    What was written is on the disk after the next `flush`, by whichever process of the machine; on an object store
    after the next `send`, as a bundle that the ledger is to name.
    """

    def __init__(self, root: Path, person_key: bytes, bundles: BundlePlace | None = None) -> None:
        """`bundles` None: the files go into `root`.  Raises `PersonKeyDiffers` where the persons have another key."""
        self._files = StoreFiles(root) if bundles is None else BundledFiles(root, bundles)
        _mark(self._files, person_key)
        self._person_key = person_key

    def write(
        self,
        entered: Mapping[str, pl.DataFrame],
        places: Sequence[Place],
        findings: Sequence[tuple[Place, pl.DataFrame]],
    ) -> None:
        """Write the files of a batch.

        `entered` is what `checks.bulk.check_documents` let in: a frame a dataset, sorted by `document`, with `person`
        in place of the person key, and under `"persons"` the `document` and national ID of each.  `places` are the
        documents entered; `findings` those that have some, refused ones too, with their frame.  Raises
        `pandera.errors.SchemaErrors` where records do not fit their model and `RecordsOutOfOrder`, which are faults of
        ours, and OSError where the disk does not take them.
        """
        persons = entered["persons"]
        keys = person_keys(persons["person_id"], self._person_key)
        documents = 1 + max((place.document for place in places), default=-1)
        owners = Owners(persons["document"].to_numpy(), keys, documents)
        datasets = [Dataset(name, entered[name], owners) for name in RECORDS]
        for place in places:
            for one in datasets:
                table = one.table(place.document, place.names)
                if table.num_rows or one.name not in SPARSE:
                    self._put(table, one.name, place)
        self._put_findings(findings, keys)

    def write_review(self, findings: pl.DataFrame, place: Place) -> None:
        """Write what a review found, in the columns of `Findings`, in place of the one before; none: no file."""
        if findings.is_empty():
            self._files.remove(_name(REVIEWS, place))
        else:
            Findings.validate(findings)
            self._put(review_table(findings), REVIEWS, place)

    def remove_findings(self, places: Iterable[Place]) -> None:
        """Have no findings of these submissions, which had some when they were checked before."""
        for place in places:
            self._files.remove(_name("findings", place))

    def keep_findings(self, before: Path, place: Place) -> None:
        """Have a submission's findings as they lie in another store; where it has none of them there: none."""
        name = _name("findings", place)
        if (before / name).is_file():
            self._files.put(name, (before / name).read_bytes())

    def send(self) -> Bundle | None:
        """Send what was written to the object store, there as a whole or not at all; None where it is in a folder."""
        return self._files.send()

    def flush(self) -> None:
        """Have everything on the disk that was written; raises OSError where the disk did not take it."""
        self._files.flush()

    def _put_findings(self, findings: Sequence[tuple[Place, pl.DataFrame]], keys: pa.Array) -> None:
        if not findings:
            return
        table = findings_table([(place.names, frame) for place, frame in findings], keys)
        first = 0
        for place, frame in findings:
            self._put(table.slice(first, frame.height), "findings", place)
            first += frame.height

    def _put(self, table: pa.Table, dataset: str, place: Place) -> None:
        self._files.put(_name(dataset, place), encoded(table))


def _name(dataset: str, place: Place) -> str:
    """Where a submission's file of a dataset lies, relative to the store."""
    month, agency = place.month or UNKNOWN, place.agency_code or UNKNOWN
    return f"{dataset}/month={month}/agency={agency}/{place.submission_id}.parquet"


def mark_of(root: Path, bundles: BundlePlace | None = None) -> str | None:
    """The mark of the key that a store's persons are under; None where it has none yet."""
    if bundles is None and not root.is_dir():
        return None
    files = StoreFiles(root) if bundles is None else BundledFiles(root, bundles)
    try:
        return files.read(PERSON_KEY_MARK).decode("ascii", "replace")
    except FileNotFoundError:
        return None


def person_key_mark(person_key: bytes) -> str:
    """What tells one person key from another, and nothing of either."""
    return hmac.digest(person_key, b"fingerprint of a person key", "sha256").hex()[:32]


def _mark(files: StoreFiles | BundledFiles, person_key: bytes) -> None:
    fingerprint = person_key_mark(person_key)
    try:
        found = files.read(PERSON_KEY_MARK)
    except FileNotFoundError:
        files.put_new(PERSON_KEY_MARK, fingerprint.encode())
        found = files.read(PERSON_KEY_MARK)
    if found.decode("ascii") != fingerprint:
        raise PersonKeyDiffers(files.place)
