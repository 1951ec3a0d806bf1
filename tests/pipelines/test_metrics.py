"""The metrics: what they say is what ledger, Dagster and disk say; how old answers may be; what one bad part costs."""

import socket
import stat
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from pipelines.dagster_home import prepare
from pipelines.metrics import of_months
from pipelines.metrics.collector import Metrics, parts
from pipelines.metrics.serving import exposition, write_textfile
from pipelines.runs import run_job
from pipelines.settings import Settings
from tests.support.installations import AGENCIES, AUTHORITY, FIRST, SECOND, THIRD, document, installation, refused
from warehouse import doctor_record
from warehouse.diagnosis import Diagnosis

MONTH = "2021-06"
#: After the month's deadline and long before the year closes.
NOW = datetime(2021, 7, 22, 2, 0, tzinfo=UTC)


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def here(tmp_path):
    opened = installation(tmp_path / "home", NOW, collection_began=MONTH)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.from_config(str(prepare(Settings(home=tmp_path / "home")))) as opened:
        yield opened


@pytest.fixture
def metrics(here, instance, clock):
    return Metrics(here, instance, clock)


def read(metrics):
    """Name and labels → value."""
    return {
        (sample.name.removeprefix("attendance_"), *(f"{k}={v}" for k, v in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(exposition(metrics))
        for sample in family.samples
    }


def test_an_installation_without_anything_in_it_has_metrics(metrics):
    found = read(metrics)
    assert all(found["metrics_part_ok", f"part={part.name}"] == 1 for part in parts())
    assert found["agencies_due", f"month={MONTH}"] == len(AGENCIES)
    assert found["agency_months", f"month={MONTH}", "state=missing"] == len(AGENCIES)
    assert found["submissions_waiting",] == found["doctor_timestamp_seconds",] == 0


def test_a_month_is_as_the_ledger_has_it(here, metrics):
    hand_in(here, [HandedIn("a", document(AUTHORITY)), HandedIn("b", refused(FIRST))])
    enter(here, MONTH)
    hand_in(here, [HandedIn("c", document(SECOND))])
    found = read(metrics)
    states = {state: found["agency_months", f"month={MONTH}", f"state={state}"] for state in ("entered", "refused")}
    assert states == {"entered": 1, "refused": 1}
    assert found["agency_months", f"month={MONTH}", "state=waiting"] == 1
    assert found["agency_months", f"month={MONTH}", "state=missing"] == 1
    assert found["submissions", f"month={MONTH}", "state=received"] == found["submissions_waiting",] == 1
    assert found["records", "dataset=leaves", f"month={MONTH}", "outcome=entered"] == 1
    assert found["landing_documents",] == 3
    assert found["audit_head",] == 5
    deadline = datetime(2021, 7, 20, 16, 0, tzinfo=UTC)
    assert found["month_deadline_timestamp_seconds", f"month={MONTH}"] == deadline.timestamp()
    assert THIRD not in exposition(metrics)


def test_labels_are_of_open_months_and_of_no_agency(here, metrics, instance):
    old = installation(here.home.root.parent / "old", NOW + timedelta(days=4 * 365))
    hand_in(old, [HandedIn(month, document(FIRST, month)) for month in ("2021-06", "2025-05")])
    enter(old, "2021-06")
    enter(old, "2025-05")
    text = exposition(Metrics(old, instance))
    assert 'month="2025-05"' in text
    assert 'month="2021-06"' not in text
    assert not any(code in text for code in AGENCIES)
    old.engine.dispose()


def test_behind_is_what_was_entered_and_not_published_and_asked_once_for_each_change(here, metrics, monkeypatch):
    asked = []
    behind = of_months.behind
    monkeypatch.setattr(of_months, "behind", lambda *args: asked.append(args[2:]) or behind(*args))
    settings = Settings(home=here.home.root, collection_began=MONTH)
    hand_in(here, [HandedIn("a", document(AUTHORITY))])
    run_job(settings, "late_entry", MONTH, {}, actor="test")
    assert read(metrics)["months_behind",] == 1
    assert read(metrics)["months_behind",] == 1
    run_job(settings, "entry", MONTH, {}, actor="test")
    found = read(metrics)
    assert found["months_behind",] == 0
    assert found["last_published_timestamp_seconds",] == pytest.approx(datetime.now(UTC).timestamp(), abs=600)
    assert found["run_last_failed", "job=entry"] == 0
    assert len(asked) == 2
    assert asked[0] == (None, [])
    assert asked[1][1] == [MONTH]


def test_what_is_slow_is_asked_now_and_then_and_one_at_a_time(here, metrics, clock):
    names = {part.name: part.max_age for part in parts() if part.max_age}
    read(metrics)
    hand_in(here, [HandedIn("a", document(AUTHORITY))])
    clock.now += 30
    found = read(metrics)
    assert found["submissions_waiting",] == 1
    assert found["agency_months", f"month={MONTH}", "state=waiting"] == 0
    assert found["metrics_part_age_seconds", "part=months"] == 30
    clock.now += 600
    renewed = []
    for _ in names:
        found = read(metrics)
        renewed.append(sorted(name for name in names if found["metrics_part_age_seconds", f"part={name}"] == 0))
    assert [len(now) for now in renewed] == list(range(1, len(names) + 1))
    assert found["agency_months", f"month={MONTH}", "state=waiting"] == 1


def test_a_part_that_fails_costs_itself_only_and_is_asked_again(here, metrics):
    file = here.home.duties
    file.write_text("nonsense\n")
    found = read(metrics)
    assert found["metrics_part_ok", "part=months"] == 0
    assert ("agencies_due", f"month={MONTH}") not in found
    assert found["metrics_part_ok", "part=waiting"] == 1
    file.unlink()
    assert read(metrics)["agencies_due", f"month={MONTH}"] == len(AGENCIES)


def test_the_doctors_last_look_is_known_and_none_that_is_unreadable(here, metrics):
    found = [Diagnosis("a", ok=True, found="well"), Diagnosis("b", ok=False, found="broken")]
    doctor_record.keep(here.home.root, NOW, found)
    assert read(metrics)["doctor_faults",] == 1
    assert read(metrics)["doctor_timestamp_seconds",] == NOW.timestamp()
    (here.home.root / doctor_record.NAME).write_text("{")
    assert read(metrics)["doctor_timestamp_seconds",] == 0
    doctor_record.keep(here.home.root / "nowhere", NOW, found)
    assert not (here.home.root / "nowhere").exists()


def test_a_textfile_is_written_whole_for_others_to_read(metrics, tmp_path):
    file = tmp_path / "attendance.prom"
    file.write_text("old")
    write_textfile(file, metrics)
    assert file.read_text(encoding="utf-8").endswith("\n")
    assert "attendance_build_info{" in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) & 0o044 == 0o044
    assert [one.name for one in tmp_path.glob("*.prom*")] == ["attendance.prom"]


def test_the_command_prints_writes_and_says_what_it_cannot(attendance, home, tmp_path):
    printed = attendance("metrics")
    assert printed.code == 0
    assert "# TYPE attendance_build_info gauge" in printed.out
    assert attendance("metrics", "--textfile", tmp_path / "a.prom").code == 0
    assert (tmp_path / "a.prom").exists()
    assert attendance("metrics", "--textfile", tmp_path / "none" / "a.prom").code == 2
    both = attendance("metrics", "--textfile", tmp_path / "b.prom", "--serve", "9464")
    assert (both.code, "擇一" in both.err) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert attendance("metrics", "--serve", port).code == 2
