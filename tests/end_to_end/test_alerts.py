"""Each alert is caused for real, and fires for that and for nothing healthy; each has its section in the runbook."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from pipelines.cli.reference import helps
from tests.support.causes import CAUSES, Here, copied, disk_fills, healthy, small_disk
from tests.support.installations import installation
from tests.support.postgres import PostgresServer, find_binaries, free_port
from tests.support.prometheus import PROGRAM, RULES, TOOL, prometheus, serving

ROOT = Path(__file__).parents[2]
ALERTS = {rule["alert"]: rule for rule in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]}
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")

needs_prometheus = pytest.mark.skipif(
    PROGRAM is None or TOOL is None, reason="no prometheus here: make system installs Debian's package"
)

#: Alert → a series just below its threshold and one just over it.
SERIES = {
    "AttendanceMetricsAbsent": ("attendance_build_info", "1", "_"),
    "AttendanceMetricsIncomplete": ('attendance_metrics_part_ok{part="runs"}', "1", "0"),
    "AttendanceSubmissionsWaiting": ("attendance_oldest_waiting_seconds", "7200", "7201"),
    "AttendanceMonthNotPulled": ("attendance_months_not_pulled", "0", "1"),
    "AttendanceMonthNotClosed": ("attendance_months_not_closed", "0", "1"),
    "AttendancePublishedBehind": ("attendance_months_behind", "0", "1"),
    "AttendanceChannelFailing": ('attendance_channel_down{channel="webitr"}', "0", "1"),
    "AttendanceRunFailed": ('attendance_run_last_failed{job="monthly"}', "0", "1"),
    "AttendanceRunHanging": ("attendance_run_longest_going_on_seconds", "10800", "10801"),
    "AttendanceNoticesDelayed": ("attendance_oldest_notice_seconds", "7200", "7201"),
    "AttendanceNoticesUnsettled": ('attendance_notices{state="uncertain"}', "0", "1"),
    "AttendanceAuditBroken": ("attendance_audit_anchor_holds", "1", "0"),
    "AttendanceDoctorFaults": ("attendance_doctor_faults", "0", "1"),
    "AttendanceDoctorNotRun": ("attendance_doctor_timestamp_seconds", "0", "-691200"),
    "AttendanceDiskNearlyFull": ("attendance_disk_free_bytes", "100", "99"),
}
#: What an expression needs besides the series above.
BESIDES = [("attendance_disk_size_bytes", "1000")]
_LONGER = "200m"


def test_every_alert_says_how_bad_it_is_in_both_languages_and_where_to_read_on():
    for name, rule in ALERTS.items():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        summary = rule["annotations"]["summary"]
        assert re.search(r"[\u4e00-\u9fff]{4}", summary), name
        assert re.search(r"[A-Za-z]+ [a-z]+ ", summary), name
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"


def test_every_alert_has_its_section_and_every_section_its_alert():
    sections = dict(re.findall(r"^## (Attendance\w+)\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))
    assert list(sections) == list(ALERTS)
    for name, section in sections.items():
        for part in ("Caused by", "Means", "Look", "Do", "Do not", "Over when"):
            assert f"**{part}" in section, (name, part)


def test_every_command_of_the_runbook_is_one():
    known = [path for path, _ in helps() if path != "attendance"]
    for command in re.findall(r"^\$ (attendance [^#\n]+)", RUNBOOK, re.MULTILINE):
        assert any(command.startswith(path) for path in known), command


@needs_prometheus
def test_promtool_finds_the_rules_right():
    subprocess.run([TOOL, "check", "rules", RULES], check=True, capture_output=True)


@needs_prometheus
@pytest.mark.parametrize("name", ALERTS)
def test_each_fires_over_its_threshold_and_not_at_it(tmp_path, name):
    series, below, over = SERIES[name]
    alert = f'count(ALERTS{{alertname="{name}", alertstate="firing"}})'
    tests = [
        {
            "interval": "1m",
            "input_series": [
                {"series": one, "values": f"{value}+0x400" if value != "_" else "_x400"}
                for one, value in [(series, number), *BESIDES]
            ],
            "promql_expr_test": [{"expr": alert, "eval_time": _LONGER, "exp_samples": expected}],
        }
        for number, expected in ((below, []), (over, [{"labels": "{}", "value": 1}]))
    ]
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    ran = subprocess.run([TOOL, "test", "rules", file], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def well(tmp_path_factory) -> Here:
    return healthy(tmp_path_factory.mktemp("alerts") / "healthy")


@needs_prometheus
def test_each_alert_fires_for_what_it_is_about_and_none_for_what_is_healthy(well, tmp_path):
    pages = {"healthy": well.metrics()}
    for name, cause in CAUSES.items():
        here = copied(well, tmp_path / name)
        cause(here)
        pages[name] = here.metrics()
    with small_disk(tmp_path / "disk") as disk:
        if disk is not None:
            full = copied(well, disk / "home")
            disk_fills(full.home)
            pages["AttendanceDiskNearlyFull"] = full.metrics()
    with serving(pages) as port, prometheus(tmp_path, {job: (port, f"/{job}") for job in pages}) as running:
        running.wait_for("attendance_build_info", len(pages))
        for name in set(pages) - {"healthy"}:
            running.wait_for(f'ALERTS{{alertname="{name}", job="{name}"}}')
        healthy_ones = {one["alertname"] for one in running.ask('ALERTS{job="healthy"}')}
        assert healthy_ones <= {"AttendanceDiskNearlyFull"}  # the machine's own disk may be full
    named = {found for rule in ALERTS.values() for found in re.findall(r"attendance_\w+", rule["expr"])}
    assert named <= set(re.findall(r"^# TYPE (\w+) ", "\n".join(pages.values()), re.MULTILINE))


@pytest.fixture
def database() -> Iterator[PostgresServer]:
    """A PostgreSQL of this test's own, which it may kill."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL here: make system installs Debian's package")
    server = PostgresServer(binaries)
    server.start()
    yield server
    server.stop()


@needs_prometheus
def test_prometheus_scrapes_the_real_endpoint_and_tells_when_a_part_and_when_all_of_it_is_gone(database, tmp_path):
    port, url = free_port(), database.url.render_as_string(hide_password=False)
    here = Here(tmp_path / "served")
    installation(here.home, ledger_url=url).engine.dispose()
    command = [Path(sys.executable).with_name("attendance"), "metrics", "--serve", str(port)]
    with here.environment(ATTENDANCE_LEDGER_URL=url):
        serve = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    incomplete = 'ALERTS{alertname="AttendanceMetricsIncomplete"}'
    try:
        with prometheus(tmp_path, {"attendance": (port, "/metrics")}) as running:
            (info,) = running.wait_for("attendance_build_info", seconds=120)
            assert info["version"] == version("attendance-platform")
            running.wait_for('absent(ALERTS{alertname=~"AttendanceMetrics.*"})')  # until it came up it was absent
            database.kill()
            running.wait_for('ALERTS{alertname="AttendanceMetricsIncomplete", part="waiting"}')
            gone = {one["part"] for one in running.wait_for(incomplete)}
            assert gone.isdisjoint({"runs", "disk", "build", "doctor"})
            database.revive()
            running.wait_for(f"absent({incomplete})")
            serve.terminate()
            serve.wait(120)
            running.wait_for('ALERTS{alertname="AttendanceMetricsAbsent"}')
    finally:
        serve.kill()
        serve.wait()
