"""Telling (通知): queue what is to be told, take it, send it, write down what became of it; any number at once.

Each message is a few short transactions of its own, so that a sender that is killed leaves one message at most in
doubt, and that one says so (`warehouse.ledger.outbox`).
"""

import os
import secrets
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from assets.notices.contacts import AGENCY, AUTHORITY, Contacts, mac_of, read_contacts
from assets.notices.delivery import Down, Later, Never, NotOurs, Parcel, Unclear
from assets.notices.facts import Known
from assets.notices.mail import MailCourier
from assets.notices.occasions import DIGEST, Occasions
from assets.notices.owing import Owing
from assets.notices.webhook import WebhookCourier
from assets.notices.words import Words
from assets.platform import Platform
from warehouse.deadlines import TAIPEI
from warehouse.duties import Duties, calendar_of
from warehouse.journal import log
from warehouse.ledger import outbox
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.outbox import DROPPED, FAILED, MAIL, SENT, UNCERTAIN, Notice, Telling

#: Notices that a sender takes at a time: what it has when it dies waits for the lease to end.
_TAKEN = 20

Courier = MailCourier | WebhookCourier


class NotSetUp(ValueError):  # noqa: N818 — says what is the matter
    """The installation has no way to tell anybody anything."""

    def __init__(self) -> None:
        super().__init__(
            "尚未設定通知管道：請設定 notices.smtp_url 與 notices.sender，或 notices.webhook_url "
            "no way is set up: set notices.smtp_url and notices.sender, or notices.webhook_url"
        )


@dataclass
class Told:
    """What a run of `tell` did: `queued` anew, `became` counts states, `unreachable` agencies without an address.

    `recovered` and `uncertain` are what earlier senders died of; `down` says which way does not answer and why.
    """

    queued: int = 0
    became: Counter[str] = field(default_factory=Counter)
    recovered: int = 0
    uncertain: int = 0
    unreachable: set[str] = field(default_factory=set)
    down: dict[str, str] = field(default_factory=dict)


def due(platform: Platform, at: datetime) -> tuple[dict[str, list[Telling]], set[str]]:
    """What is to be told at a moment and was not queued yet, by transport; and who has no address.  Writes nothing."""
    config = platform.notices
    with reading(platform.engine) as session:
        owing, contacts = _owing(platform, session), contacts_of(platform)
        occasions = Occasions(session, owing, config, at, platform.first_month)
        asked = {way: outbox.unknown(session, way, occasions.by(way, contacts)) for way in config.transports}
        unreachable = occasions.without_address(contacts) if MAIL in config.transports else set()
    return asked, unreachable


def _owing(platform: Platform, session: Session) -> Owing:
    return Owing(Duties(session, calendar_of(platform.home)))


def contacts_of(platform: Platform) -> Contacts:
    """The addresses as they are now; raises `ContactsRefused`, OSError."""
    with reading(platform.engine) as session:
        bad = outbox.bad_addresses(session)
    return read_contacts(platform.notices.contacts, platform.person_key(), bad)


def is_due(platform: Platform) -> bool:
    """Whether `tell` would do anything now."""
    now = platform.clock()
    with reading(platform.engine) as session:
        if outbox.is_waiting(session, now):
            return True
    return any(due(platform, now)[0].values())


def tell(platform: Platform, most: int | None = None, on_progress: Callable[[], object] = lambda: None) -> Told:
    """Queue and send what is to be told, up to `most` messages.

    Raises `NotSetUp`, `ContactsRefused`, `TemplateBroken`; what was sent before stays sent.
    """
    if not platform.notices.transports:
        raise NotSetUp
    now = platform.clock()
    told = Told()
    asked, told.unreachable = due(platform, now)
    with writing(platform.engine) as session:
        told.recovered, told.uncertain = outbox.take_back(session, now)
        told.queued = sum(outbox.queue(session, way, tellings, now) for way, tellings in asked.items())
    for way in platform.notices.transports:
        with closing(_courier(platform, way)) as courier:
            sender = Sender(platform, way, courier)
            try:
                for state in sender.send(most):
                    told.became[state] += 1
                    on_progress()
            except Down as error:
                told.down[way] = str(error)
                log.error("notices_way_down", way=way, reason=str(error))
    log.info("notices_told", queued=told.queued, recovered=told.recovered, became=dict(told.became))
    return told


def _courier(platform: Platform, way: str) -> Courier:
    config = platform.notices
    if way == MAIL and config.smtp is not None and config.sender is not None:
        return MailCourier(config.smtp, config.sender, config.reply_to)
    return WebhookCourier(config.webhook_url or "", config.webhook_secret or "", platform.clock)


