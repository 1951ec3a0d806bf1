"""`attendance access`, as an operator types it for the first people of the portal."""

import pytest

from tests.support.cli import Attendance
from tests.support.installations import FIRST, SECOND, installation
from warehouse.access.certificates import subject_of

HEAD = ("--account", "ecpa-0001", "--name", "林人事", "--role", "head", "--agency", FIRST, "--reason", "首任人事主管")
SUBJECT = "CN=青川縣政府,OU=人事處,C=TW"
HEADER = "account,certificate,name,role,agency,from,until,reason\n"


@pytest.fixture
def made(home):
    installation(home).engine.dispose()
    return home


def test_somebody_is_authorised_listed_and_taken_back(attendance: Attendance, made):
    given = attendance("access", "grant", *HEAD, "--from", "2021-01-01")
    assert (given.code, given.out) == (0, f"授權 authorised 1: ecpa-0001 人事主管 head of personnel {FIRST}\n")
    again = attendance("access", "grant", *HEAD, "--from", "2021-01-01")
    assert "authorised 1:" in again.out
    operator = ("--account", "ecpa-0002", "--name", "周中央", "--role", "operator", "--reason", "維運")
    assert attendance("access", "grant", *operator, "--until", "2999-12-31").code == 0
    assert "林人事" in attendance("access", "list").out
    one, two = attendance("access", "list", "--format", "json").objects
    assert (one["account"], one["holder"], one["first_day"], one["last_day"]) == (
        *("ecpa-0001", "林人事", "2021-01-01", None),
    )
    assert one["actor"].startswith("cli:")
    assert (two["role"], two["agency_code"], two["last_day"]) == ("operator", None, "2999-12-31")
    assert attendance("access", "withdraw", 1, "--reason", "調職").code == 0
    (left,) = attendance("access", "list", "--format", "json").objects
    assert left["id"] == 2
    gone, _ = attendance("access", "list", "--all", "--format", "json").objects
    assert gone["withdrawn_because"] == "調職"
    assert attendance("access", "list", "--agency", FIRST, "--format", "json").out == ""


def test_a_certificate_is_known_by_its_subject(attendance: Attendance, made):
    told = ("--name", "青川縣政府", "--role", "agency", "--agency", FIRST, "--reason", "首次")
    assert attendance("access", "grant", "--certificate", SUBJECT, *told).code == 0
    (row,) = attendance("access", "list", "--certificate", SUBJECT, "--format", "json").objects
    assert row["account"] == subject_of(SUBJECT).account
    wrong = attendance("access", "grant", "--certificate", "/C=TW/CN=x", *told)
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    assert "RFC 4514" in wrong.err


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--agency": "9999999999"}, "沒有 9999999999"),
        ({"--role": "emperor"}, "there are: operator"),
        ({"--account": "A123456789"}, "單一簽入的代號"),
        ({"--certificate": SUBJECT}, "擇一"),
        ({"--until": "2020-01-01"}, "迄日不得早於起日"),
        ({"--reason": "林人事到任"}, "不得含姓名"),
    ],
)
def test_what_cannot_be_granted_is_one_line_that_says_what_to_do(attendance: Attendance, made, changed, said):
    options = {**dict(zip(HEAD[::2], HEAD[1::2], strict=True)), **changed}
    refused = attendance("access", "grant", *(word for pair in options.items() for word in pair))
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert said in refused.err
    assert "A123456789" not in refused.err
    assert attendance("access", "list", "--format", "json").out == ""


def test_nobodys_name_is_in_audit_or_journal(attendance: Attendance, made):
    assert attendance("access", "grant", *HEAD).code == 0
    refused = attendance("access", "withdraw", 1, "--reason", "林人事離職")
    assert "不得含姓名" in refused.err
    assert attendance("access", "withdraw", 1, "--reason", "離職").code == 0
    rows = attendance("audit", "list", "--format", "json")
    assert [row["action"] for row in rows.objects] == ["authorised", "authorisation_withdrawn"]
    assert "林人事" not in rows.out
    for log in made.rglob("*.log*"):
        assert "林人事" not in log.read_text(encoding="utf-8")


def test_a_file_is_taken_in_whole_or_not_at_all(attendance: Attendance, made, tmp_path):
    file = tmp_path / "people.csv"
    good = (
        f"ecpa-1,,林人事,head,{FIRST},2021-01-01,,首任\n"
        f',"{SUBJECT}",青川縣政府,agency,{FIRST},2021-01-01,2031-12-31,首次\n'
    )
    bad = f"ecpa-2,,陳報送,submitter,{SECOND},2021/01/01,,首任\n\nA123456789,,王小明,viewer,{SECOND},2021-01-01,,首任\n"
    file.write_text(HEADER + good + bad, encoding="utf-8")
    refused = attendance("access", "import", file)
    assert refused.code == 2
    assert "line 4: " in refused.err
    assert "line 6: " in refused.err
    for secret in ("A123456789", "王小明", "陳報送"):
        assert secret not in refused.err
    assert attendance("access", "list", "--format", "json").out == ""
    for encoding in ("cp950", "utf-8-sig"):
        file.write_text(HEADER + good, encoding=encoding)
        assert "2 筆授權" in attendance("access", "import", file).out
    assert len(attendance("access", "list", "--format", "json").objects) == 2


@pytest.mark.parametrize(
    "text",
    ["", "name,role\n", HEADER.replace("name", "姓名"), "account," + HEADER, HEADER + 'x,"', HEADER + "x" + "," * 9],
)
def test_a_file_of_another_kind_says_what_it_must_be(attendance: Attendance, made, tmp_path, text):
    file = tmp_path / "people.csv"
    file.write_text(text, encoding="utf-8")
    refused = attendance("access", "import", file)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
