"""Dagster's databases on SQLite for tests: made once a process and copied from then on, as making them is slow.

Dagster loads all its migrations for each of the three: a third of a second, which is most of what a short run costs.
"""

import shutil
import tempfile
from functools import cache
from pathlib import Path

import dagster as dg

from pipelines.dagster_home import prepare
from pipelines.settings import Settings

_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@cache
def _made() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="dagster-")
    _KEPT.append(folder)  # until the process ends
    home = Path(folder.name)
    with dg.DagsterInstance.from_config(str(prepare(Settings(home=home)))) as instance:
        instance.get_runs()
        instance.all_instigator_state()
        instance.get_latest_materialization_event(dg.AssetKey("nothing"))
    (home / "dagster" / "dagster.yaml").unlink()  # it names the home
    return home / "dagster"


def put_dagster_storage(home: Path) -> None:
    """Put empty databases of Dagster there, where there are none."""
    if not (home / "dagster").exists():
        shutil.copytree(_made(), home / "dagster")
