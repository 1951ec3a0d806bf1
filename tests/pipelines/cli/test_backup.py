"""Backups from the command line: made, listed, verified, restored elsewhere; the warehouse is what it was."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine, inspect

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.reviewing import review
from pipelines.landing_keys import rotate
from pipelines.resources import platform
from pipelines.settings import load_settings
from tests.support.cli import Attendance
from tests.support.disclosure import Wanted, disclosures
from tests.support.installations import AUTHORITY, FIRST, PERSON, THIRD, MadeOnce, add_agencies, document, of_every_kind
from tests.support.object_store import settings_of
from tests.support.programs import run_program
from tests.support.tables import rows
from warehouse.backup import making
from warehouse.backup.manifest import file_of, read_manifest
from warehouse.landing import Landing
from warehouse.ledger.migrate import upgrade
from warehouse.publish.publisher import publish

ROOT = Path(__file__).parents[3]
KEYS = ("landing.keys", "person.key", "receipt.key")
MONTH = "2021-06"


def filled(home: Path) -> Platform:
    """A month of every kind of document, published, and what operators wrote beside it."""
    opened = platform(load_settings(home), actor="test")
    add_agencies(opened, AUTHORITY, FIRST, "376500002A", THIRD)
    hand_in(opened, [HandedIn(f"{number}.json", data) for number, data in enumerate(of_every_kind())])
    enter_and_publish(opened)
    (opened.home.root / "contacts.csv").write_text("agency_code,role,address\n", encoding="utf-8")
    (opened.home.root / "notice_templates").mkdir()
    (opened.home.root / "notice_templates" / "layout.txt.j2").write_text("{{ zh }}", encoding="utf-8")
    return opened


def enter_and_publish(opened: Platform) -> None:
    enter(opened, MONTH)
    review(opened)
    publish(opened.home, opened.engine, now=opened.clock())


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    def fill(home: Path) -> None:
        filled(home).engine.dispose()

    with pytest.MonkeyPatch.context() as patched:
        for name in ("ATTENDANCE_SETTINGS", "ATTENDANCE_LEDGER_URL"):
            patched.delenv(name, raising=False)
        return MadeOnce(tmp_path_factory.mktemp("backed_up") / "home", fill)


@pytest.fixture
def source(made_once: MadeOnce, attendance: Attendance, home: Path) -> Iterator[Platform]:
    """The installation that is backed up; it has a key of each kind."""
    with made_once.brought_back():
        opened = platform(load_settings(home), actor="test")
        assert attendance("receipt", "key").code == 0
        yield opened
        opened.engine.dispose()


@pytest.fixture
def home(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of this test's installation: `source`'s where the test asks for that."""
    if "source" not in request.fixturenames:
        return home
    there: Path = request.getfixturevalue("made_once").home
    monkeypatch.setenv("ATTENDANCE_HOME", str(there))
    return there


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder


@pytest.fixture
def keys(source: Platform, tmp_path: Path) -> Path:
    """The keys, kept elsewhere than the backup."""
    folder = tmp_path / "safe"
    folder.mkdir()
    for name in KEYS:
        shutil.copy(source.home.root / name, folder)
    return folder


