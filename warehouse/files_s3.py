"""Files on an S3 object store, whosever: whole PUTs, `If-None-Match: *` where nothing may be rewritten, ranged GETs.

boto3 retries what the store refuses in passing (503 SlowDown, 500, broken connections) with growing waits; what is left
becomes one line that says what to do.  Object stores list what was written at once, and keep what they confirmed.
"""

import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from pathlib import Path
from typing import IO, Any, BinaryIO

import boto3
import botocore.session
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from warehouse.files import Leftover, Listed, ObjectReplaced, ObjectStore, Stat, bucket_and_prefix
from warehouse.files_s3_errors import explained, is_absent, is_code
from warehouse.files_s3_ranges import BrokenOff, Part, Ranges, Unclosed

#: Tries of one request, the first included; the waits between them add up to a minute at most.
ATTEMPTS = 8
#: Seconds without a connection, and without a byte, after which a try has failed.
CONNECT_TIMEOUT, READ_TIMEOUT = 5, 60
#: Requests under way at once; a request waits far longer than it computes.
WRITERS = 8
_CONNECTIONS = 32
#: An object on its way in is held in memory up to here, and beyond it in a temporary file.
_IN_MEMORY = 16 << 20
#: Larger objects are sent in parts, each of which is tried again alone.
_ONE_PUT = 64 << 20
#: What a file opened for reading asks for at once.
_READ_AHEAD = 1 << 20
#: Under this name an object carries when it was written first, where its bytes were written again.
_MODIFIED = "modified"
_CONFLICT = "ConditionalRequestConflict"


