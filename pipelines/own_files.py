"""Which files of a home folder operators wrote: what a backup takes beside landing and ledger.

Settings and tables at the top of the folder (`settings.toml`, `sources.toml`, `duties.csv`, `contacts.csv`,
`client_versions.csv`, …), the notices' templates, and a `dagster.yaml` with changes of their own.  Never a key.
"""

import os
from pathlib import Path

from pipelines.dagster_home import FIRST_LINE
from pipelines.settings import FILE_NAME, FILE_VARIABLE, Settings

_WRITTEN = ("*.toml", "*.csv")


def own_files(settings: Settings) -> list[Path]:
    """Absolute paths below the home folder, in order."""
    root = settings.place.root
    notices = settings.notices.config(root)
    named = [path for pattern in _WRITTEN for path in root.glob(pattern)]
    named += [notices.contacts, *notices.templates.rglob("*"), *_dagster(settings)]
    keys = {settings.place.root / file.expanduser() for file in _key_files(settings)}
    return sorted(
        {
            path
            for path in named
            if path.is_file() and path.is_relative_to(root) and path not in keys and not path.name.startswith(".")
        }
    )


def elsewhere(settings: Settings) -> list[Path]:
    """Files that the installation needs and that do not lie in its home folder: whoever put them there keeps them."""
    root = settings.place.root
    notices = settings.notices.config(root)
    file = os.environ.get(FILE_VARIABLE)
    named = [notices.contacts, notices.templates, *([Path(file).resolve()] if file else [])]
    return [path for path in named if path.exists() and not path.is_relative_to(root)]


def settings_file(root: Path) -> Path:
    """The settings of a home folder."""
    return root / FILE_NAME


def _key_files(settings: Settings) -> tuple[Path, ...]:
    own = settings.landing_keys_file, settings.person_key_file, settings.receipt_key_file
    return (*own, settings.portal.sign_in_key_file)


def _dagster(settings: Settings) -> list[Path]:
    file = settings.place.dagster / "dagster.yaml"
    if not file.is_file() or file.read_text(encoding="utf-8", errors="replace").startswith(FIRST_LINE):
        return []
    return [file]