@pytest.fixture
def made(source: Platform, keys: Path, disk: Path, attendance: Attendance) -> dict[str, object]:
    """A backup, as `create` says it in JSON."""
    ran = attendance("backup", "create", disk, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    return ran.objects[0]


def faults(ran) -> list[str]:
    """The lines of the doctor that are not well."""
    return [line for line in ran.out.splitlines() if not line.startswith("正常 ok")]


def files_below(folder: Path) -> dict[str, tuple[int, int]]:
    """File → what changes when it is written: inode and time."""
    found = {str(path.relative_to(folder)): path.stat() for path in folder.rglob("*") if path.is_file()}
    return {name: (said.st_ino, said.st_mtime_ns) for name, said in found.items()}


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def damage(path: Path) -> None:
    path.chmod(0o600)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def a_document(disk: Path) -> Path:
    return next(path for path in sorted((disk / "landing").rglob("*")) if path.is_file())


def test_restored_elsewhere_it_is_what_it_was(made, source, disk, keys, attendance, monkeypatch, tmp_path):
    before = rows(source.home.warehouse)
    receipt, file = tmp_path / "receipt.json", tmp_path / "file.json"
    assert attendance("receipt", "issue", "--agency", FIRST, "--month", MONTH, "-o", receipt).code == 0
    file.write_bytes(of_every_kind()[1])
    public = tmp_path / "public.pem"
    public.write_text(attendance("receipt", "key").out, encoding="ascii")
    source.home.root.rename(tmp_path / "lost")
    elsewhere = tmp_path / "elsewhere"
    ran = attendance("backup", "restore", disk, "--to", elsewhere, "--keys", keys)
    assert (ran.code, ran.err) == (0, "")
    monkeypatch.setenv("ATTENDANCE_HOME", str(elsewhere))
    assert faults(attendance("doctor")) == []
    assert rows(elsewhere / "warehouse.duckdb") == before
    assert sum(map(len, before.values())) > 20
    assert attendance("receipt", "verify", receipt, file, "--public-key", public).code == 0
    assert attendance("receipt", "key").out == public.read_text(encoding="ascii")
    assert (elsewhere / "notice_templates" / "layout.txt.j2").read_text(encoding="utf-8") == "{{ zh }}"
    assert attendance("audit", "verify").code == 0
    did = [row["action"] for row in attendance("audit", "list", "--format", "json").objects]
    assert did[-2:] == ["backup_restored", "rebuilt"]
    # It goes on from there: numbers that the database gives are not given twice.
    opened = platform(load_settings(elsewhere), actor="test")
    hand_in(opened, [HandedIn("late.json", document(THIRD))])
    enter_and_publish(opened)
    opened.engine.dispose()
    assert faults(attendance("doctor")) == []


def test_no_person_and_no_key_is_in_it(made, source, disk):
    assert list(disclosures(Wanted.people({PERSON, "B223456782"}, {"王小明"}), disk)) == []
    assert not [path for path in disk.rglob("*") if path.name in KEYS]
    said = json.loads((disk / str(made["name"]) / "manifest.json").read_text(encoding="utf-8"))
    assert set(said) == {
        "format", "name", "made_at", "program", "revision", "audit", "submissions", "documents", "bytes", "lacking",
        "landing_keys", "keys", "files", "sha256",
    }  # fmt: skip
    key = json.loads((source.home.root / "landing.keys").read_text(encoding="ascii"))
    secret = bytes(next(iter(key["keys"].values()))["key"], "ascii")
    assert not [path for path in disk.rglob("*") if path.is_file() and secret in path.read_bytes()]


def test_what_comes_between_ledger_and_landing_is_not_lost(source, disk, keys, attendance, monkeypatch, tmp_path):
    def later(*arguments, after=making._landing):
        hand_in(source, [HandedIn("late.json", document(THIRD))])
        return after(*arguments)

    monkeypatch.setattr(making, "_landing", later)
    made = attendance("backup", "create", disk, "--format", "json").objects[0]
    assert (made["submissions"], made["documents"]) == (6, 7)
    elsewhere = tmp_path / "elsewhere"
    assert attendance("backup", "restore", disk, "--to", elsewhere, "--keys", keys).code == 0
    monkeypatch.setenv("ATTENDANCE_HOME", str(elsewhere))
    late = hashlib.sha256(document(THIRD)).hexdigest()
    path, hours_ago = elsewhere / "landing" / late[:2] / late, time.time() - 7200
    os.utime(path, (hours_ago, hours_ago))  # what has just come in may still be on its way into the ledger
    assert ["orphans" in line for line in faults(attendance("doctor"))] == [True]
    assert attendance("submit", "--orphans").code == 0
    assert attendance("run", "--month", MONTH).code in {0, 1}
    assert faults(attendance("doctor")) == []


def test_settings_with_passwords_lie_sealed(source, disk, home, attendance):
    (home / "settings.toml").write_text('[notices]\nsmtp_url = "smtp://u:hush@h"\nsender = "a@b.tw"\n')
    name = attendance("backup", "create", disk, "--format", "json").objects[0]["name"]
    written = disk / name / "home" / "settings.toml"
    assert b"hush" not in written.read_bytes()
    assert written.stat().st_mode & 0o777 == 0o600
    assert (disk / name).stat().st_mode & 0o777 == 0o700


def test_what_lies_in_plain_in_landing_is_sealed_in_the_backup(source, disk, keys, attendance, tmp_path):
    id_ = Landing(source.home.landing).put(large := document(THIRD, leaves=[], produced_at="x" * 3_000_000)).id
    assert (source.home.landing / id_[:2] / id_).read_bytes() == large
    made = attendance("backup", "create", disk, "--format", "json").objects[0]
    assert (made["new"], made["landing_keys"]) == (7, [source.landing.ring.active])
    assert list(disclosures(Wanted.people({PERSON}, {"王小明"}), disk)) == []
    assert attendance("backup", "verify", disk).code == 0
    assert attendance("backup", "create", disk, "--format", "json").objects[0]["new"] == 0
    elsewhere = tmp_path / "elsewhere"
    assert attendance("backup", "restore", disk, "--to", elsewhere, "--keys", keys, "--no-rebuild").code == 0
    assert Landing(elsewhere / "landing", source.landing.ring).read(id_) == large


def test_another_installations_backups_are_left_alone(made, disk, attendance, monkeypatch, tmp_path):
    before = files_below(disk)
    monkeypatch.setenv("ATTENDANCE_HOME", str(tmp_path / "other"))
    filled(tmp_path / "other").engine.dispose()
    ran = attendance("backup", "create", disk)
    assert (ran.code, "another installation" in ran.err) == (2, True)
    assert {name: one for name, one in files_below(disk).items() if name != ".lock"} == {
        name: one for name, one in before.items() if name != ".lock"
    }


def test_the_second_copies_only_what_is_new(made, source, disk, attendance):
    before = files_below(disk / "landing")
    hand_in(source, [HandedIn("late.json", document(THIRD))])
    second = attendance("backup", "create", disk, "--format", "json").objects[0]
    assert (second["documents"], second["new"]) == (made["documents"] + 1, 1)
    after = files_below(disk / "landing")
    assert {name: after[name] for name in before} == before
    listed = attendance("backup", "list", disk, "--format", "json").objects
    assert [row["name"] for row in listed] == [made["name"], second["name"]]
    assert attendance("backup", "verify", disk, "--backup", made["name"]).code == 0
    assert attendance("backup", "verify", disk).code == 0


def test_what_was_put_under_another_key_is_copied_anew(made, source, disk, home, attendance, tmp_path, monkeypatch):
    before = bytes_below(disk / "landing")
    settings = load_settings(home)
    old, new = source.landing.ring.active, rotate(settings)
    attendance("keys", "reencrypt")
    assert attendance("keys", "retire", old).code == 0
    second = attendance("backup", "create", disk, "--format", "json").objects[0]
    assert (second["new"], second["landing_keys"]) == (made["documents"], [new])
    # By their bytes: a new file may be given the inode of the one just removed, within one tick of the file clock.
    after = bytes_below(disk / "landing")
    assert set(after) == set(before)
    assert not set(after.values()) & set(before.values())
    (tmp_path / "restored").mkdir()
    ran = attendance("backup", "restore", disk, "--to", tmp_path / "restored", "--keys", home, "--no-rebuild")
    assert ran.code == 0
    # The first one's documents are those too, but the operators' files are sealed under the key of then.
    ran = attendance("backup", "restore", disk, "--to", tmp_path / "r2", "--keys", home, "--backup", made["name"])
    assert (ran.code, old in ran.err, (tmp_path / "r2").exists()) == (2, True, False)


@pytest.mark.parametrize("what", ["changed", "missing"])
@pytest.mark.parametrize("where", ["document", "ledger", "manifest"])
def test_damage_is_found_by_verify_and_by_restore(made, disk, keys, attendance, tmp_path, where, what):
    folder = disk / str(made["name"])
    path = {"document": a_document(disk), "ledger": folder / "ledger" / "audit.parquet"}.get(
        where, folder / "manifest.json"
    )
    if what == "missing":
        path.unlink()
    elif where == "manifest":
        path.write_text(path.read_text(encoding="utf-8").replace('"submissions": 6', '"submissions": 7'))
    else:
        damage(path)
    verified = attendance("backup", "verify", disk)
    assert verified.code == (2 if where == "manifest" else 1)
    assert path.name in verified.out + verified.err
    restored = attendance("backup", "restore", disk, "--to", tmp_path / "elsewhere", "--keys", keys)
    assert (restored.code, len(restored.err.splitlines())) == (2, 1)
    assert not (tmp_path / "elsewhere" / "ledger.sqlite").exists()
    assert not (tmp_path / "elsewhere" / "warehouse.duckdb").exists()


def test_a_document_damaged_in_the_backup_is_mended_by_the_next(made, disk, attendance):
    path = a_document(disk)
    damage(path)
    path.unlink()
    assert attendance("backup", "create", disk, "--format", "json").objects[0]["new"] == 1
    assert attendance("backup", "verify", disk).code == 0


def test_what_is_damaged_in_landing_does_not_keep_the_rest_from_being_backed_up(source, disk, attendance):
    path = next(path for path in sorted(source.home.landing.rglob("*")) if path.is_file())
    damage(path)
    ran = attendance("backup", "create", disk, "--format", "json")
    assert (ran.code, ran.objects[0]["lacking"], ran.objects[0]["documents"]) == (1, 1, 5)
    assert path.name in ran.objects[0]["faults"][0]
    assert not list((disk / "landing").rglob(path.name))


def test_without_the_right_keys_nothing_is_written(made, source, disk, keys, attendance, tmp_path, monkeypatch):
    elsewhere, key = tmp_path / "elsewhere", source.landing.ring.active
    ran = attendance("backup", "restore", disk, "--to", elsewhere)
    assert (ran.code, key in ran.err, elsewhere.exists()) == (2, True, False)
    for name in ("person.key", "receipt.key"):
        kind = name.removesuffix(".key")
        (keys / name).rename(tmp_path / name)
        ran = attendance("backup", "restore", disk, "--to", elsewhere, "--keys", keys)
        assert (ran.code, name in ran.err, f"--lost {kind}" in ran.err, elsewhere.exists()) == (2, True, True, False)
        (tmp_path / name).rename(keys / name)
    (keys / "person.key").write_text("ab" * 32, encoding="ascii")
    ran = attendance("backup", "restore", disk, "--to", elsewhere, "--keys", keys)
    assert (ran.code, "person.key" in ran.err, elsewhere.exists()) == (2, True, False)
    (keys / "person.key").unlink()
    ran = attendance("backup", "restore", disk, "--to", elsewhere, "--keys", keys, "--lost", "person", "--no-rebuild")
    assert ran.code == 0
    assert not (elsewhere / "person.key").exists()  # made when something is first entered


def test_keys_may_come_from_the_environment(made, source, disk, keys, attendance, tmp_path, monkeypatch):
    ring = source.landing.ring
    monkeypatch.setenv("ATTENDANCE_LANDING_KEYS", f"{ring.active}:{ring.keys[ring.active].hex()}")
    monkeypatch.setenv("ATTENDANCE_PERSON_KEY", source.person_key().hex())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(keys / "receipt.key", elsewhere)  # what the operator has put there is no hindrance
    assert attendance("backup", "restore", disk, "--to", elsewhere, "--no-rebuild").code == 0
    assert not (elsewhere / "landing.keys").exists()


def test_only_an_empty_home_is_restored_into(made, source, disk, keys, attendance, tmp_path):
    before = files_below(source.home.root)
    ran = attendance("backup", "restore", disk, "--keys", keys)
    assert (ran.code, "--to" in ran.err) == (2, True)
    assert {name: one for name, one in files_below(source.home.root).items() if name != ".restore.lock"} == before
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "report.ods").write_text("mine")
    ran = attendance("backup", "restore", disk, "--to", elsewhere, "--keys", keys)
    assert (ran.code, "report.ods" in ran.err) == (2, True)
    assert sorted(path.name for path in elsewhere.iterdir()) == [".restore.lock", "report.ods"]


