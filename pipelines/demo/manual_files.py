"""The manual channel's side: files as people drop them into the inbox, some of them zipped together."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

from pipelines.demo.country import Handing

#: Of the files of a round, one in so many goes into the zip.
_ZIPPED_EVERY = 3


def write_manual_files(folder: Path, handings: Sequence[Handing], label: str) -> list[Path]:
    """Write the documents into `folder`, every third into one zip; returns the paths.

    File names say nothing that anybody should rely on: the platform goes by what is inside.
    """
    folder.mkdir(parents=True, exist_ok=True)
    zipped = handings[::_ZIPPED_EVERY]
    paths = []
    for number, handing in enumerate(one for one in handings if one not in zipped):
        path = folder / f"{label}-差勤-{number + 1}.json"
        path.write_bytes(handing.data)
        paths.append(path)
    if zipped:
        path = folder / f"{label}-合併.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, handing in enumerate(zipped):
                archive.writestr(f"差勤/{number + 1}.json", handing.data)
        paths.append(path)
    return paths
