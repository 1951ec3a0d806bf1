"""The demo's people: who may sign in at its provider, and what they are authorised to.  All of them are made up."""

from dataclasses import dataclass
from datetime import date

from assets.platform import Platform
from pipelines.demo.agencies import make_agencies
from warehouse.access.authorisations import AUTHORITY, HEAD, OPERATOR, SUBMITTER, VIEWER, Wanted, authorise
from warehouse.ledger.engine import writing

_SINCE = date(2021, 1, 1)
_REASON = "示範 demo"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demo; role None: signed in and authorised to nothing."""

    account: str
    name: str
    role: str | None
    agency_name: str | None


PEOPLE = (
    DemoPerson("operator", "周中央", OPERATOR, None),
    DemoPerson("authority", "吳督導", AUTHORITY, "青川縣政府"),
    DemoPerson("head", "林人事", HEAD, "青川縣青川國民小學"),
    DemoPerson("submitter", "陳報送", SUBMITTER, "青川縣青川國民小學"),
    DemoPerson("viewer", "許檢視", VIEWER, "青川縣青川國民小學"),
    DemoPerson("elsewhere", "鄭外縣", HEAD, "海岬縣海岬國民小學"),
    DemoPerson("stranger", "何未授權", None, None),
)


def authorise_all(platform: Platform) -> None:
    """Grant what is not granted yet; what was withdrawn is granted again."""
    codes = {one.name: one.agency_code for one in make_agencies(0)}  # the tree is the same for every seed
    with writing(platform.engine) as session:
        for one in PEOPLE:
            if one.role is not None:
                code = codes[one.agency_name] if one.agency_name else None
                wanted = Wanted(one.account, one.name, one.role, code, _SINCE, None, _REASON)
                authorise(session, wanted, actor="demo", at=platform.clock())