def test_a_restore_that_was_cut_off_is_begun_again(made, source, disk, keys, attendance, tmp_path, monkeypatch):
    before, elsewhere = rows(source.home.warehouse), tmp_path / "elsewhere"
    path = a_document(disk)
    whole = path.read_bytes()
    damage(path)  # cut off among the documents
    ran = attendance("backup", "restore", disk, "--to", elsewhere, "--keys", keys)
    assert (ran.code, path.name in ran.err) == (2, True)
    monkeypatch.setenv("ATTENDANCE_HOME", str(elsewhere))
    for command in (("register", "list"), ("status",), ("doctor",)):
        ran = attendance(*command)
        assert (ran.code in {1, 2}, "backup restore" in ran.err + ran.out) == (True, True)
    path.write_bytes(whole)
    with monkeypatch.context() as patched:  # cut off between ledger and rebuild
        patched.setattr("pipelines.restoring.rebuild", _interrupted)
        assert attendance("backup", "restore", disk, "--to", elsewhere, "--keys", keys).code == 130
    assert attendance("backup", "restore", disk, "--to", elsewhere, "--keys", keys).code == 0
    assert rows(elsewhere / "warehouse.duckdb") == before
    assert faults(attendance("doctor")) == []
    did = [row["action"] for row in attendance("audit", "list", "--format", "json").objects]
    assert did.count("backup_restored") == 1


