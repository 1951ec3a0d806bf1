"""No secret of the settings is ever said: every setting is given one, and all that is printed or kept is searched.

The settings are found in their models, so that a new one is searched for too; one whose form is in no list here fails.
"""

import base64
import json
import traceback
import typing
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from assets.channels.registry import CHANNELS
from pipelines.dagster_home import prepare
from pipelines.definitions import defs
from pipelines.settings import PREFIX, Settings, SettingsError, load_settings, settings_table
from tests.support.installations import AUTHORITY, FIRST, SECOND, document, installation
from warehouse.secret_types import Secret, SecretAddress

MARK, HEX = "Marked-7f3a-secret", "5ec3e75a" * 8
MARKS = (MARK, HEX, base64.b64encode((MARK * 2).encode()).decode())
ACCOUNT = f"me:{MARK}@127.0.0.1:1/place?password={MARK}&api_key={MARK}"
#: What settings hold; each setting takes the first that it does not refuse.
ADDRESSES = tuple(
    f"{scheme}://{ACCOUNT if scheme not in {'smtp', 'smtps'} else f'me:{MARK}@127.0.0.1:1'}"
    for scheme in ("postgresql+psycopg", "postgresql+psycopg2", "smtp", "redis", "sftp", "http")
)
SECRETS = (HEX, f"{HEX[:8]}:{HEX}", f"whsec_{MARKS[2]}", MARK)


def secret_fields(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], type, object]]:
    """Path, kind and annotation of every setting that holds, or may hold, a secret."""
    for name, field in model.model_fields.items():
        for kind in types_within(field.annotation):
            if issubclass(kind, SecretStr):
                yield (*path, name), kind, field.annotation
            elif issubclass(kind, BaseModel):
                yield from secret_fields(kind, (*path, name))


def types_within(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type) and not typing.get_args(annotation):
        yield annotation
    for part in typing.get_args(annotation):
        yield from types_within(part)


def marked(path: tuple[str, ...], kind: type, annotation: object) -> str:
    """A value with the mark in it that the setting takes."""
    for value in ADDRESSES if issubclass(kind, SecretAddress) else SECRETS:
        try:
            TypeAdapter(annotation).validate_python(value)
        except ValidationError:
            continue
        return value
    raise AssertionError(f"{'.'.join(path)}: put a value that it takes into ADDRESSES or SECRETS")


OF_ENVIRONMENT = {PREFIX + "__".join(path).upper(): marked(path, *kind) for path, *kind in secret_fields(Settings)}
OF_SOURCES = {(name, *path) for name, kind in CHANNELS.items() for path, *_ in secret_fields(kind.settings)}


def test_every_secret_says_by_its_type_what_it_is():
    models = [Settings, *(kind.settings for kind in CHANNELS.values())]
    kinds = {kind for model in models for _, kind, _ in secret_fields(model)}
    assert kinds == {Secret, SecretAddress}
    assert {"ATTENDANCE_LEDGER_URL", "ATTENDANCE_PORTAL__REDIS_URL", "ATTENDANCE_INBOX"} < OF_ENVIRONMENT.keys()
    assert {
        ("webitr", "proxy"), ("webitr", "agencies", "token"), ("webhr", "subsystems", "url"), ("manual", "inbox")
    } == OF_SOURCES  # fmt: skip


def write_sources(home: Path, kept: Path) -> None:
    """Every secret of `sources.toml`, in the file, in a variable and in a file of its own."""
    kept.write_text(MARK, encoding="utf-8")
    agency, system = (
        "[webitr.agencies.{}]\nbase_url = 'http://127.0.0.1:1'\n",
        "[webhr.subsystems.{}]\nagencies = ['{}']\n",
    )
    (home / "sources.toml").write_text(
        f"[manual]\ninbox = 'ftp://{ACCOUNT}'\n"
        f"[webitr]\nproxy = 'http://{ACCOUNT}'\nattempts = 1\n"
        + agency.format(AUTHORITY) + f"token = '{MARK}'\n"
        + agency.format(FIRST) + "token_env = 'MARKED_TOKEN'\n"
        + agency.format(SECOND) + f"token_file = '{kept}'\n"
        + system.format("a", "376500000B") + f"url = 'postgresql+psycopg://{ACCOUNT}'\nleave_types = {{}}\n"
        + system.format("b", "376500000C") + "url_env = 'MARKED_URL'\nleave_types = {}\n",
        encoding="utf-8",
    )  # fmt: skip


