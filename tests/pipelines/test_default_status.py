"""What runs by itself over a home: everything, but nothing over a demo's."""

import os
import subprocess
import sys

import pytest

_ASKED = """
from pipelines.definitions import defs
repository = defs.get_repository_def()
for one in (*repository.schedule_defs, *repository.sensor_defs):
    print(one.name, one.default_status.value)
"""


def by_itself(home):
    """Name → whether it begins as running, as whoever loads the definitions over this home is told."""
    told = {**os.environ, "ATTENDANCE_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", _ASKED], env=told, capture_output=True, text=True, check=True)
    return {name: status == "RUNNING" for name, status in map(str.split, done.stdout.splitlines())}


@pytest.mark.parametrize("demo", [False, True])
def test_schedules_and_sensors_begin_by_themselves_but_in_a_demo(tmp_path, demo):
    if demo:
        (tmp_path / "demo").mkdir()
    found = by_itself(tmp_path)
    assert {"pull_on_working_days", "close_when_due", "tell_when_due", "late_arrivals", "ledger_ahead"} <= set(found)
    assert set(found.values()) == {not demo}
