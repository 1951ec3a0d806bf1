"""What mail and webhook have in common: a message ready to go, and the three ways in which it may not go."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from assets.notices.facts import Facts
from assets.notices.words import Message

#: Called right before a message is given away for good; False: somebody else has it by now, do not.
HandOver = Callable[[], bool]


@dataclass(frozen=True)
class Parcel:
    """A notice with its words; `id` is the same however often it is tried, `addresses` are a mail's."""

    id: str
    at: datetime
    facts: Facts
    message: Message
    addresses: tuple[str, ...] = ()


class Later(Exception):  # noqa: N818 — what to do
    """It did not go now, surely; it is to be tried again.  The text is a code without addresses."""


class Down(Later):
    """The same, and no other message would go either: nobody answers, or we are not let in."""


class Never(Exception):  # noqa: N818 — what to do
    """It will not go, surely.  `bad` are the addresses that were refused for good."""

    def __init__(self, code: str, bad: dict[str, str] | None = None) -> None:
        self.bad = bad or {}
        super().__init__(code)


class Unclear(Exception):  # noqa: N818 — what happened
    """It was given away and no answer came: nobody can say whether it was taken."""


class NotOurs(Exception):  # noqa: N818 — what happened
    """Another sender has it by now; it was not given away."""
