"""Collecting from a P2K database through the WebHR channel, and reading back what was landed; the check judges it."""

import json
from datetime import date
from typing import Any

import polars as pl

from assets.channels.protocol import Delivery, Land, Outcome
from assets.channels.webhr import WebHr
from assets.channels.webhr_settings import WebHrSettings
from checks.bulk import CheckedDocument, check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from tests.assets.channels.p2k_database import AGENCY, P2kDatabase
from tests.assets.channels.recalled import Recalled
from warehouse.landing import Landing

MONTH = "2021-06"
#: The day on which the tables are read.
TODAY = date(2021, 7, 5)
LEAVE_TYPES = {"01": "01", "02": "02", "03": "03", "26": "26"}
#: An agency that is known to report nothing of any kind: what a test leaves out is then no matter.
NOTHING_OF = {AGENCY: ["leaves", "overtime", "clockings"]}

_BESIDE = {"person_id": "F220000004"}


class Desk:
    """Collects from one database and reads back what was landed."""

    def __init__(self, landing: Landing, land: Land) -> None:
        self.memory = Recalled()
        self._landing = landing
        self._land = land

    def channel(self, url: str, **settings: Any) -> WebHr:
        common = {name: settings.pop(name) for name in ("max_bytes", "connect_seconds") if name in settings}
        subsystem = {
            "url": url,
            "agencies": [AGENCY],
            "leave_types": LEAVE_TYPES,
            "employment_types": {"01": "civil_servant"},
            "reports_nothing_of": NOTHING_OF,
        }
        chosen = WebHrSettings.model_validate({**common, "subsystems": {"shared": {**subsystem, **settings}}})
        return WebHr(chosen, lambda: TODAY)

    def deliver(self, database: P2kDatabase, month: str = MONTH, **settings: Any) -> Delivery:
        (delivery,) = self.channel(database.url, **settings).collect(month, [AGENCY], self.memory, self._land)
        return delivery

    def document(self, database: P2kDatabase, month: str = MONTH, **settings: Any) -> dict[str, Any]:
        return json.loads(self.bytes_of(self.deliver(database, month, **settings)))

    def bytes_of(self, delivery: Delivery) -> bytes:
        assert delivery.outcome is Outcome.DELIVERED, delivery.reason
        return self._landing.read(delivery.submission_id)

    def checked(self, database: P2kDatabase, month: str = MONTH, **settings: Any) -> CheckedDocument:
        document = json.loads(self.bytes_of(self.deliver(database, month, **settings)))
        # Somebody whose overtime is in order: where nothing at all could be entered F014 would speak for every fault.
        document["employees"].append({**_BESIDE, "name": "林", "employment_type": "other"})
        times = {"start": f"{month}-10T18:00", "end": f"{month}-10T19:00", "minutes": 60}
        document["overtime"].append({**_BESIDE, **times, "record_id": "beside", "compensation": "none"})
        data = json.dumps(document).encode()
        context = CheckContext(date(2026, 1, 1))
        return check_documents([SubmittedDocument(data, AGENCY, month)], context).documents[0]


def errors(checked: CheckedDocument) -> list[tuple[str, str | None]]:
    """Rule and record_id of what is refused; a fatal finding would show too."""
    refusing = checked.findings.filter(pl.col("severity") != "warning")
    return list(refusing.select("rule", "record_id").iter_rows())
