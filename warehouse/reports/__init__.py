"""The reports: one `.sql` file each, a SELECT over the staged ledger (`ledger.*`), `core.*` and each other.

`definitions.sql` says what their words mean; `query.py` asks what was published.
"""

from functools import cache
from importlib.resources import files

#: The reports that are computed anew at each publishing, in an order in which each finds those that it reads.
WHOLE = ("due_months", "submission_status", "monthly_counts", "submission_ratios", "client_versions")

#: Computed from the details of one month (`$month`) and kept with them.
BY_MONTH = ("corrections", "summary")


@cache
def sql(name: str) -> str:
    """Return the text of `<name>.sql`; FileNotFoundError where there is none."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