def _interrupted(*_arguments):
    raise KeyboardInterrupt


_KILLED = """
import os, signal, sys
from pathlib import Path
from warehouse.backup import making
after = getattr(making, sys.argv[2])
def dying(*arguments, **more):
    after(*arguments, **more)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(making, sys.argv[2], dying)
from pipelines.cli.app import main
main(["backup", "create", sys.argv[1]])
"""


@pytest.mark.parametrize("step", ["_ledger", "_landing", "_own", "_files"])
def test_killed_midway_it_is_no_backup_and_the_next_cleans_up(made, source, disk, attendance, step):
    assert run_program(_KILLED, disk, step) == -signal.SIGKILL
    assert len(list(disk.glob(".*.unfinished"))) == 1
    assert [row["name"] for row in attendance("backup", "list", disk, "--format", "json").objects] == [made["name"]]
    assert attendance("backup", "verify", disk).code == 0
    assert attendance("backup", "create", disk).code == 0
    assert not list(disk.glob(".*.unfinished"))
    assert len(attendance("backup", "list", disk, "--format", "json").objects) == 2


_HOLDS = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from warehouse.backup.destination import Destination
with Destination(Path(sys.argv[1])).alone(0):
    print("held", flush=True)
    time.sleep(600)
"""


def test_two_at_once_and_no_disk(source, disk, attendance, tmp_path):
    command = [sys.executable, "-c", _HOLDS, str(disk)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        ran = attendance("backup", "create", disk)
        other.kill()
    assert (ran.code, f"pid {other.pid}" in ran.err) == (2, True)
    assert attendance("backup", "list", disk, "--format", "json").objects == []
    ran = attendance("backup", "create", tmp_path / "not mounted")
    assert (ran.code, "掛載" in ran.err, (tmp_path / "not mounted").exists()) == (2, True, False)
    ran = attendance("backup", "restore", disk)
    assert (ran.code, "查無備份" in ran.err) == (2, True)


_FULL = """
import resource, sys
from pipelines.cli.app import ending
from warehouse.backup import making
def and_no_room(*arguments, after=making._landing):
    after(*arguments)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