class S3Files:
    """The objects below `<url>/<folder>/`; see `warehouse.files.Files`."""

    writers = WRITERS

    def __init__(self, store: ObjectStore, folder: str) -> None:
        self._store = store
        self._folder = folder
        self._bucket, prefix = bucket_and_prefix(store.url)
        self._prefix = f"{prefix}{folder}/" if folder else prefix

    def __reduce__(self) -> tuple[type["S3Files"], tuple[ObjectStore, str]]:
        return type(self), (self._store, self._folder)  # another process opens connections of its own

    @property
    def place(self) -> str:
        """The URL."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def where(self, name: str) -> str:
        """Its URL."""
        return f"s3://{self._bucket}/{self._prefix}{name}"

    @contextmanager
    def incoming(self) -> Iterator["IncomingObject"]:
        """Collect an object; nothing is sent before it is kept."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
            yield IncomingObject(self._send, spool)

    def put(self, name: str, data: bytes) -> None:
        """Send an object; the store shows it as a whole."""
        self._send(name, io.BytesIO(data), only_new=False)

    def put_new(self, name: str, data: bytes) -> bool:
        """Send an object with `If-None-Match: *`.

        False too where a try succeeded, its answer was lost and the next found its own work: whoever needs to know
        compares what is there.
        """
        return self._send(name, io.BytesIO(data), only_new=True)

    def replace(self, name: str, data: bytes, version: str | None) -> bool:
        """Send an object with `If-Match`, or `If-None-Match: *`; where an answer was lost, look whose work is there."""
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        target = {"Bucket": self._bucket, "Key": self._key(name)}
        try:
            self._asked(name, lambda: self._client.put_object(**target, Body=data, **condition))
        except FileExistsError:
            with suppress(FileNotFoundError):  # what was to be replaced is gone
                return self.read(name) == data
            return False
        except FileNotFoundError:
            return False
        return True

    def put_file(self, name: str, path: Path) -> None:
        """Send a file, a large one in parts."""
        with path.open("rb") as body:
            self._send(name, body, only_new=False)

    def get_file(self, name: str, path: Path) -> None:
        """Fetch an object by ranges of one version."""
        with path.open("wb") as file:
            part = self._range(name, 0, _IN_MEMORY, None)
            file.write(part.data)
            while file.tell() < part.size:
                file.write(self._range(name, file.tell(), _IN_MEMORY, part.etag).data)

    def flush(self, names: Iterable[str]) -> None:
        """Nothing: what the store has confirmed, it keeps."""

    def read(self, name: str) -> bytes:
        """Return all of an object."""
        with self.open(name) as file:
            return file.read()

    def read_version(self, name: str) -> tuple[bytes, str]:
        """Return all of an object and its ETag."""
        part = self._range(name, 0, _READ_AHEAD, None)
        rest = b""
        if len(part.data) < part.size:
            rest = self._range(name, len(part.data), part.size, part.etag).data
        return part.data + rest, part.etag

    def open(self, name: str) -> BinaryIO:
        """Open an object, read by ranges of the version that the first range was of."""
        part = self._range(name, 0, _READ_AHEAD, None)
        raw = Ranges(lambda start, count: self._range(name, start, count, part.etag).data, part)
        return io.BufferedReader(raw, _READ_AHEAD)

    def beginning(self, name: str, count: int) -> tuple[bytes, int]:
        """Return its first bytes and its size, which the answer to a ranged GET tells."""
        part = self._range(name, 0, count, None)
        return part.data, part.size

    def stat(self, name: str) -> Stat:
        """Ask for size and age."""
        found = self._asked(name, lambda: self._client.head_object(Bucket=self._bucket, Key=self._key(name)))
        noted = found.get("Metadata", {}).get(_MODIFIED)
        modified = datetime.fromisoformat(noted) if noted else found["LastModified"]
        return Stat(found["ContentLength"], modified.astimezone(UTC))

    def exists(self, name: str) -> bool:
        """Whether there is an object of that name."""
        try:
            self.stat(name)
        except FileNotFoundError:
            return False
        return True

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        """Every object whose name begins so; a request a thousand."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._key(prefix))
        for page in self._pages(pages):
            for one in page.get("Contents", ()):
                name = one["Key"][len(self._prefix) :]
                if not any(part.startswith(".") for part in name.split("/")):
                    yield Listed(name, one["Size"], one["LastModified"].astimezone(UTC))

    def remove(self, name: str) -> None:
        """Remove an object."""
        self._asked(name, lambda: self._client.delete_object(Bucket=self._bucket, Key=self._key(name)))

    def leftovers(self) -> list[Leftover]:
        """Uploads in parts that were never completed: the store keeps the parts, unseen, until they are aborted."""
        return [Leftover(f"s3://{self._bucket}/{one['Key']}", _initiated(one)) for one in self._uploads()]

    def sweep(self, before: datetime) -> int:
        """Abort those begun before a moment; how many."""
        old = [one for one in self._uploads() if _initiated(one) < before]
        for one in old:
            upload = {"Bucket": self._bucket, "Key": one["Key"], "UploadId": one["UploadId"]}
            self._asked(one["Key"], partial(self._client.abort_multipart_upload, **upload))
        return len(old)

    @cached_property
    def _client(self) -> Any:
        store = self._store
        config = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=_CONNECTIONS,
            # A store of one's own seldom has a name in the DNS for each bucket.
            s3={"addressing_style": "path" if store.endpoint else "auto"},
        )
        session = botocore.session.Session()
        session.register_component("data_loader", _descriptions())
        try:
            return boto3.session.Session(botocore_session=session).client(
                "s3", region_name=store.region, endpoint_url=store.endpoint, verify=store.ca_file, config=config
            )
        except (BotoCoreError, ValueError) as error:
            raise explained(self.place, error) from None

    def _key(self, name: str) -> str:
        return self._prefix + name

    def _send(self, name: str, body: IO[bytes], *, only_new: bool, modified: datetime | None = None) -> bool:
        """Send from the body's beginning; whether it was taken, which is certain unless `only_new`."""
        size = body.seek(0, io.SEEK_END)
        body.seek(0)
        target = {"Bucket": self._bucket, "Key": self._key(name)}
        noted = {_MODIFIED: modified.isoformat()} if modified else {}
        if size > _ONE_PUT and not only_new:
            parts = TransferConfig(multipart_threshold=_ONE_PUT, multipart_chunksize=_ONE_PUT // 4)
            extra = {"Metadata": noted}
            self._asked(
                name, lambda: self._client.upload_fileobj(Unclosed(body), **target, Config=parts, ExtraArgs=extra)
            )
            return True
        # As bytes, the checksum goes in a header, which older stores pass over; of a stream it would follow the body.
        content = body.read() if size <= _IN_MEMORY else body
        condition = {"IfNoneMatch": "*"} if only_new else {}
        try:
            self._asked(name, lambda: self._client.put_object(**target, Body=content, Metadata=noted, **condition))
        except FileExistsError:
            return False
        return True

    def _range(self, name: str, start: int, count: int, etag: str | None) -> Part:
        """Return at most `count` bytes, of the version `etag` if one is named."""
        ranged = {"Bucket": self._bucket, "Key": self._key(name), "Range": f"bytes={start}-{start + count - 1}"}
        condition = {"IfMatch": etag} if etag else {}
        try:
            found: Part = self._asked(name, lambda: Part.of(self._client.get_object(**ranged, **condition)))
        except FileExistsError:
            raise ObjectReplaced(self.where(name)) from None
        except _BeyondEnd:
            return Part(b"", start, etag or "")
        return found

    def _asked(self, name: str, ask: Callable[[], Any]) -> Any:
        """Ask; again where two conditional writes met or an answer broke off; translate what is refused for good."""
        again = Retrying(
            retry=retry_if_exception(lambda error: is_code(error, _CONFLICT) or isinstance(error, BrokenOff)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(0.2, 10),
            reraise=True,
        )
        try:
            return again(ask)
        except (BotoCoreError, ClientError, BrokenOff) as error:
            if is_absent(error):
                raise FileNotFoundError(2, "沒有這個物件 no such object", self.where(name)) from None
            if is_code(error, "PreconditionFailed", "412"):
                raise FileExistsError(17, "條件不符 the condition does not hold", self.where(name)) from None
            if is_code(error, "InvalidRange", "416"):
                raise _BeyondEnd from None
            raise explained(self.where(name), error) from None

    def _pages(self, pages: Iterable[Any]) -> Iterator[Any]:
        try:
            yield from pages
        except (BotoCoreError, ClientError) as error:
            raise explained(self.place, error) from None

    def _uploads(self) -> Iterator[Any]:
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=self._prefix)
        for page in self._pages(pages):
            yield from page.get("Uploads", ())


@cache
def _descriptions() -> Loader:
    """What botocore knows of Amazon's services: megabytes of JSON, which each session reads once more by itself."""
    loader: Loader = botocore.session.Session().get_component("data_loader")
    return loader


class IncomingObject:
    """An object that is collected before it is sent; see `warehouse.files.Incoming`."""

    def __init__(self, send: Callable[..., bool], spool: IO[bytes]) -> None:
        self._send = send
        self._spool = spool

    def write(self, data: bytes) -> None:
        """Add to its end."""
        self._spool.write(data)

    def keep(self, name: str, modified: datetime | None = None) -> None:
        """Send it, with the moment as metadata of its own: the store sets its own moment."""
        self._send(name, self._spool, only_new=False, modified=modified)

    def keep_new(self, name: str) -> bool:
        """Send it unless something has the name."""
        return self._send(name, self._spool, only_new=True)


class _BeyondEnd(Exception):  # noqa: N818 — an answer, and no fault
    """A range begins where the object has ended."""


def _initiated(upload: Any) -> datetime:
    moment: datetime = upload["Initiated"]
    return moment.astimezone(UTC)
