"""Standing findings (檢誤結果): what an agency still has to mend or explain of a month, and what it has explained.

The one place that answers it, for the command line, the error report and the portal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from assets.platform import Platform
from checks.format.faults import most_kept
from warehouse.bundle_cache import bring
from warehouse.ledger import lifecycle
from warehouse.ledger.engine import reading
from warehouse.ledger.explanations import explanations_of
from warehouse.ledger.models import Explanation
from warehouse.receipts import Receipt, history
from warehouse.store import REVIEWS, file_of

_JUDGED = frozenset({lifecycle.ENTERED, lifecycle.ENTERED_WITH_ERRORS, lifecycle.REFUSED})


@dataclass(frozen=True)
class Standing:
    """`submissions`: what counts, and the newest refused one after it.  `waiting`: some are not judged yet.

    `findings` are rows of the stored model with `explanation`: None, or the answer as `code`, `text`, `by`, `at`.
    """

    submissions: Sequence[Receipt]
    findings: Sequence[dict[str, Any]]
    waiting: bool

    @property
    def may_have_more(self) -> bool:
        """Whether a submission's findings may be the first of more."""
        return any(may_have_more(one) for one in self.submissions)

    def of(self, submission_id: str) -> list[dict[str, Any]]:
        """The findings of one of the submissions."""
        return [row for row in self.findings if row["submission_id"] == submission_id]


def standing_findings(platform: Platform, agency_code: str, month: str) -> Standing:
    """What stands of an agency's month; empty where nothing of it was judged."""
    with reading(platform.engine) as session:
        received = history(session, agency_code, month)
        submissions = _standing(received)
        bring(platform.home, session, [month])
        rows = [row for one in submissions for row in _findings_of(platform, one)]
        answers = explanations_of(session, {row["finding_key"] for row in rows})
    _put_answers(rows, answers)
    return Standing(submissions, rows, any(one.state == lifecycle.RECEIVED for one in received))


def findings_of_submission(platform: Platform, one: Receipt) -> list[dict[str, Any]]:
    """The findings of a judged submission, as rows of `Standing.findings`, whether or not it counts."""
    with reading(platform.engine) as session:
        bring(platform.home, session, [one.month])
        rows = _findings_of(platform, one)
        answers = explanations_of(session, {row["finding_key"] for row in rows})
    _put_answers(rows, answers)
    return rows


def may_have_more(submission: Receipt) -> bool:
    """Whether its findings may be the first of more: as many fatal ones are kept as of a file of its size can be."""
    return submission.fatal >= most_kept(submission.size)


def _put_answers(rows: Sequence[dict[str, Any]], answers: Mapping[str, Explanation]) -> None:
    for row in rows:
        answer = answers.get(row["finding_key"])
        row["explanation"] = (
            {"code": answer.reason_code, "text": answer.text, "by": answer.by, "at": answer.at.isoformat()}
            if answer
            else None
        )


def _standing(received: Sequence[Receipt]) -> list[Receipt]:
    judged = [one for one in received if one.state in _JUDGED]
    counted = max((place for place, one in enumerate(judged) if one.state != lifecycle.REFUSED), default=-1)
    refused_since = judged[counted + 1 :][-1:]
    return judged[max(counted, 0) : counted + 1] + refused_since


def _findings_of(platform: Platform, submission: Receipt) -> list[dict[str, Any]]:
    """Its findings, those of its own check first; none where it has no file of them."""
    place = (submission.agency_code, submission.month, submission.submission_id)
    files = [file_of(platform.home.store, dataset, *place) for dataset in ("findings", REVIEWS)]
    return [row for file in files if file.exists() for row in pl.read_parquet(file).to_dicts()]
