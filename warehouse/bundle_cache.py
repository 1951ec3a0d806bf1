"""The cache that the store's folder is where the store is on an object store: filled by `bring`, read by path.

What a month's folders hold is a function of the bundles that the ledger names for it, in their order.  A bundle counts
as unpacked once its mark, `.bundles/month=2021-06/<name>`, is there, which is written last: who dies before unpacks
again.  One process of the machine fills it at a time; whoever reads meanwhile sees each file as a whole.
"""

import os
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path, PurePosixPath

from sqlalchemy.orm import Session

from warehouse.bundles import BundleLost, contents, made_at
from warehouse.files import Files
from warehouse.home import Home
from warehouse.ledger.bundles import bundles_of
from warehouse.locks import Busy, exclusive
from warehouse.store_files import StoreFiles

#: Seconds to wait for another process that fills the cache: unpacking a national month takes less than a minute.
_PATIENCE = 1800.0
#: Bundles fetched ahead while one is unpacked; each is held in memory.
_AHEAD = 3


class CacheBusy(Busy):
    """Another process was filling the cache all the time."""

    doing = "取得資料檔"
    english = "another process fills the cache {path} ({holder}); gave up after {waited:g} s"


def bring(home: Home, session: Session, months: Collection[str] | None = None) -> None:
    """Have the files of these months (None: of all) below `home.store`, as far as the session's ledger names them.

    Does nothing where the store is in a folder.  `months` are `YYYY-MM`, or `warehouse.store.UNKNOWN`.  Raises
    `BundleLost`, `CacheBusy`, and OSError where disk or object store give up.
    """
    if home.bundles is None:
        return
    wanted = bundles_of(session, months)
    marks = home.store / ".bundles"
    for month in months if months is not None else _months_in(marks):
        wanted.setdefault(month, [])
    behind = {month: names for month, names in wanted.items() if _unpacked(marks, month) != _bases(names)}
    if not behind:
        return
    marks.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = home.bundles.files()
    with exclusive(marks / ".lock", _PATIENCE, CacheBusy):
        for month, names in sorted(behind.items()):
            _bring_month(files, home.store, month, names)


def _bring_month(files: Files, store: Path, month: str, names: Sequence[str]) -> None:
    """Unpack what is missing of a month; everything anew where it held anything that no longer counts."""
    marks = store / ".bundles"
    held = _unpacked(marks, month)
    if held > _bases(names):
        # Another process, with a newer view of the ledger, was here first: what it has goes beyond ours.
        return
    goes_on = held == _bases(names[: len(held)])
    fresh = names[len(held) :] if goes_on else names
    beginning = not goes_on or not held
    before = _files_of(store, month) if beginning else set()
    written = _unpack(files, StoreFiles(store), month, fresh)
    if beginning:
        for path in before - written:
            (store / path).unlink(missing_ok=True)
    _mark(store, month, fresh, held - _bases(names))


def _unpack(files: Files, store: StoreFiles, month: str, names: Sequence[str]) -> set[str]:
    """Unpack bundles in their order, later ones over earlier; the names of the files that are there then."""
    written: set[str] = set()
    for name, data in _fetched(files, names):
        made = made_at(name)
        for path, content in contents(files, name, data, month):
            if content:
                store.put(path, content)
                # On every machine the same, so that reading copies, named after it, are the same too.
                os.utime(store.root / path, ns=(made, made))
                written.add(path)
            else:
                store.remove(path)
                written.discard(path)
    store.flush()
    return written


def _fetched(files: Files, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Each bundle with its bytes, in order, a few fetched ahead.  Raises `BundleLost` where one is not there."""
    waiting: deque[tuple[str, Future[bytes]]] = deque()
    rest = iter(names)
    with ThreadPoolExecutor(_AHEAD, thread_name_prefix="bundles") as readers:
        try:
            while True:
                waiting.extend((name, readers.submit(files.read, name)) for name in islice(rest, _AHEAD - len(waiting)))
                if not waiting:
                    return
                name, future = waiting.popleft()
                yield name, _there(files, name, future)
        finally:
            readers.shutdown(cancel_futures=True)


def _there(files: Files, name: str, future: Future[bytes]) -> bytes:
    try:
        return future.result()
    except FileNotFoundError:
        raise BundleLost(files.where(name), "遺失 a bundle is missing") from None


def _mark(store: Path, month: str, fresh: Sequence[str], gone: Collection[str]) -> None:
    folder = store / ".bundles" / f"month={month}"
    for base in gone:
        (folder / base).unlink(missing_ok=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in fresh:
        (folder / PurePosixPath(name).name).touch()


def _unpacked(marks: Path, month: str) -> set[str]:
    try:
        return set(os.listdir(marks / f"month={month}"))  # noqa: PTH208 — names are all that is wanted
    except FileNotFoundError:
        return set()


def _months_in(marks: Path) -> list[str]:
    return [path.name.removeprefix("month=") for path in marks.glob("month=*")]


def _bases(names: Sequence[str]) -> set[str]:
    return {PurePosixPath(name).name for name in names}


def _files_of(store: Path, month: str) -> set[str]:
    return {str(path.relative_to(store)) for path in store.glob(f"[!.]*/month={month}/*/*.parquet")}
