"""Who is on an agency's payroll in a month, and whose card is whose."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from assets.channels.p2k.tables import Person
from assets.channels.p2k.values import roc_date
from checks.model.masking import mask_ids_in


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a month, the last one included."""

    first: date
    last: date

    @classmethod
    def of(cls, month: str) -> "Span":
        """`2021-06` → 1 to 30 June."""
        year, number = int(month[:4]), int(month[5:])
        return cls(date(year, number, 1), date(year, number, monthrange(year, number)[1]))

    def holds(self, at: datetime) -> bool:
        """Whether the moment lies in the month."""
        return self.first <= at.date() <= self.last

    def touches(self, start: datetime, end: datetime) -> bool:
        """Whether the interval has a part in the month; one that does not go forward belongs to its start's month."""
        if end <= start:
            return self.holds(start)
        begin = datetime(self.first.year, self.first.month, 1)  # noqa: DTZ001 — local time
        return start.date() <= self.last and end > begin


class Roster:
    """The people of an agency, and whose card is whose.  `on_payroll` is in the order of the IDs.

    `away` is how many days PELEVDATE lies after the last day at work: 0, or 1 where it is the first day away.
    """

    def __init__(self, span: Span, away: int = 0) -> None:
        self._span = span
        self._away = timedelta(days=away)
        self.rows = 0
        self.on_payroll: list[Person] = []
        self._holders: dict[str, set[str]] = {}
        self._holders_now: dict[str, set[str]] = {}
        self._cards: dict[str, str] = {}

    def add(self, person: Person) -> None:
        """Take in a row of the personnel table."""
        self.rows += 1
        joined, left = self.days_of(person)
        here = (joined is None or joined <= self._span.last) and (left is None or left >= self._span.first)
        if here:
            self.on_payroll.append(person)
        if person.card:
            self._cards[person.person_id] = person.card
            self._holders.setdefault(person.card, set()).add(person.person_id)
            if here:
                self._holders_now.setdefault(person.card, set()).add(person.person_id)

    def days_of(self, person: Person) -> tuple[date | None, date | None]:
        """The first and the last day on the payroll; None: before and after all, or what cannot be read."""
        left = roc_date(person.left)
        return roc_date(person.joined), left - self._away if left is not None else None

    def holder(self, card: str) -> str | None:
        """Whose card it is: of those on the payroll, or else of those who left; None where several share it."""
        holders = self._holders_now.get(card) or self._holders.get(card, set())
        return next(iter(holders)) if len(holders) == 1 else None

    def number_of(self, person_id: str) -> str | None:
        """Give the employee number that stands for one person only and is no national ID itself."""
        card = self._cards.get(person_id)
        if card is None or len(self._holders[card]) > 1 or holds_id(card, person_id):
            return None
        return card


def holds_id(text: str, person_id: str) -> bool:
    """Whether the text holds this person's national ID, or whatever looks like anybody's."""
    return (person_id != "" and person_id.lower() in text.lower()) or mask_ids_in(text) != text
