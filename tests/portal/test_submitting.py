"""手動報送: what is taken, of whom, what its page says before and after it is judged, and the receipt."""

import asyncio

import pytest

from assets.entering import enter
from tests.portal.conftest import PEOPLE
from tests.support.installations import FIRST, SECOND, document, refused, with_error
from warehouse.ledger.audit import AuditEntry
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Submission
from warehouse.receipt_signature import public_key, verify

MONTH = "2021-06"


def hand_in(client, data, name="file.json"):
    return asyncio.run(client.post("/submit", files={"file": (name, data, "application/json")}))


def get(client, path):
    return asyncio.run(client.get(path))


def submissions(opened):
    with reading(opened.engine) as session:
        return session.query(Submission).all()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (document(FIRST), "已收件，未發現錯誤，待入檔"),
        (with_error(FIRST), "已收件，但部分紀錄將退件"),
        (refused(FIRST), "已收件，但將整份退件"),
    ],
)
def test_what_is_taken_says_at_once_what_will_become_of_it(as_, opened, data, words):
    client = as_("submitter")
    answer = hand_in(client, data)
    assert answer.status_code == 303
    (one,) = submissions(opened)
    assert answer.headers["location"] == f"/agencies/{FIRST}/{MONTH}/submissions/{one.id}"
    assert opened.landing.read(one.id) == data
    page = get(client, answer.headers["location"]).text
    assert words in page
    assert "成功" not in page
    assert "110-07-20 24:00" in page
    assert one.id in page


def test_once_judged_the_page_says_what_became_of_it(as_, opened):
    client = as_("submitter")
    place = hand_in(client, with_error(FIRST)).headers["location"]
    enter(opened, MONTH)
    page = get(client, place).text
    assert "入檔有誤" in page
    assert "R102" in page
    assert "將退件" not in page


def test_the_receipt_is_verified_with_the_file_alone(as_, opened):
    client = as_("submitter")
    place = hand_in(client, document(FIRST)).headers["location"]
    answer = get(client, f"{place}/receipt.json")
    assert answer.headers["content-disposition"].startswith("attachment")
    said = answer.json()
    verdict = verify(said, said["submission_id"], public_key(opened.receipt_key()))
    assert (verdict.holds, verdict.is_genuine) == (True, True)
    assert (said["agency_code"], said["month"], said["on_time"]) == (FIRST, MONTH, True)


def test_the_same_file_twice_is_one_submission(as_, opened):
    client = as_("submitter")
    places = {hand_in(client, document(FIRST)).headers["location"] for _ in range(2)}
    assert len(places) == len(submissions(opened)) == 1


def test_another_agencys_file_is_not_taken(as_, opened):
    answer = hand_in(as_("submitter"), document(SECOND))
    assert answer.status_code == 403
    assert "未收件" in answer.text
    assert submissions(opened) == []
    assert list(opened.landing.ids()) == []


@pytest.mark.parametrize("who", [who for who in PEOPLE if who in {"authority", "viewer", "stranger"}])
def test_who_may_not_submit_is_told_so(as_, opened, who):
    client = as_(who)
    assert hand_in(client, document(FIRST)).status_code == 403
    assert get(client, "/submit").status_code == 403
    assert submissions(opened) == []


def test_what_names_no_agency_is_kept_and_called_by_its_name(as_, opened):
    answer = hand_in(as_("submitter"), b'{"format_version": "1.0"}')
    assert answer.status_code == 422
    assert "讀不出機關或年月" in answer.text
    (one,) = submissions(opened)
    assert (one.agency_code, one.month) == ("", "")
    assert one.id in answer.text


def test_the_audit_names_the_account_and_never_the_holder(as_, opened):
    hand_in(as_("submitter"), document(FIRST))
    with reading(opened.engine) as session:
        rows = [(row.actor, row.action) for row in session.query(AuditEntry).all() if row.action == "received"]
        everything = " ".join(str(vars(row)) for row in session.query(AuditEntry).all())
    assert rows == [("portal:submitter", "received")]
    assert "持有人" not in everything


def test_many_at_once_each_get_their_own(as_, opened):
    client = as_("submitter")

    async def all_at_once():
        documents = [document(FIRST, produced_at=f"2021-07-05T09:{minute:02}:00+08:00") for minute in range(20)]
        sent = [client.post("/submit", files={"file": ("f.json", one, "application/json")}) for one in documents]
        return [answer.headers["location"] for answer in await asyncio.gather(*sent)]

    places = asyncio.run(all_at_once())
    assert len(set(places)) == len(submissions(opened)) == 20


def test_a_form_of_somewhere_else_is_not_taken(as_, opened):
    client = as_("submitter")
    del client.headers["x-csrf-token"]
    assert hand_in(client, document(FIRST)).status_code == 403
    client.headers["x-csrf-token"] = "guessed"
    assert hand_in(client, document(FIRST)).status_code == 403
    assert submissions(opened) == []


def test_a_form_sent_from_another_site_is_not_taken(as_, opened):
    client = as_("submitter")
    client.headers["origin"] = "https://evil.example"
    assert hand_in(client, document(FIRST)).status_code == 403
    client.headers["origin"] = "http://127.0.0.1:8300"
    assert hand_in(client, document(FIRST)).status_code == 303


def test_of_a_refused_file_whose_findings_are_the_first_of_more_nothing_is_said_to_be_complete(as_, opened):
    client = as_("submitter")
    place = hand_in(client, document(FIRST, leaves=[{}] * 500)).headers["location"]
    assert "共 3,000 件，僅列前 500 件" in get(client, place).text
    enter(opened, MONTH)
    page = get(client, place).text
    assert "至少 1,000 件" in page
    assert 'class="number">至少' in page
    assert "可能另有其他" in get(client, f"/agencies/{FIRST}/{MONTH}").text
    hand_in(client, refused(FIRST))
    enter(opened, MONTH)
    assert "可能另有其他" not in get(client, f"/agencies/{FIRST}/{MONTH}").text