class Sender:
    """One sender of one way; in the outbox it is known by machine, process and a number that nobody else has."""

    def __init__(self, platform: Platform, way: str, courier: Courier) -> None:
        self._platform, self._way, self._courier = platform, way, courier
        self._name = f"{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(6)}"
        self._words = Words(platform.notices)
        with reading(platform.engine) as session:
            self._owing = _owing(platform, session)

    def send(self, most: int | None = None) -> Iterator[str]:
        """Send what waits, and give the state of each; raises `Down` where nothing goes any more."""
        sent = 0
        while most is None or sent < most:
            taken = self._take(_TAKEN if most is None else min(_TAKEN, most - sent))
            if not taken:
                return
            try:
                for notice, parcel in self._parcels(taken):
                    yield self._send(notice, parcel)
                    sent += 1
            finally:
                with writing(self._platform.engine) as session:
                    outbox.release(session, self._name)

    def _take(self, most: int) -> list[Notice]:
        with writing(self._platform.engine) as session:
            taken = outbox.claim(session, self._way, self._name, most, self._platform.clock())
            session.expunge_all()
        return taken

    def _parcels(self, taken: list[Notice]) -> Iterator[tuple[Notice, Parcel | None]]:
        """What each notice says now; None where there is nothing to say any more."""
        contacts, now = contacts_of(self._platform), self._platform.clock()
        for notice in taken:
            # Each asks anew: while a national month's mails go out, agencies hand in.
            with reading(self._platform.engine) as session:
                facts = Known(self._platform, session, self._owing, now).facts_of(telling_of(notice))
            role = AUTHORITY if notice.kind == DIGEST else AGENCY
            addresses = contacts.of(notice.agency_code, role) if self._way == MAIL else ()
            if facts is None or (self._way == MAIL and not addresses):
                yield notice, None
            else:
                yield notice, Parcel(notice.id, now.astimezone(TAIPEI), facts, self._words.message(facts), addresses)

    def _send(self, notice: Notice, parcel: Parcel | None) -> str:
        """Send one; the state that it is in now."""
        if parcel is None:
            return self._settle(notice, DROPPED, "nothing to tell any more, or no address")
        try:
            bad = self._courier.deliver(parcel, lambda: self._hand_over(notice))
        except Down as error:
            self._postpone(notice, str(error), counts=False)
            raise
        except Later as error:
            return self._postpone(notice, str(error))
        except Never as error:
            return self._settle(notice, FAILED, str(error), error.bad)
        except Unclear as error:
            return self._settle(notice, UNCERTAIN, str(error))
        except NotOurs:
            return outbox.SENDING
        return self._settle(notice, SENT, None, bad)

    def _hand_over(self, notice: Notice) -> bool:
        with writing(self._platform.engine) as session:
            return outbox.hand_over(session, notice.id, self._name, self._platform.clock())

    def _settle(self, notice: Notice, state: str, detail: str | None, bad: dict[str, str] | None = None) -> str:
        now, actor = self._platform.clock(), self._platform.actor
        with writing(self._platform.engine) as session:
            outbox.settle(session, notice.id, self._name, state, detail=detail, actor=actor, at=now)
            for address, code in (bad or {}).items():
                mac = mac_of(self._platform.person_key(), address)
                outbox.remember_bad(session, mac, notice.agency_code, code, now)
        if state in (FAILED, UNCERTAIN):
            about = {"agency": notice.agency_code, "month": notice.month, "notice": notice.id, "kind": notice.kind}
            log.warning(f"notice_{state}", **about, way=self._way, reason=detail)
        return state

    def _postpone(self, notice: Notice, detail: str, *, counts: bool = True) -> str:
        now, actor = self._platform.clock(), self._platform.actor
        with writing(self._platform.engine) as session:
            return outbox.postpone(session, notice.id, self._name, detail=detail, actor=actor, at=now, counts=counts)


def telling_of(notice: Notice) -> Telling:
    """What a notice is about."""
    return Telling(notice.kind, notice.agency_code, notice.month, notice.occasion)


def preview(platform: Platform, telling: Telling, at: datetime) -> Parcel | None:
    """A notice as it would go out at a moment, to nobody; None where there is nothing to tell.  Writes nothing."""
    with reading(platform.engine) as session:
        facts = Known(platform, session, _owing(platform, session), at).facts_of(telling)
    if facts is None:
        return None
    return Parcel("preview", at.astimezone(TAIPEI), facts, Words(platform.notices).message(facts))
