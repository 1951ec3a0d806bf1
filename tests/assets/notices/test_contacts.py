"""The file of addresses: what it may hold, that no fault repeats an address, and that what was refused is left out."""

import pytest

from assets.notices.contacts import AGENCY, AUTHORITY, ContactsRefused, mac_of, read_contacts
from tests.support.installations import FIRST, SECOND

KEY = b"k" * 32


def read(tmp_path, text: str, encoding: str = "utf-8", bad: tuple[str, ...] = ()):
    file = tmp_path / "contacts.csv"
    file.write_bytes(text.encode(encoding))
    return read_contacts(file, KEY, [mac_of(KEY, one) for one in bad])


def test_no_file_is_no_contacts(tmp_path):
    assert read_contacts(tmp_path / "none.csv", KEY).agencies(AGENCY) == set()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp950"])
def test_headings_and_roles_in_either_language(tmp_path, encoding):
    text = (
        f"機關代碼,電子郵件,角色\n{FIRST},hr@a.gov.tw,機關\n{FIRST},hr2@a.gov.tw,機關\n{SECOND},tw@b.gov.tw,主管機關\n"
    )
    contacts = read(tmp_path, text, encoding)
    assert contacts.of(FIRST, AGENCY) == ("hr@a.gov.tw", "hr2@a.gov.tw")
    assert contacts.of(SECOND, AUTHORITY) == ("tw@b.gov.tw",)
    assert contacts.agencies(AGENCY) == {FIRST}


def test_what_was_refused_is_left_out_whatever_its_capitals(tmp_path):
    contacts = read(tmp_path, f"agency_code,role,address\n{FIRST},agency,HR@a.gov.tw\n", bad=("hr@A.gov.tw",))
    assert (contacts.of(FIRST, AGENCY), contacts.agencies(AGENCY)) == ((), set())


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (f"{FIRST},agency,wang at a.gov.tw", "not an e-mail address"),
        (f'{FIRST},agency,"a@b.tw\nBcc: x@y.tw"', "not an e-mail address"),
        (f"{FIRST},agency,王@a.gov.tw", "not an e-mail address"),
        (f"{FIRST},boss,hr@a.gov.tw", "the role must be"),
        ("123,agency,hr@a.gov.tw", "10 digits or capitals"),
    ],
)
def test_faults_name_the_line_and_no_address(tmp_path, row, fault):
    with pytest.raises(ContactsRefused, match=fault) as refused:
        read(tmp_path, f"agency_code,role,address\n{row}\n")
    assert "第 2 行" in str(refused.value) or "第 3 行" in str(refused.value)
    assert ".tw" not in str(refused.value).replace(str(tmp_path), "")


def test_a_header_that_lacks_a_column_says_which(tmp_path):
    with pytest.raises(ContactsRefused, match="role"):
        read(tmp_path, f"agency_code,address\n{FIRST},hr@a.gov.tw\n")
