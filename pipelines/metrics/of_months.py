"""The months that are open: who owes, who has what, how many records and findings; what waits, what is behind."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import func, select

from assets.agenda import Agenda
from assets.core_tables import CORE, behind
from pipelines.metrics.part import Family, Looked, gauge, single
from warehouse.ledger import lifecycle
from warehouse.ledger.base import same_submission
from warehouse.ledger.engine import reading
from warehouse.ledger.models import AgencyMonth, DatasetCount, Submission
from warehouse.ledger.versions import Moment, newest_moment
from warehouse.publish.database import open_warehouse

#: States of what an agency has handed in, the one that counts first.
_HELD = (
    ("waiting", (lifecycle.RECEIVED,)),
    ("refused", (lifecycle.REFUSED,)),
)


def waiting(looked: Looked) -> Iterator[Family]:
    """What was received and is not checked yet, of any month."""
    query = select(func.count(), func.min(Submission.received_at)).where(Submission.state == lifecycle.RECEIVED)
    with reading(looked.platform.engine) as session:
        number, oldest = session.execute(query).one()
    yield single("submissions_waiting", "已收件而未檢核 Submissions received and not checked yet", number)
    seconds = (looked.now - oldest).total_seconds() if oldest else 0
    yield single("oldest_waiting_seconds", "最早一件已等候秒數 How long the oldest of them has waited", seconds)


def by_month(looked: Looked) -> Iterator[Family]:
    """Of each open month: when it is due, how many owe it, and what they have."""
    owe = gauge("agencies_due", "應報機關 Agencies that owe the month", ["month"])
    until = gauge("month_deadline_timestamp_seconds", "報送期限 Until when everybody owes it", ["month"])
    have = gauge(
        "agency_months",
        "應報機關之情形 Agencies that owe the month, by what they have: entered, waiting, refused, missing",
        ["month", "state"],
    )
    documents = gauge("submissions", "報送件數 Submissions of the month by state", ["month", "state"])
    with reading(looked.platform.engine) as session:
        agenda = Agenda(looked.platform, session, looked.now)
        for month in agenda.open_months(looked.now):
            duties = agenda.duties.of_month(month)
            owe.add_metric([month], len(duties.due))
            until.add_metric([month], duties.deadline.timestamp())
            # What came before the month had ended leaves the agency owing it.
            counted = select(AgencyMonth.agency_code).where(
                AgencyMonth.month == month, AgencyMonth.first_entered_received_at.is_not(None)
            )
            rows = session.execute(select(Submission.agency_code, Submission.state).where(Submission.month == month))
            by_state: dict[str, set[str]] = {}
            numbers: Counter[str] = Counter()
            for agency, state in rows:
                by_state.setdefault(state, set()).add(agency)
                numbers[state] += 1
            left = set(duties.due)
            entered = left & set(session.scalars(counted))
            have.add_metric([month, "entered"], len(entered))
            left -= entered
            for name, states in _HELD:
                these = left & set().union(*(by_state.get(state, set()) for state in states))
                have.add_metric([month, name], len(these))
                left -= these
            have.add_metric([month, "missing"], len(left))
            for state, number in sorted(numbers.items()):
                documents.add_metric([month, state], number)
    yield from (owe, until, have, documents)


def records(looked: Looked) -> Iterator[Family]:
    """Records of what is counted, by dataset: read, entered, refused, warned."""
    family = gauge(
        "records",
        "採計之紀錄筆數 Records that count, by what became of them",
        ["month", "dataset", "outcome"],
    )
    names = ("read", "entered", "refused", "warned")
    with reading(looked.platform.engine) as session:
        months = Agenda(looked.platform, session, looked.now).open_months(looked.now)
        sums = [func.sum(getattr(DatasetCount, name)) for name in names]
        for month in months:
            query = (
                select(DatasetCount.dataset, *sums)
                .join(AgencyMonth, same_submission(AgencyMonth, DatasetCount))
                .where(DatasetCount.month == month)
                .group_by(DatasetCount.dataset)
            )
            for dataset, *numbers in session.execute(query):
                for name, number in zip(names, numbers, strict=True):
                    family.add_metric([month, dataset, name], number)
    yield family


class Findings:
    """Findings of the open months by rule, as published; counted anew only when there is another warehouse."""

    def __init__(self) -> None:
        self._of: tuple[int, int] | None = None
        self._rows: list[tuple[str, str, str, int]] = []

    def __call__(self, looked: Looked) -> Iterator[Family]:
        """Count."""
        family = gauge("findings", "檢誤件數（已發布者） Findings as published", ["month", "rule", "severity"])
        file = looked.platform.home.warehouse
        if file.exists():
            held = file.stat()
            if self._of != (held.st_ino, held.st_mtime_ns):
                with open_warehouse(file) as warehouse:
                    self._rows = warehouse.execute(
                        "SELECT month, rule, severity, count(*) FROM core.findings GROUP BY ALL ORDER BY ALL"
                    ).fetchall()
                self._of = held.st_ino, held.st_mtime_ns
            with reading(looked.platform.engine) as session:
                months = set(Agenda(looked.platform, session, looked.now).open_months(looked.now))
            for month, rule, severity, number in self._rows:
                if month in months:
                    family.add_metric([month, rule, severity], number)
        yield family


class Behind:
    """How many months the ledger knows more of than was published, as the sensor `ledger_ahead` asks it.

    All months are looked at once; after that those that were touched since, and those that were behind.
    """

    def __init__(self) -> None:
        self._known: tuple[Moment, int] | None = None
        self._months: list[str] = []

    def __call__(self, looked: Looked) -> Iterator[Family]:
        """Count."""
        with reading(looked.platform.engine) as session:
            moment = newest_moment(session)
        published = looked.instance.fetch_materializations(CORE, limit=1).records
        known = moment, published[0].storage_id if published else 0
        if known != self._known:
            since = self._known[0] if self._known else None
            self._months = behind(looked.platform, looked.instance, since, self._months)
            self._known = known
        yield single("months_behind", "尚未發布至最新的月份 Months published behind the ledger", len(self._months))
        at = published[0].timestamp if published else 0
        yield single("last_published_timestamp_seconds", "最近一次發布 When a month was last published", at)
