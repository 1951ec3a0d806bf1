"""What the doctor looks at in the audit: that its chain holds, and that the ledger and what was published follow it."""

from sqlalchemy.orm import Session

from warehouse.diagnosis import Advance, Diagnosis
from warehouse.home import Home
from warehouse.ledger.audit_check import Noted, verify
from warehouse.publish.manifest import Manifest

_SHOWN = 3
_REMEDY = (
    "請查明何人何時更動，並自備份還原；確為還原所致者 find out who changed it and restore a backup; where it was "
    "restored: attendance audit accept --reason WHY"
)


def published_anchor(home: Home) -> list[Noted]:
    """The head of the audit as of the newest publishing."""
    anchor = Manifest.load(home.published).audit
    return [] if anchor is None else [Noted(anchor, "最近一次發布 the newest publishing")]


def audit_whole(home: Home, session: Session, advance: Advance) -> Diagnosis:
    """Whether nothing in the audit was changed, removed or put in."""
    name = "稽核紀錄 audit"
    verified = verify(session, published_anchor(home), advance)
    if verified.faults:
        more = f" …共 {len(verified.faults):,} 處 in all" if len(verified.faults) > _SHOWN else ""
        found = "；".join(fault.found for fault in verified.faults[:_SHOWN]) + more
        return Diagnosis(name, ok=False, found=found, remedy=_REMEDY)
    return Diagnosis(name, ok=True, found=f"{verified.rows:,} 列連續無缺 rows, an unbroken chain")
