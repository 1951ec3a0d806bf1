"""`sources.toml`: what it may say, and the one line that says what is wrong with it."""

from pathlib import Path

import pytest

from assets.channels.config import SourcesError
from assets.channels.manual import Manual
from assets.channels.registry import CHANNELS, open_channels
from assets.channels.webhr import WebHr
from assets.channels.webitr import WebItr, WebItrSettings

WEBITR = '[webitr.agencies.376500000A]\nbase_url = "https://webitr.example.gov.tw/x"\ntoken = "hush-hush"\n'
WEBHR = '[webhr.subsystems.shared]\nurl = "postgresql+psycopg://u:hush-hush@h/x"\nagencies = ["376500001A"]\n'
LEAVES = '[webhr.subsystems.shared.leave_types]\n"03" = "03"\n'


def test_all_three(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(WEBITR + WEBHR + LEAVES)
    opened = open_channels(path, {"manual": {"inbox": str(tmp_path)}})
    assert [type(each) for each in opened.values()] == [WebItr, WebHr, Manual]
    assert [each.name for each in opened.values()] == list(opened) == list(CHANNELS)


def test_example_of_the_documentation(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "channels.md").read_text()
    path = tmp_path / "sources.toml"
    path.write_text(page.split("```toml\n")[1].split("```")[0])
    assert set(open_channels(path, {})) == set(CHANNELS)


def test_file_need_not_exist(tmp_path: Path) -> None:
    assert list(open_channels(tmp_path / "none.toml", {"manual": {"inbox": str(tmp_path)}})) == ["manual"]
    assert open_channels(tmp_path / "none.toml", {}) == {}


def test_file_wins_over_defaults(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text('[manual]\ninbox = "memory://elsewhere"\n')
    (channel,) = open_channels(path, {"manual": {"inbox": str(tmp_path), "after": "delete"}}).values()
    assert isinstance(channel, Manual)
    assert (channel._settings.inbox.get_secret_value(), channel._settings.after) == ("memory://elsewhere", "delete")


def test_defaults_are_handed_down_to_agencies() -> None:
    base = {"base_url": "https://h/x", "token": "t"}
    agencies = {"376500000A": base, "376500001A": {**base, "timeout_seconds": 7}}
    settings = WebItrSettings.model_validate({"timeout_seconds": 30, "agencies": agencies})
    assert [each.timeout_seconds for each in settings.agencies.values()] == [30, 7]


AGENCY = "webitr.agencies.376500000A"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[webitr\n", ""),
        ("[telex]\n", "telex"),
        ("webitr = 1\n", "webitr"),
        ("[webitr]\ntime_out = 3\n", "webitr.time_out"),
        ('[webitr]\ntimeout_seconds = "soon"\n', "webitr.timeout_seconds"),
        ("[webitr]\nagencies = 3\n", "webitr.agencies"),
        ('[webitr.agencies]\n376500000A = "hush-hush"\n', AGENCY),
        ('[webitr.agencies.short]\nbase_url = "https://h"\ntoken = "t"\n', "webitr.agencies.short"),
        ('[webitr.agencies.376500000A]\nbase_url = "https://h"\n', AGENCY),
        (WEBITR + 'token_env = "X"\n', AGENCY),
        (WEBITR.replace("https", "http"), AGENCY),
        (WEBITR.replace("https", "ftp"), AGENCY),
        (WEBITR.replace("https://", "https://hush-hush:x@"), AGENCY),
        (WEBITR.replace("gov.tw/x", "gov.tw:hush-hush/x"), AGENCY),
        (WEBITR.replace("gov.tw/x", "gov.tw/x?key=hush-hush"), AGENCY),
        (WEBHR, "webhr.subsystems.shared.leave_types"),
        (WEBHR + '[webhr.subsystems.shared.leave_types]\n"03" = "3"\n', "webhr.subsystems.shared.leave_types.03"),
        (WEBHR + LEAVES + '"3" = "06"\n', "webhr.subsystems.shared.leave_types"),
        (WEBHR + 'encoding = "big5"\n' + LEAVES, "webhr.subsystems.shared.encoding"),
        (WEBHR + 'url_env = "X"\n' + LEAVES, "webhr.subsystems.shared"),
        (WEBHR + LEAVES + (WEBHR + LEAVES).replace("shared", "again"), "webhr"),
        (
            WEBHR + LEAVES + '[webhr.subsystems.shared.employment_types]\n"01" = "king"\n',
            "webhr.subsystems.shared.employment_types",
        ),
        ("[manual]\n", "manual.inbox"),
        ('[manual]\ninbox = "x"\nafter = "burn"\n', "manual.after"),
    ],
)
def test_faults_are_one_line_with_file_and_key_and_no_secret(tmp_path: Path, text: str, key: str) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(text)
    with pytest.raises(SourcesError) as raised:
        open_channels(path, {})
    said = str(raised.value)
    assert said.startswith(f"{path}: {key}: " if key else f"{path}: ")
    assert "\n" not in said
    assert "hush-hush" not in said


@pytest.mark.parametrize(
    ("host", "allowed"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("[::1]", True), ("localhost", True), ("10.0.0.1", False), ("h", False)],
)
def test_plain_http_only_to_this_machine_unless_allowed(host: str, allowed: bool) -> None:
    agency = {"base_url": f"http://{host}:8080/x", "token": "t"}

    def opens(**more: bool) -> bool:
        try:
            WebItrSettings.model_validate({"agencies": {"376500000A": {**agency, **more}}})
        except ValueError:
            return False
        return True

    assert opens() is allowed
    assert opens(allow_http=True)


def test_fault_within_the_toml_keeps_the_text_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text('[webitr.agencies.376500000A]\ntoken = "hush-hush" "hush-hush"\n')
    with pytest.raises(SourcesError) as raised:
        open_channels(path, {})
    assert raised.value.__cause__ is None
    assert "hush-hush" not in str(raised.value)


def test_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_bytes("代碼".encode("cp950"))
    with pytest.raises(SourcesError, match="cannot be read"):
        open_channels(tmp_path / "sources.toml", {})
