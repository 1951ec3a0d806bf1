"""The limit: what each part of entering a month costs alone, one after another in one process with one thread.

Measured over a sample of the agencies (every n-th) and scaled by bytes: together they are what no way of arranging the
same parts can beat, and the share of each says where a second is to be won.
"""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from measure import Outcome, Stages
from nation import MONTH, Nation

#: Bytes of the sample, in batches as large as the platform's own.
SAMPLE = 96 << 20
#: Parts in the order of the way; what the check does besides decoding is split.
PARTS = ("read", "decrypt", "hash", "decode", "model", "rules", "places, rest", "encode", "write", "flush")


def measure_limits(nation: Nation, out: Path) -> Outcome:
    """Wall and processor seconds of each part over the sample; `bytes` says how large it is."""
    os.environ["POLARS_MAX_THREADS"] = "1"  # before anything imports Polars
    from assets.batches import BATCH_BYTES  # noqa: PLC0415

    step = max(1, nation.bytes // SAMPLE)
    batches: list[list[Path]] = [[]]
    size = 0
    for path in map(Path, nation.sound_files[::step]):
        if size + path.stat().st_size > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(path)
        size += path.stat().st_size
    _parts(batches[0][:10], out / "first")  # what only a process's first batch costs is no part of the limit
    seconds, cpu = dict.fromkeys(PARTS, 0.0), dict.fromkeys(PARTS, 0.0)
    total = 0
    for number, batch in enumerate(batches):
        stages, read = _parts(batch, out / str(number))
        for part in PARTS:
            seconds[part] += stages.seconds[part]
            cpu[part] += stages.cpu[part]
        total += read
    return Outcome(seconds, {}, total, cpu)


def _parts(batch: list[Path], out: Path) -> tuple[Stages, int]:
    from checks.bulk import check_documents  # noqa: PLC0415
    from checks.context import CheckContext  # noqa: PLC0415
    from checks.document import SubmittedDocument  # noqa: PLC0415

    sealed, ring = _sealed([path.read_bytes() for path in batch], out)
    stages = Stages()
    ciphertexts = [path.read_bytes() for path in sealed]
    stages.end("read")
    datas = _decrypted(ciphertexts, ring)
    stages.end("decrypt")
    for data in datas:
        hashlib.sha256(data).hexdigest()
    stages.end("hash")
    context = CheckContext(today=date(2026, 1, 1))
    _parts_of_check(datas, context, stages)
    checked = check_documents([SubmittedDocument(data) for data in datas], context, threads=1)
    stages.end("places, rest")
    # The whole check was run once more for its result: what is left of it are the parts not measured alone.
    for seconds in (stages.seconds, stages.cpu):
        alone = sum(seconds[part] for part in ("decode", "model", "rules"))
        seconds["places, rest"] = max(0.0, seconds["places, rest"] - alone)
    _parts_of_store(batch, checked, out, stages)
    return stages, sum(map(len, datas))


def _sealed(datas: list[bytes], out: Path) -> tuple[list[Path], object]:
    """The documents as landing keeps them, and their keyring; outside of what is measured."""
    from warehouse.sealed import KEY_BYTES, Keyring, new_key_id, seal  # noqa: PLC0415

    ring = Keyring(id_ := new_key_id(), {id_: os.urandom(KEY_BYTES)})
    out.mkdir(parents=True)
    paths = []
    for number, data in enumerate(datas):
        paths.append(out / f"{number}.sealed")
        paths[-1].write_bytes(b"".join(seal([data], ring, ring.active)))
    return paths, ring


def _decrypted(ciphertexts: list[bytes], ring: object) -> list[bytes]:
    from io import BytesIO  # noqa: PLC0415

    from warehouse.sealed import unseal  # noqa: PLC0415

    return [b"".join(unseal(BytesIO(data), ring)) for data in ciphertexts]  # type: ignore[arg-type]


def _parts_of_check(datas: list[bytes], context: object, stages: Stages) -> None:
    import polars as pl  # noqa: PLC0415

    from checks.format.reader import faulty_documents, read_columns  # noqa: PLC0415
    from checks.rules.evaluate import evaluate  # noqa: PLC0415
    from checks.rules.prepare import prepare  # noqa: PLC0415

    with ThreadPoolExecutor(1) as workers:
        columns = read_columns(datas, list(range(len(datas))), workers)
    stages.end("decode")
    faulty_documents(columns.frames)
    stages.end("model")
    months = pl.DataFrame(
        {
            "document": pl.Series(columns.documents, dtype=pl.UInt32),
            "agency_code": columns.headers["agency_code"],
            "month": columns.headers["month"],
        }
    )
    calendar = context.calendar(months)  # type: ignore[attr-defined]
    prepared, _ = prepare(columns.frames, months, calendar, context.leave_types)  # type: ignore[attr-defined]
    evaluate(prepared, calendar, context)  # type: ignore[arg-type]
    stages.end("rules")


def _parts_of_store(batch: list[Path], checked: object, out: Path, stages: Stages) -> None:
    from warehouse import store as keeping  # noqa: PLC0415
    from warehouse.store_files import StoreFiles  # noqa: PLC0415

    files: dict[str, memoryview] = {}

    class _InMemory(StoreFiles):
        def put(self, name: str, data: memoryview) -> None:  # type: ignore[override]
            files[name] = data

    store = keeping.Store(out / "store", os.urandom(32))
    store._files = _InMemory(out / "store")  # noqa: SLF001
    places = [keeping.Place(number, path.stem, path.stem, MONTH) for number, path in enumerate(batch)]
    documents = checked.documents  # type: ignore[attr-defined]
    found = [(place, one.findings) for place, one in zip(places, documents, strict=True) if len(one.findings)]
    stages.end("between")
    store.write(checked.entered, places, found)  # type: ignore[attr-defined]
    stages.end("encode")
    disk = StoreFiles(out / "files")
    for name, data in files.items():
        disk.put(name, data)
    stages.end("write")
    disk.flush()
    stages.end("flush")
