"""The outbox on both databases: queued once, taken by one, made good after whoever had it died."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import Engine

from tests.support.submissions import AGENCY, MONTH, day
from warehouse.ledger import outbox
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.outbox import LEASE, MAIL, Telling, notice_id

NOW = day(13)
TELLINGS = [Telling("due_soon", f"{number:010}", MONTH, "day -7") for number in range(40)]


def queue(ledger: Engine) -> int:
    with writing(ledger) as session:
        return outbox.queue(session, MAIL, TELLINGS, NOW)


def claim(ledger: Engine, sender: str, most: int = 10, at=NOW) -> list[str]:
    with writing(ledger) as session:
        return [one.id for one in outbox.claim(session, MAIL, sender, most, at)]


def states(ledger: Engine) -> dict[str, int]:
    with reading(ledger) as session:
        return outbox.counts(session)


def test_an_id_is_for_ever():
    assert notice_id(MAIL, Telling("refused", AGENCY, MONTH, "transition 7")) == "e704b6dee3d96b0001a0a123e59a418d"


def test_what_is_asked_twice_is_queued_once_also_by_two_at_once(ledger):
    barrier = threading.Barrier(3)

    def together(_: int) -> int:
        barrier.wait()
        return queue(ledger)

    with ThreadPoolExecutor(3) as pool:
        assert max(pool.map(together, range(3))) == 40
    assert queue(ledger) == 0
    assert states(ledger) == {"queued": 40}


def test_of_senders_at_once_each_takes_others(ledger):
    queue(ledger)
    barrier = threading.Barrier(4)

    def take(number: int) -> list[str]:
        barrier.wait()
        return claim(ledger, f"sender {number}")

    with ThreadPoolExecutor(4) as pool:
        taken = [id_ for ids in pool.map(take, range(4)) for id_ in ids]
    assert len(taken) == len(set(taken))
    rest = claim(ledger, "last", 100)
    assert len(taken) + len(rest) == 40


def test_what_a_dead_sender_had_is_queued_again_or_uncertain(ledger):
    queue(ledger)
    first, second = claim(ledger, "dead", 2)
    with writing(ledger) as session:
        assert outbox.hand_over(session, first, "dead", NOW)
        assert not outbox.hand_over(session, second, "another", NOW)
    with writing(ledger) as session:
        assert outbox.take_back(session, NOW + LEASE) == (0, 0)
    late = NOW + LEASE + timedelta(seconds=1)
    with writing(ledger) as session:
        assert outbox.take_back(session, late) == (1, 1)
    assert states(ledger) == {"queued": 39, "uncertain": 1}
    with writing(ledger) as session:
        # It was only slow, and says now that it was sent; of what was taken back it has nothing to say.
        assert outbox.settle(session, first, "dead", outbox.SENT, detail=None, actor="test", at=late)
        assert not outbox.settle(session, second, "dead", outbox.SENT, detail=None, actor="test", at=late)
    assert states(ledger) == {"queued": 39, "sent": 1}


def test_only_one_that_fits_and_is_stuck_is_settled_by_hand(ledger):
    queue(ledger)
    (one,) = claim(ledger, "s", 1)
    with writing(ledger) as session:
        outbox.settle(session, one, "s", outbox.FAILED, detail="550", actor="test", at=NOW)
    with writing(ledger) as session:
        assert outbox.resolve(session, "zz", again=True, actor="clerk", at=NOW) == []
        assert [n.state for n in outbox.resolve(session, one[:6], again=False, actor="clerk", at=NOW)] == ["sent"]
        assert outbox.resolve(session, one, again=True, actor="clerk", at=NOW) == []