making._landing = and_no_room
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.exit(ending(["backup", "create", sys.argv[1]]))
"""


def test_a_full_disk_leaves_no_half_of_a_backup(made, source, disk, attendance):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _FULL, str(disk)]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, "no room for the backup" in ran.stderr, len(ran.stderr.splitlines())) == (2, True, 1)
    assert not list(disk.glob(".*.unfinished"))
    assert [row["name"] for row in attendance("backup", "list", disk, "--format", "json").objects] == [made["name"]]


def test_a_ledger_of_a_newer_program_is_refused(made, disk, keys, attendance, tmp_path):
    _rewritten(disk / str(made["name"]), revision="9999")
    ran = attendance("backup", "restore", disk, "--to", tmp_path / "elsewhere", "--keys", keys)
    assert (ran.code, "9999" in ran.err, (tmp_path / "elsewhere").exists()) == (2, True, False)


def test_a_backup_of_an_older_ledger_is_migrated(made, source, disk, keys, attendance, tmp_path, monkeypatch):
    """As the program of ledger 0006 would have made it: without the tables and the columns that came later."""
    folder, before = disk / str(made["name"]), rows(source.home.warehouse)
    then = _tables_of("0006")
    for file in (folder / "ledger").glob("*.parquet"):
        if file.stem not in then:
            file.unlink()
        else:
            table = pq.read_table(file)
            later = [name for name in table.column_names if name not in then[file.stem]]
            before_then = [pa.nulls(table.num_rows, pa.string()) for _ in then[file.stem] - set(table.column_names)]
            gone = sorted(then[file.stem] - set(table.column_names))
            table = table.drop_columns(later)
            for name, column in zip(gone, before_then, strict=True):
                table = table.append_column(name, column)
            pq.write_table(table, file)
    _rewritten(folder, revision="0006")
    elsewhere = tmp_path / "elsewhere"
    assert attendance("backup", "restore", disk, "--to", elsewhere, "--keys", keys).code == 0
    monkeypatch.setenv("ATTENDANCE_HOME", str(elsewhere))
    assert faults(attendance("doctor")) == []
    assert rows(elsewhere / "warehouse.duckdb") == before


def _tables_of(revision: str) -> dict[str, set[str]]:
    """Table → columns of a ledger of this revision."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection, revision)
    with engine.connect() as connection:
        looked = inspect(connection)
        return {table: {one["name"] for one in looked.get_columns(table)} for table in looked.get_table_names()}


