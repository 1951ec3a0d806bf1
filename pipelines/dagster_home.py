"""Dagster's own home, `<home>/dagster`, with a `dagster.yaml` that suits us.

`python -m pipelines.dagster_home` makes it and prints its path, for `DAGSTER_HOME`.  The file is written anew from the
settings as long as its first line is ours; whoever wants to keep changes of their own removes that line.
"""

import json
import os
import secrets
import sys
from pathlib import Path

from pipelines.settings import PREFIX, Settings, load_settings

FIRST_LINE = (
    "# 由 attendance 產生，刪除此行即不再覆寫 Written by attendance; remove this line to keep your own changes."
)

_TEMPLATE = """\
{first_line}
telemetry:
  enabled: false
nux:
  enabled: false
{storage}
# Runs started from the browser, schedules and sensors wait in a queue; each is a process of its own.  Months may be
# entered side by side; whoever publishes waits for the other on the publisher's own lock.
concurrency:
  runs:
    max_concurrent_runs: {runs}
run_monitoring:
  enabled: true
  start_timeout_seconds: 120
  max_runtime_seconds: 43200
schedules:
  use_threads: true
  num_workers: 2
sensors:
  use_threads: true
  num_workers: 2
retention:
  schedule:
    purge_after_days: 365
  sensor:
    purge_after_days:
      skipped: 7
      failure: 90
      success: 365
"""


#: Dagster's own files, in their own places, written more quickly.
_SQLITE = """\
event_log_storage:
  module: pipelines.event_log
  class: KeptOpenSqliteEventLog
  config:
    base_dir: {folder}
"""

#: All three in one database, as under `storage: postgres`, and the event log with quick pages.
_POSTGRESQL = """\
run_storage:
  module: dagster_postgres.run_storage
  class: PostgresRunStorage
  config: &postgresql
    postgres_url: {url}
schedule_storage:
  module: dagster_postgres.schedule_storage
  class: PostgresScheduleStorage
  config: *postgresql
event_log_storage:
  module: pipelines.postgres_event_log
  class: GridPostgresEventLog
  config: *postgresql
"""


def prepare(settings: Settings) -> Path:
    """Make Dagster's home where needed; its absolute path.  Raises OSError."""
    os.umask(settings.place.umask)  # Dagster, run in this process, makes its databases
    folder = settings.place.create().dagster
    file = folder / "dagster.yaml"
    wanted = _TEMPLATE.format(first_line=FIRST_LINE, storage=_storage(settings), runs=settings.concurrent_runs)
    held = file.read_text(encoding="utf-8") if file.exists() else FIRST_LINE
    if held.startswith(FIRST_LINE) and held != wanted:
        _write(file, wanted)
    return folder


def _storage(settings: Settings) -> str:
    """SQLite beside the file unless PostgreSQL is set; a password that is in the environment stays there."""
    if settings.dagster_url is None:
        return _SQLITE.format(folder=json.dumps(str(settings.place.dagster / "history" / "runs")))
    variable = f"{PREFIX}DAGSTER_URL"
    in_environment = bool(os.environ.get(variable))
    # JSON is YAML, and quotes whatever a password may hold.
    url = json.dumps({"env": variable} if in_environment else settings.dagster_url.get_secret_value())
    return _POSTGRESQL.format(url=url)


def _write(file: Path, text: str) -> None:
    """Replace the file as a whole; only its owner may read it, as it may hold a password."""
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as new:
        new.write(text)
    temporary.replace(file)


if __name__ == "__main__":
    sys.stdout.write(f"{prepare(load_settings())}\n")
