"""Notices by a real SMTP server and a real HTTP server: each once, whatever the sender dies of and whoever refuses."""

import os
import signal
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest

from assets.notices.sending import tell
from assets.platform import Platform
from tests.support.installations import AGENCIES, FIRST, PERSON, SECOND, document, refused, with_error
from tests.support.mail_server import MailServer
from tests.support.noticed import MONTH, SENDER, Clock, mail_config, noticed, sender_process, submit
from warehouse.ledger.audit import listed as audited
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.outbox import LEASE, counts, listed, resolve


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path, clock, mail_server):
    made = noticed(tmp_path, clock, mail_config(tmp_path, mail_server.url))
    yield made
    made.engine.dispose()


def states(opened: Platform) -> dict[str, int]:
    with reading(opened.engine) as session:
        return counts(session)


def ids(opened: Platform, state: str) -> set[str]:
    with reading(opened.engine) as session:
        return {f"<{one.id}@attendance.example>" for one in listed(session, most=100, state=state)}


def test_each_is_told_once_in_words_without_people(opened, clock, mail_server):
    submit(opened, with_error, FIRST)
    submit(opened, refused, SECOND)
    told = tell(opened)
    assert (told.queued, dict(told.became), told.down) == (2, {"sent": 2}, {})
    assert tell(opened).became == {}
    by_agency = {message["X-Attendance-Notice"].split("; ")[1]: message for message in mail_server.taken}
    mail = by_agency[FIRST]
    assert mail["Subject"] == f"【差勤報送】110年6月資料已入檔，有 1 項錯誤待更正 entered with errors：機關 {FIRST}"
    assert (mail["From"], mail["To"]) == (SENDER, f"hr@a{FIRST.lower()}.example")
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for body in (text, html):
        assert "R102" in body
        assert PERSON not in body
        assert "王小明" not in body
    assert "110年7月20日（星期二）24時" in by_agency[SECOND].get_body(("plain",)).get_content()
    assert mail_server.connections == 1


def test_what_was_mended_meanwhile_is_not_told(opened, clock, mail_server):
    clock.to(13)
    submit(opened, document, FIRST)
    tell(opened, most=1)
    for agency in set(AGENCIES) - {FIRST}:
        submit(opened, document, agency)
    assert dict(tell(opened).became) == {"dropped": 2}
    assert len(mail_server.taken) == 1


def test_the_authoritys_digest_has_every_agency_in_a_file(opened, clock, mail_server):
    submit(opened, document, FIRST)
    clock.to(21)
    tell(opened)
    (digest,) = [mail for mail in mail_server.taken if "digest" in mail["X-Attendance-Notice"]]
    assert digest["To"] == "office@county.example"
    (file,) = list(digest.iter_attachments())
    rows = file.get_content().lstrip("\ufeff").splitlines()
    assert (len(rows), rows[0].split(",")[:2]) == (5, ["機關代碼", "機關名稱"])
    assert [row.split(",")[3] for row in rows[1:]] == ["未報送", "未報送", "未報送", "入檔"]
    assert "共 4 個" in digest.get_body(("plain",)).get_content()


def test_an_address_that_does_not_exist_gets_no_more_mail_until_it_is_tried_again(tmp_path, clock, mail_server):
    config = mail_config(tmp_path, mail_server.url, {FIRST: "nobody@gone.example", SECOND: "hr@second.example"})
    opened = noticed(tmp_path, clock, config)
    clock.to(13)
    told = tell(opened)
    assert dict(told.became) == {"failed": 1, "sent": 1}
    with reading(opened.engine) as session:
        (failed,) = listed(session, most=9, state="failed")
        assert failed.detail == "550 5.1.1"
        assert "gone.example" not in repr([(row.action, row.reason) for row in audited(session)])
    clock.to(19)
    again = tell(opened)
    assert FIRST in again.unreachable
    assert [mail["To"] for mail in mail_server.taken] == ["hr@second.example"] * 2
    opened.engine.dispose()


def test_one_bad_address_of_two_costs_the_other_nothing(tmp_path, clock, mail_server):
    config = mail_config(tmp_path, mail_server.url, {FIRST: "hr@first.example"})
    with config.contacts.open("a") as file:
        file.write(f"\n{FIRST},agency,nobody@gone.example\n")
    opened = noticed(tmp_path, clock, config)
    clock.to(13)
    assert dict(tell(opened).became) == {"sent": 1}
    clock.to(19)
    tell(opened)
    assert mail_server.recipients == [["hr@first.example"], ["hr@first.example"]]
    assert [mail["To"].count("@") for mail in mail_server.taken] == [2, 1]
    opened.engine.dispose()


def test_who_is_busy_is_tried_again_with_more_patience_each_time(tmp_path, clock, mail_server):
    opened = noticed(tmp_path, clock, mail_config(tmp_path, mail_server.url, {FIRST: "busy@first.example"}))
    clock.to(13)
    assert dict(tell(opened).became) == {"queued": 1}
    waits = []
    for _ in range(3):
        with reading(opened.engine) as session:
            (waiting,) = listed(session, most=9, state="queued")
        assert waiting.detail == "450 4.2.1"
        assert tell(opened).became == {}
        waits.append((waiting.not_before - clock.now).total_seconds())
        clock.now = waiting.not_before
        assert dict(tell(opened).became) == {"queued": 1}
    assert waits == [120, 240, 480]
    for _ in range(20):
        clock.now += timedelta(hours=6)
        tell(opened)
    assert states(opened)["failed"] == 1
    opened.engine.dispose()