def _rewritten(folder: Path, **changed: object) -> None:
    """The manifest with something else in it, true of the files as they are."""
    manifest = read_manifest(folder)
    names = [name for name in manifest.files if (folder / name).exists()]
    files = {name: file_of(folder / name, manifest.files[name].rows) for name in names}
    replace(manifest, files=files, **changed).write(folder)


@pytest.mark.parametrize(("before", "after"), [("postgresql", "postgresql"), ("sqlite", "postgresql")])
def test_on_postgresql_and_onto_it(
    home, disk, attendance, monkeypatch, tmp_path, new_postgresql_database, before, after
):
    if before == "postgresql":
        monkeypatch.setenv("ATTENDANCE_LEDGER_URL", new_postgresql_database())
    opened = filled(home)
    was = rows(opened.home.warehouse)
    ran = attendance("backup", "create", disk)
    assert ran.code == 0
    # Into the ledger that is in use it does not go, nor does anything change there.
    elsewhere = tmp_path / "elsewhere"
    if before == "postgresql":
        ran = attendance("backup", "restore", disk, "--to", elsewhere, "--keys", home)
        assert (ran.code, "not empty" in ran.err) == (2, True)
        assert not (elsewhere / "landing").exists()
    url = new_postgresql_database()
    monkeypatch.setenv("ATTENDANCE_LEDGER_URL", url)
    ran = attendance("backup", "restore", disk, "--to", elsewhere, "--keys", home)
    assert (ran.code, ran.err) == (0, "")
    monkeypatch.setenv("ATTENDANCE_HOME", str(elsewhere))
    assert not (elsewhere / "ledger.sqlite").exists()
    assert faults(attendance("doctor")) == []
    assert rows(elsewhere / "warehouse.duckdb") == was
    restored = platform(load_settings(elsewhere), actor="test")
    hand_in(restored, [HandedIn("late.json", document(THIRD))])  # numbers go on after those that came
    enter_and_publish(restored)
    restored.engine.dispose()
    assert faults(attendance("doctor")) == []


