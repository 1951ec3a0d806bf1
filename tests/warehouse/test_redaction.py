"""An address is shown without account and parameters, wherever a secret stands in it; what is remembered is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.redaction import remember, shown_address, split_address, without_secrets
from warehouse.secret_types import HIDDEN, Secret, SecretAddress

SECRET = "hunter2-marked"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (f"postgresql+psycopg://me:{SECRET}@db:5432/ledger", "postgresql+psycopg://db:5432/ledger"),
        (f"postgresql://db/ledger?user=me&password={SECRET}", "postgresql://db/ledger"),
        (f"postgresql:///ledger?host=/run&password={SECRET}@x", "postgresql:///ledger"),
        (f"sftp://me:{SECRET}@[::1]:22/in", "sftp://[::1]:22/in"),
        (f"sftp://me:{SECRET}/with@host/in", "sftp://…"),
        (f"sftp://me:{SECRET}?with@host/in", "sftp://…"),
        (f"sftp://me:{SECRET}#with@host/in", "sftp://…"),
        (f"sftp://me:{SECRET}@with@host/in", "sftp://host/in"),
        (f"https://{SECRET}@host/in#{SECRET}", "https://host/in"),
        (f"redis://:{SECRET}@cache:6379/0", "redis://cache:6379/0"),
        (f"zip://*.json::sftp://me:{SECRET}@host/a.zip", "zip://*.json::sftp://host/a.zip"),
        ("sqlite:////home/me@office/ledger.sqlite", "sqlite:////home/me@office/ledger.sqlite"),
        ("/home/me@office/inbox", "/home/me@office/inbox"),
        ("s3://bucket/in", "s3://bucket/in"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(address, shown):
    assert shown_address(address) == shown
    assert SECRET not in without_secrets(f"cannot open {address}, try again")


@given(st.text(st.characters(codec="utf-8", exclude_characters="@"), min_size=1))
def test_no_password_however_written_is_shown(password):
    marked = f"<{password}>{SECRET}"
    assert SECRET not in shown_address(f"sftp://me:{marked}@host/in")
    assert SECRET not in shown_address(f"sftp://host/in?password={marked}")
    assert SECRET not in shown_address(f"a://b::sftp://me:{marked}@host/in")


def test_what_settings_hold_is_taken_out_of_any_text():
    Secret("remembered-secret")
    SecretAddress("sftp://me:remembered%2Fpassword@host/in?api_key=remembered-key")
    said = without_secrets("FATAL: remembered-secret, 'remembered/password' remembered%2Fpassword (remembered-key) me")
    assert said == "FATAL: ***, '***' *** (***) me"


def test_a_secret_that_is_part_of_a_word_is_left():
    remember("secret-word")
    assert without_secrets("secret-words and insecret-word, but secret-word") == (
        "secret-words and insecret-word, but ***"
    )


def test_the_types_show_what_they_are():
    assert (str(Secret("a secret")), str(Secret(""))) == (HIDDEN, "")
    assert "me" not in repr(SecretAddress("sftp://me:word@host/in"))


@pytest.mark.parametrize("address", [f"redis://me:{SECRET}", f"http://[{SECRET}", f"http://{SECRET}\u2100"])
def test_what_is_no_address_is_not_repeated(address):
    with pytest.raises(ValueError, match="no valid address") as raised:
        split_address(address)
    assert SECRET not in repr(raised.value.__cause__) + str(raised.value)
