"""`python -m portal.demo.entering`: what is submitted in the demo's portal is entered and published at once.

In an installation Dagster's sensors have that done.  Over a demo nothing runs by itself, and whoever tries the portal
waits for it: so this process beside it runs the job that a sensor would start, and ends when its standard input does.
"""

import sys
import threading

from assets.entry import months_outside
from assets.overdue import waiting
from assets.partitions import MONTHS
from assets.platform import Platform
from pipelines.cli.failures import one_line
from pipelines.jobs import entry
from pipelines.resources import platform
from pipelines.runs import run_job
from pipelines.sensors import runs_for
from pipelines.settings import Settings, load_settings
from warehouse.ledger.engine import reading

#: Seconds between two looks at the ledger.
_EVERY = 1.0


class Entering:
    """Enters what waits; what could not be entered is not tried again until more arrives for its month."""

    def __init__(self, settings: Settings, opened: Platform) -> None:
        self._settings = settings
        self._platform = opened
        #: Month → its newest arrival when its job was run.
        self._tried: dict[str, int] = {}

    def look(self) -> None:
        """Run the job of each month in which something waits; raises what its stages raise."""
        with reading(self._platform.engine) as session:
            found = waiting(session)
        months = runs_for(found, months_outside(self._platform), MONTHS.get_partition_keys()[-2])
        for month, newest in sorted(months.items()):
            if self._tried.get(month) != newest:
                self._tried[month] = newest
                run_job(self._settings, entry.name, month, {}, actor="demo")


def main() -> None:
    """Look once a second until standard input ends."""
    ended = threading.Event()

    def until_input_ends() -> None:
        sys.stdin.buffer.read()
        ended.set()

    threading.Thread(target=until_input_ends, daemon=True).start()
    settings = load_settings()
    opened = platform(settings, actor="demo")
    own = Entering(settings, opened)
    while not ended.wait(_EVERY):
        try:
            own.look()
        except Exception as error:  # noqa: BLE001 — the portal goes on, and so does this
            sys.stderr.write(f"未能入檔 could not be entered: {one_line(error)}\n")
    opened.engine.dispose()


if __name__ == "__main__":
    main()
