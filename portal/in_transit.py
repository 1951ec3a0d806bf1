"""How many bytes of bodies the portal has at a time, from the first one that comes until its request is answered.

In all, of strangers together, and of each sender: what there is no room for is refused before it is read.
"""

from collections import Counter
from dataclasses import dataclass

from starlette.exceptions import HTTPException

from pipelines.settings_portal import PortalSettings
from portal.limiting import too_many

#: Seconds after which there may be room again.
_LATER = 5


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose a body is; `known`: by a token that stands, or signed in and authorised to something."""

    key: str
    signed_in: bool
    known: bool


class InTransit:
    """Room for bodies; `largest` is what one may have.  For the event loop's thread alone."""

    def __init__(self, settings: PortalSettings, largest: int) -> None:
        most = max(settings.bytes_in_transit, largest)
        self._most = {True: most, False: min(settings.anonymous_bytes_in_transit, most)}
        self._most_each = {True: max(most // 2, largest), False: settings.anonymous_bytes_a_minute}
        self._held: Counter[bool] = Counter()
        self._held_each: Counter[str] = Counter()

    def take(self, sender: Sender, size: int) -> None:
        """Take room for so many bytes more; raises 429 where the sender, 503 where the portal has too many already."""
        if self._held_each[sender.key] + size > self._most_each[sender.known]:
            raise too_many("前一份檔案尚未處理完畢，請稍候再送 wait until the documents before are answered", _LATER)
        within = self._held[sender.known] + size <= self._most[sender.known]
        if not within or self._held.total() + size > self._most[True]:
            words = "目前傳送的檔案過多，請稍候再送 too much is being sent at the moment: try again later"
            raise HTTPException(503, words, headers={"Retry-After": str(_LATER)})
        self._held[sender.known] += size
        self._held_each[sender.key] += size

    def give_back(self, sender: Sender, size: int) -> None:
        """Give back what was taken."""
        self._held[sender.known] -= size
        self._held_each[sender.key] -= size
        if not self._held_each[sender.key]:
            del self._held_each[sender.key]
