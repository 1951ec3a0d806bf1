"""The made-up country's files of the operators: mailboxes, released versions, who is enrolled in automatic updates.

All made up: addresses end in `.example`, which no mail leaves for, and the releases are none of WebITR's.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipelines.demo.agencies import DemoAgency
from pipelines.demo.webitr_releases import RELEASES
from warehouse.client_versions import RELEASES_FILE, UPDATES_FILE


def write_office_files(home: Path, agencies: Sequence[DemoAgency]) -> None:
    """Write `contacts.csv`, `client_versions.csv` and `automatic_updates.csv` into the home folder."""
    above = {agency.parent_code for agency in agencies}
    contacts = [(one.agency_code, "agency", f"hr@a{one.agency_code.lower()}.example") for one in agencies]
    contacts += [
        (one.agency_code, "authority", f"hr-office@a{one.agency_code.lower()}.example")
        for one in agencies
        if one.agency_code in above
    ]
    _write(home / "contacts.csv", ("agency_code", "role", "address"), contacts)
    released = [("WebITR", version, day) for version, day in RELEASES]
    _write(home / RELEASES_FILE, ("system", "version", "released_on"), released)
    enrolled = [(one.agency_code, "2020-07-01", "") for one in agencies if one.channel == "webitr"]
    _write(home / UPDATES_FILE, ("agency_code", "enrolled_from", "enrolled_to"), enrolled)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