def test_landing_on_an_object_store(home, disk, attendance, monkeypatch, tmp_path, new_object_store):
    for name, value in settings_of(new_object_store()).items():
        monkeypatch.setenv(f"ATTENDANCE_{name.upper()}", value)
    opened = filled(home)
    was = rows(opened.home.warehouse)
    first = attendance("backup", "create", disk, "--format", "json").objects[0]
    hand_in(opened, [HandedIn("late.json", document(THIRD))])
    assert attendance("backup", "create", disk, "--format", "json").objects[0]["new"] == 1
    elsewhere = tmp_path / "elsewhere"
    ran = attendance("backup", "restore", disk, "--to", elsewhere, "--backup", first["name"])
    assert (ran.code, "s3://" in ran.err) == (2, True)  # what is in use is not written to
    for name, value in settings_of(new_object_store()).items():
        monkeypatch.setenv(f"ATTENDANCE_{name.upper()}", value)
    ran = attendance("backup", "restore", disk, "--to", elsewhere, "--backup", first["name"])
    assert (ran.code, ran.err) == (0, "")
    monkeypatch.setenv("ATTENDANCE_HOME", str(elsewhere))
    assert faults(attendance("doctor")) == []
    assert rows(elsewhere / "warehouse.duckdb") == was
    # From the object store into a folder: the same backup, other settings.
    for name in ("URL", "ENDPOINT", "REGION"):
        monkeypatch.delenv(f"ATTENDANCE_OBJECTS_{name}")
    folder = tmp_path / "folder"
    assert attendance("backup", "restore", disk, "--to", folder, "--backup", first["name"]).code == 0
    monkeypatch.setenv("ATTENDANCE_HOME", str(folder))
    assert faults(attendance("doctor")) == []
    assert rows(folder / "warehouse.duckdb") == was


def test_the_backups_settings_say_where_the_ledger_is_unless_they_are_left_out(
    home, disk, attendance, tmp_path, monkeypatch, new_postgresql_database
):
    home.mkdir()
    (home / "settings.toml").write_text(f'ledger_url = "{new_postgresql_database()}"\n', encoding="utf-8")
    opened = filled(home)
    was = rows(opened.home.warehouse)
    assert attendance("backup", "create", disk).code == 0
    elsewhere = tmp_path / "elsewhere"
    ran = attendance("backup", "restore", disk, "--to", elsewhere, "--keys", home)
    assert (ran.code, "--without-settings" in ran.err) == (2, True)  # that ledger is in use
    assert [path.name for path in elsewhere.iterdir()] == [".restore.lock"]
    ran = attendance("backup", "restore", disk, "--to", elsewhere, "--keys", home, "--without-settings")
    assert ran.code == 0
    monkeypatch.setenv("ATTENDANCE_HOME", str(elsewhere))
    assert (elsewhere / "ledger.sqlite").exists()
    assert not (elsewhere / "settings.toml").exists()
    assert rows(elsewhere / "warehouse.duckdb") == was
    assert faults(attendance("doctor")) == []
