"""What the doctor looks at in what was published: that every file is, byte for byte, what was written."""

from collections.abc import Sequence

import duckdb

from warehouse.diagnosis import REBUILD, Advance, Diagnosis, some
from warehouse.home import Home
from warehouse.publish.manifest import Manifest, sha256_of


def published_sums(home: Home, advance: Advance) -> Diagnosis:
    """Whether the reading copies and `warehouse.duckdb` have the sums that the manifest says."""
    name = "已發布檔案雜湊 published sums"
    manifest = Manifest.load(home.published)
    sums = {manifest.folder / copy.file: copy.sha256 for copy in manifest.all()}
    if manifest.confirmed and manifest.warehouse_sha256:
        sums[home.warehouse] = manifest.warehouse_sha256
    wrong = []
    for path, sum_ in sums.items():
        if sum_ and path.is_file() and sha256_of(path) != sum_:  # one that is missing is missed where it is read
            wrong.append(str(path))
        advance()
    if wrong:
        found = f"{len(wrong):,}/{len(sums):,} 檔與發布時不同 files are not as they were published: {some(wrong)}"
        return Diagnosis(name, ok=False, found=found, remedy=REBUILD)
    without = sum(not one for one in sums.values())
    older = f"，{without:,} 檔發布較早而無雜湊 of before there were sums" if without else ""
    return Diagnosis(name, ok=True, found=f"{len(sums) - without:,} 檔雜湊相符 files, all sums right{older}")


def warehouse_unread(name: str, error: duckdb.Error, months: Sequence[str]) -> Diagnosis:
    """Why the warehouse cannot be read; where it lacks a table of ours an earlier program published it: no damage."""
    said = str(error).splitlines()[0]
    if isinstance(error, duckdb.CatalogException) and months:
        found = f"為較早版本程式所發布 published by an earlier version of this program: {said}"
        return Diagnosis(name, ok=False, found=found, remedy=f"attendance run --month {months[-1]}")
    return Diagnosis(name, ok=False, found=f"無法開啟 cannot be opened: {said}", remedy=REBUILD)
