"""Settings: where each comes from, what is wrong with one in one line, and no secret in any of it."""

import multiprocessing
import os
import stat

import pytest

from pipelines.landing_keys import landing_ring
from pipelines.person_key import person_key
from pipelines.settings import Settings, SettingsError, load_settings, settings_table

KEY = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("ATTENDANCE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_set_is_a_home_in_the_current_folder(tmp_path):
    settings = load_settings()
    assert settings.place.root == tmp_path / "data"
    assert settings.place.ledger_url == f"sqlite:///{tmp_path}/data/ledger.sqlite"
    assert settings.inbox_url == f"{tmp_path}/data/inbox"
    assert settings.first_month is None
    assert not (tmp_path / "data").exists()  # reading settings makes nothing


def test_environment_over_file_over_default(tmp_path, monkeypatch):
    write(tmp_path / "home/settings.toml", 'inbox = "s3://bucket/in"\n[limits]\nmax_depth = 9\nmax_records = 10\n')
    monkeypatch.setenv("ATTENDANCE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ATTENDANCE_LIMITS__MAX_RECORDS", "20")
    settings = load_settings()
    assert (settings.limits.max_depth, settings.limits.max_records) == (9, 20)
    assert settings.inbox_url == "s3://bucket/in"
    assert settings.check_limits.max_bytes == 128 * 1024 * 1024
    origins = {row.name: row.origin for row in settings_table(settings)}
    assert origins["home"] == origins["limits.max_records"] == "environment"
    assert origins["limits.max_depth"] == origins["inbox"] == "file"
    assert origins["limits.max_bytes"] == origins["ledger_url"] == "default"


def test_the_file_that_the_environment_names(tmp_path, monkeypatch):
    file = write(tmp_path / "etc/attendance.toml", f'home = "{tmp_path}/elsewhere"\ncollection_began = "2021-04"\n')
    monkeypatch.setenv("ATTENDANCE_SETTINGS", str(file))
    settings = load_settings()
    assert settings.place.root == tmp_path / "elsewhere"
    assert settings.check_limits.collection_began == settings.first_month == "2021-04"


def test_an_empty_variable_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTENDANCE_LEDGER_URL", "")
    assert load_settings().ledger_url is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ATTENDANCE_COLLECTION_BEGAN", "2021-13", "collection_began: 應為 YYYY-MM"),
        ("ATTENDANCE_COLLECTION_BEGAN", "2020-12", "cannot be before 2021-01"),
        ("ATTENDANCE_PERSON_KEY", KEY[:-1], "person_key: 應為 64 個"),
        ("ATTENDANCE_LEDGER_URL", "secret-without-scheme", "ledger_url: 應為資料庫網址"),
        (
            "ATTENDANCE_DAGSTER_URL",
            "postgresql://u:secret-without-scheme@db/d",
            "dagster_url: 應為 postgresql+psycopg2",
        ),
        ("ATTENDANCE_DAGSTER_URL", "secret-without-scheme", "dagster_url: 應為資料庫網址"),
        ("ATTENDANCE_LIMITS__MAX_BYTES", "many", "limits.max_bytes"),
        ("ATTENDANCE_LIMITS__MAX_DEPTH", "2", "limits.max_depth"),
        ("ATTENDANCE_LIMITS", "not json", "limits"),
        ("ATTENDANCE_SETTINGS", "/nowhere.toml", "/nowhere.toml"),
        ("ATTENDANCE_PUBLISH_GRACE_HOURS", "-1", "publish_grace_hours"),
        ("ATTENDANCE_OBJECTS_URL", "https://bucket/x", "must be like s3://bucket/prefix"),
        ("ATTENDANCE_OBJECTS_URL", "s3://me:secret-without-scheme@bucket/x", "must be like s3://bucket/prefix"),
        ("ATTENDANCE_OBJECTS_ENDPOINT", "minio:9000", "must be like https://host"),
        ("ATTENDANCE_ROWS_SWITCHED_ON", "02-contract, police", "rows_switched_on: 沒有此列 there is no row police"),
        ("ATTENDANCE_ROWS_SWITCHED_ON", "labour", "is on as shipped"),
        ("ATTENDANCE_ROWS_SWITCHED_ON", "nothing", "civil_servant-police_fire, contract-police_fire, 02-contract"),
        ("ATTENDANCE_OBJECTS_ENDPOINT", "https://me:secret-without-scheme@minio", "credentials belong in AWS_"),
    ],
)
def test_what_is_wrong_is_one_line_without_the_value_of_a_secret(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    message = str(raised.value)
    assert said in message
    assert "\n" not in message
    assert KEY[:-1] not in message
    assert "secret-without-scheme" not in message


@pytest.mark.parametrize(
    "text", ["inboxx = 'a'", "person_key = 'hunter2", "[limits]\nmax_bites = 1", "ledger_url = 'hunter2'"]
)
def test_a_file_with_a_fault_is_one_line_without_secrets(tmp_path, text):
    write(tmp_path / "data/settings.toml", text)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert "\n" not in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_file_that_is_not_utf8(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/settings.toml").write_bytes("# 設定".encode("cp950"))
    with pytest.raises(SettingsError, match=r"settings\.toml: 無法讀取"):
        load_settings()


def test_the_table_hides_secrets_and_shows_all_else(monkeypatch):
    monkeypatch.setenv("ATTENDANCE_LEDGER_URL", "postgresql+psycopg://ledger:hunter2@db/ledger")
    monkeypatch.setenv("ATTENDANCE_PERSON_KEY", KEY)
    settings = load_settings()
    rows = {row.name: row for row in settings_table(settings)}
    assert rows["ledger_url"].value == "postgresql+psycopg://db/ledger"
    assert "hidden" in rows["person_key"].value
    everything = repr(rows) + repr(settings)
    assert "hunter2" not in everything
    assert KEY not in everything
    assert all(row.description for row in rows.values())


def test_rows_switched_on_are_a_list_in_the_file_and_have_commas_in_the_environment(tmp_path, monkeypatch):
    assert load_settings().rows_switched_on == ()
    write(tmp_path / "data/settings.toml", 'rows_switched_on = ["02-contract"]')
    assert load_settings().rows_switched_on == ("02-contract",)
    monkeypatch.setenv("ATTENDANCE_ROWS_SWITCHED_ON", "contract-police_fire,02-contract")
    rows = {row.name: (row.value, row.origin) for row in settings_table(load_settings())}
    assert rows["rows_switched_on"] == ("02-contract, contract-police_fire", "environment")


@pytest.mark.parametrize("value", ["7", "[7]", "true", "{ a = 1 }"])
def test_rows_switched_on_that_are_no_ids(tmp_path, value):
    write(tmp_path / "data/settings.toml", f"rows_switched_on = {value}")
    with pytest.raises(SettingsError, match="must be ids of rows"):
        load_settings()


def test_every_setting_is_in_the_table():
    names = {row.name.split(".")[0] for row in settings_table(load_settings())}
    assert names == set(Settings.model_fields)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    settings = load_settings(tmp_path)
    key = person_key(settings)
    file = tmp_path / "person.key"
    assert len(key) == 32
    assert person_key(settings) == key == bytes.fromhex(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["person.key"]


def make_key(home, start, found):
    start.wait()
    found.put(person_key(load_settings(home)))


def test_processes_that_start_at_once_have_one_key(tmp_path):
    spawned = multiprocessing.get_context("fork")
    start, found = spawned.Event(), spawned.Queue()
    processes = [spawned.Process(target=make_key, args=(tmp_path, start, found)) for _ in range(8)]
    for process in processes:
        process.start()
    start.set()
    keys = {found.get(timeout=300) for _ in processes}
    for process in processes:
        process.join()
    assert len(keys) == 1


def test_a_key_that_is_set_needs_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTENDANCE_PERSON_KEY", KEY.upper())
    assert person_key(load_settings(tmp_path)) == bytes.fromhex(KEY)
    assert list(tmp_path.iterdir()) == []


def test_a_lost_key_is_never_made_anew_beside_records(tmp_path):
    (tmp_path / "store/leaves").mkdir(parents=True)
    with pytest.raises(SettingsError, match="restore it"):
        person_key(load_settings(tmp_path))
    assert not (tmp_path / "person.key").exists()


def test_a_key_file_that_holds_none(tmp_path):
    (tmp_path / "person.key").write_text("too short")
    with pytest.raises(SettingsError, match="64") as raised:
        person_key(load_settings(tmp_path))
    assert "too short" not in str(raised.value)


@pytest.mark.parametrize("make", [person_key, landing_ring])
def test_no_key_is_made_where_other_machines_would_make_theirs(tmp_path, monkeypatch, make):
    monkeypatch.setenv("ATTENDANCE_OBJECTS_URL", "s3://bucket/x")
    with pytest.raises(SettingsError, match=r"set ATTENDANCE_(PERSON_KEY|LANDING_KEYS)"):
        make(load_settings(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_landing_is_in_the_home_unless_an_object_store_is_set(tmp_path, monkeypatch):
    assert load_settings(tmp_path).place.landing_files.place == str(tmp_path / "landing")
    monkeypatch.setenv("ATTENDANCE_OBJECTS_URL", "s3://bucket/x/")
    place = load_settings(tmp_path).place
    assert place.landing_files.place == "s3://bucket/x/landing"
    assert not place.create().landing.exists()
