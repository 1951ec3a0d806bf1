"""The reports: one `.sql` file each, a SELECT over the staged ledger (`ledger.*`), `core.*` and each other.

`definitions.sql` says what their words mean; `query.py` asks what was published.
"""

from functools import cache
from importlib.resources import files

#: By month, in an order in which each finds those that it reads: of one month (`$month`) from its details, then of
#: any months (`$months`), in their order, from the ledger.
FROM_DETAILS = ("corrections", "summary")
FROM_LEDGER = ("due_months", "submission_status", "monthly_counts", "submissions", "reviews")
BY_MONTH = (*FROM_DETAILS, *FROM_LEDGER)

#: Of one year (`$year`).
BY_YEAR = ("submission_ratios",)

#: Over all months at once.
WHOLE = ("agency_ancestors", "client_versions")


@cache
def sql(name: str) -> str:
    """Return the text of `<name>.sql`; FileNotFoundError where there is none."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