def everything_marked(monkeypatch, home: Path, *, ledger_away: bool) -> None:
    for name, value in OF_ENVIRONMENT.items():
        if name != "ATTENDANCE_LEDGER_URL" or ledger_away:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("ATTENDANCE_NOTICES__SENDER", "a@b.example")
    monkeypatch.setenv("ATTENDANCE_NOTICES__WEBHOOK_URL", f"http://127.0.0.1:1/?token={MARK}")
    monkeypatch.setenv("MARKED_TOKEN", MARK)
    monkeypatch.setenv("MARKED_URL", f"mssql+nothing://{ACCOUNT}")
    write_sources(home, home.parent / "token")


def assert_nowhere(home: Path, said: str) -> None:
    """Neither in what was said nor in any file of the home but those that operators write secrets into."""
    assert not [one for one in MARKS if one in said]
    files = [path for path in home.rglob("*") if path.is_file() and path.name not in {"sources.toml", "settings.toml"}]
    found = [str(path) for path in files for one in MARKS if one.encode() in path.read_bytes()]
    assert found == []


#: Of those that ask Dagster's database `run` alone: Dagster tries one that is away for ten seconds each time.
COMMANDS = (
    ("settings",), ("settings", "--format", "json"), ("doctor",), ("pull", "--month", "2021-06"),
    ("run", "--month", "2021-06"), ("status",), ("register", "list"), ("submit", "FILE"), ("check", "FILE"),
    ("notices", "send"), ("audit", "verify"), ("rebuild",),
    ("backup", "create", "DEST"),
)  # fmt: skip


@pytest.mark.parametrize("ledger_away", [True, False])
def test_no_command_says_a_secret_and_none_is_kept(attendance, home, monkeypatch, tmp_path, ledger_away):
    installation(home).engine.dispose()
    everything_marked(monkeypatch, home, ledger_away=ledger_away)
    names = {"FILE": tmp_path / "a.json", "DEST": tmp_path / "disk"}
    names["FILE"].write_bytes(document(FIRST))
    said = ""
    for command in COMMANDS:  # with the traceback, after which the line is said as without
        ran = attendance(*(names.get(word, word) for word in command), "--debug")
        said += f"\n$ {command} {ran.code}\n{ran.out}{ran.err}"
    assert said.count("Traceback") > 3
    assert "127.0.0.1:1/place" in said
    assert_nowhere(home, said)


def test_dagsters_records_hold_none(home, monkeypatch, capfd):
    installation(home).engine.dispose()
    everything_marked(monkeypatch, home, ledger_away=True)
    monkeypatch.delenv("ATTENDANCE_DAGSTER_URL")
    folder = prepare(load_settings())
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        job = defs.get_job_def("monthly")
        ran = job.execute_in_process(instance=instance, partition_key="2021-06", raise_on_error=False)
        events = [repr(event) for event in instance.all_logs(ran.run_id)]
    assert not ran.success
    assert "LedgerUnavailable" in "".join(events)
    assert_nowhere(home, "".join(events) + "".join(capfd.readouterr()))


def settings_said() -> str:
    """All that is said of the settings, or of why they cannot be used, with everything that led to it."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return "".join(traceback.format_exception(error))
    return repr(settings_table(settings)) + repr(settings)


@pytest.mark.parametrize("from_file", [False, True])
def test_a_secret_that_cannot_be_is_not_repeated(home, monkeypatch, from_file):
    home.mkdir()
    for path, *_ in secret_fields(Settings):
        for value in (f"redis://me:{MARK}", f"http://[{MARK}", f"https://me:{MARK}\u2100@host"):
            if from_file:
                *section, name = path
                lines = [*(f"[{one}]" for one in section), f"{name} = {json.dumps(value)}"]
                (home / "settings.toml").write_text("\n".join(lines), encoding="utf-8")
            else:
                monkeypatch.setenv(PREFIX + "__".join(path).upper(), value)
            assert MARK not in settings_said(), (path, value)
        monkeypatch.delenv(PREFIX + "__".join(path).upper(), raising=False)


def test_plain_settings_that_hold_an_address_show_it_without_its_parameters(home, monkeypatch):
    plain = [path for path, annotation in all_fields(Settings) if str in set(types_within(annotation))]
    assert ("objects_endpoint",) in plain
    for path in plain:
        name = PREFIX + "__".join(path).upper()
        for value in (f"https://me:{MARK}@127.0.0.1/x?token={MARK}", f"https://127.0.0.1/x?token={MARK}#{MARK}"):
            monkeypatch.setenv(name, value)
            try:
                said = repr(settings_table(load_settings()))
            except SettingsError as error:
                said = str(error)
            assert MARK not in said, (name, value)
        monkeypatch.delenv(name)


def all_fields(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, field in model.model_fields.items():
        inner = [kind for kind in types_within(field.annotation) if issubclass(kind, BaseModel)]
        if not inner:
            yield (*path, name), field.annotation
        for kind in inner:
            yield from all_fields(kind, (*path, name))
