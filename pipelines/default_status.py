"""How schedules and sensors begin: running, but for those of a demo's home.

A demo's months are long past and its systems are down: over its home they would run for months of today, which nobody
there reports.  Who wants one starts it on Dagster's pages.
"""

import dagster as dg

from pipelines.settings import SettingsError, load_settings


def _of_the_demo() -> bool:
    """Whether the home of the settings is a demo's; settings that cannot be read are told of by whatever needs them."""
    try:
        return load_settings().place.demo.is_dir()
    except SettingsError:
        return False


_STOPPED = _of_the_demo()
SCHEDULES = dg.DefaultScheduleStatus.STOPPED if _STOPPED else dg.DefaultScheduleStatus.RUNNING
SENSORS = dg.DefaultSensorStatus.STOPPED if _STOPPED else dg.DefaultSensorStatus.RUNNING
