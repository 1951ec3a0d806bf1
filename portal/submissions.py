"""A submission as its page and the interface show it: the ledger's receipt, and its findings, final or foreseen."""

from typing import Any

from anyio import to_thread

from assets.standing_findings import findings_of_submission, may_have_more
from portal.checked import Checked
from portal.guard import Visit
from warehouse.duties import Duties, calendar_of
from warehouse.ledger import lifecycle
from warehouse.ledger.engine import reading
from warehouse.ledger.lifecycle import SubmissionKey
from warehouse.receipts import Receipt, receipt


async def submission_page(visit: Visit, id_: str) -> dict[str, Any] | None:
    """`receipt` and `checked` of a submission, `foreseen` where it still waits; None where there is none of that id.

    What waits is checked now, from landing: the same check as the pipeline's, without what looks across submissions.
    """
    found = await to_thread.run_sync(_receipt_of, visit, id_)
    if found is None:
        return None
    platform, foreseen = visit.desk.platform, found.state == lifecycle.RECEIVED
    if foreseen:
        checked = await visit.desk.check.check(await to_thread.run_sync(platform.landing.read, id_))
    else:
        checked = await to_thread.run_sync(_judged, visit, found)
    return {"receipt": found, "checked": checked, "foreseen": foreseen}


def _receipt_of(visit: Visit, id_: str) -> Receipt | None:
    platform = visit.desk.platform
    with reading(platform.engine) as session:
        duties = Duties(session, calendar_of(platform.home))
        return receipt(session, SubmissionKey(id_, visit.agency, visit.of_month), duties)


def _judged(visit: Visit, found: Receipt) -> Checked:
    """What was found when it was judged, as a check's result."""
    findings = findings_of_submission(visit.desk.platform, found)
    unlisted: dict[str, int] | None = None if may_have_more(found) else {}
    return Checked.of(found.agency_code, found.month, findings, found.counts, {}, unlisted)
