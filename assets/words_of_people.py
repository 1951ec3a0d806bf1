"""What people write into the ledger (說明、原因), which analysts read: no national ID and no employee is named in it.

An ID is masked, as it cannot be meant.  A name is refused: who writes it can say whom they mean by office or record.
"""

import json
from typing import Any

from assets.platform import Platform
from checks.model.masking import mask_ids_in
from warehouse.ledger.engine import reading
from warehouse.ledger.retirements import refuse_retired
from warehouse.receipts import history

#: Characters of the shortest name that is looked for: one alone is in every sentence.
_SHORTEST = 2


class NamesSomebody(ValueError):  # noqa: N818 — reads as what it is
    """The text holds the name of one of the agency's employees."""

    def __init__(self, at: int) -> None:
        super().__init__(
            f"文字第 {at} 字起是員工姓名，請改以職稱或紀錄編號說明 "
            f"an employee's name begins at character {at}: say it by office or record_id instead"
        )


def without_people(platform: Platform, agency_code: str, month: str, text: str) -> str:
    """The text with IDs masked.  Raises `NamesSomebody` for a name on any list that the agency-month handed in.

    What is about no agency's month (`""`) has no list.  `YearRetired` where the lists were removed.
    """
    names = _names(platform, agency_code, month) if month else ()
    found = [text.find(name) for name in names if name in text]
    if found:
        raise NamesSomebody(min(found) + 1)
    return mask_ids_in(text)


def _names(platform: Platform, agency_code: str, month: str) -> set[str]:
    with reading(platform.engine) as session:
        refuse_retired(session, month)
        ids = [one.submission_id for one in history(session, agency_code, month)]
    return {name for id_ in ids for name in _names_in(platform.landing.read(id_))}


def _names_in(data: bytes) -> set[str]:
    """Names of a document's employees; of what cannot be read, none."""
    try:
        document: Any = json.loads(data)
        employees = document["employees"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return set()
    rows = [row for row in employees if isinstance(row, dict)] if isinstance(employees, list) else []
    names = {row["name"].strip() for row in rows if isinstance(row.get("name"), str)}
    return {name for name in names if len(name) >= _SHORTEST}