def test_a_server_that_is_down_costs_no_attempt(tmp_path, clock):
    opened = noticed(tmp_path, clock, mail_config(tmp_path, "smtp://127.0.0.1:1"))
    clock.to(13)
    told = tell(opened)
    assert (list(told.down), dict(told.became)) == (["mail"], {})
    with reading(opened.engine) as session:
        waiting = listed(session, most=9, state="queued")
    assert [one.attempts for one in waiting] == [0, 0, 0, 0]
    assert all(one.sender is None for one in waiting)
    opened.engine.dispose()


@pytest.mark.parametrize(
    ("answer", "state"), [("", "uncertain"), ("451 4.3.0 full", "queued"), ("554 5.7.1 no", "failed")]
)
def test_after_the_dot_the_answer_decides_and_none_is_uncertain(opened, clock, mail_server, answer, state):
    clock.to(13)
    mail_server.on_message = lambda number: answer if number == 2 else None
    told = tell(opened, most=2)
    assert dict(told.became) == {"sent": 1, state: 1}


def kill_when(server: MailServer, moment: str, number: int, child: Future[int]) -> threading.Event:
    """Have the sender killed at that moment of its message of that number, while the server has the word."""
    killed = threading.Event()

    def kill() -> None:
        os.kill(child.result(), signal.SIGKILL)
        killed.set()
        assert os.waitstatus_to_exitcode(os.waitpid(child.result(), 0)[1]) == -signal.SIGKILL

    seen = Counter[str]()

    def recipient() -> None:
        seen["recipient"] += 1
        if moment == "before the dot" and seen["recipient"] == number:
            kill()

    def message(taken: int) -> None:
        if moment == "after the dot" and taken == number and not killed.is_set():
            kill()

    server.on_recipient, server.on_message = recipient, message
    return killed


@pytest.mark.parametrize("moment", ["before the dot", "after the dot"])
def test_a_sender_killed_midway_has_sent_each_once(opened, clock, mail_server, moment):
    clock.to(21)
    child: Future[int] = Future()
    killed = kill_when(mail_server, moment, 2, child)
    child.set_result(sender_process(opened, clock))
    assert killed.wait(60)
    # While its lease lasts nobody else touches what it had.
    assert tell(opened).became == {}
    clock.now += LEASE + timedelta(seconds=1)
    told = tell(opened)
    everything = {*ids(opened, "sent"), *ids(opened, "uncertain")}
    assert len(everything) == 5
    assert Counter(mail_server.ids) == Counter(dict.fromkeys(everything, 1))  # each once, the uncertain one too
    if moment == "before the dot":
        assert (told.uncertain, states(opened)) == (0, {"sent": 5})
    else:
        assert (told.uncertain, states(opened)) == (1, {"sent": 4, "uncertain": 1})
        assert ids(opened, "uncertain") == {mail_server.ids[1]}


def test_what_is_uncertain_is_settled_by_hand_and_goes_again_under_the_same_id(opened, clock, mail_server):
    clock.to(13)
    answers = iter([""])
    mail_server.on_message = lambda _number: next(answers, None)
    tell(opened, most=1)
    (uncertain,) = ids(opened, "uncertain")
    clock.now += timedelta(hours=1)
    tell(opened)
    assert uncertain not in mail_server.ids
    with writing(opened.engine) as session:
        assert len(resolve(session, uncertain[1:9], again=True, actor="cli:chen", at=clock.now)) == 1
    tell(opened)
    assert mail_server.ids.count(uncertain) == 1
    assert states(opened) == {"sent": 4}
    with reading(opened.engine) as session:
        resolved = [(one.actor, one.reason) for one in audited(session, actions=["notice_resolved"])]
    assert resolved == [("cli:chen", "due_soon by mail: again")]


def test_two_senders_at_once_send_each_once(opened, clock, mail_server):
    clock.to(21)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: tell(opened), range(3)))
    assert len(mail_server.ids) == len(set(mail_server.ids)) == 5
    assert states(opened) == {"sent": 5}


def test_a_slow_sender_whose_lease_was_taken_gives_nothing_away(opened, clock, mail_server):
    clock.to(13)

    def overtaken() -> None:
        mail_server.on_recipient = lambda: None
        clock.now += LEASE + timedelta(seconds=1)
        tell(opened)

    mail_server.on_recipient = overtaken
    tell(opened)
    assert len(mail_server.ids) == len(set(mail_server.ids)) == 4
    assert states(opened) == {"sent": 4}


def test_the_audit_has_what_was_told(opened, clock, mail_server):
    submit(opened, refused, FIRST)
    tell(opened)
    with reading(opened.engine) as session:
        (sent,) = audited(session, actions=["notice_sent"])
    assert (sent.agency_code, sent.month, sent.reason) == (FIRST, MONTH, "refused by mail")


def test_an_installations_own_template_goes_before_the_shipped_one(opened, clock, mail_server, tmp_path):
    own = tmp_path / "notice_templates"
    own.mkdir()
    (own / "due_soon.j2").write_text(
        "{% block subject %}請報送 {{ facts.month | roc }}{% endblock %}"
        "{% block zh %}謝謝{% endblock %}{% block en %}Thanks{% endblock %}"
    )
    clock.to(13)
    tell(opened, most=1)
    assert mail_server.taken[0]["Subject"] == "請報送 110年6月"
