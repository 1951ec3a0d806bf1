"""The demo, whole: what readers of the warehouse see in the end is what the plan says."""

import hmac
import json
import os
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from assets.pull import pull
from pipelines.cli.app import ending
from pipelines.demo.country import COUNTIES, Country
from pipelines.demo.plan import MONTHS, Round
from pipelines.demo.run import DemoRefused, RoundRun, run_demo
from pipelines.resources import platform
from pipelines.settings import Settings
from tests.pipelines.test_default_status import by_itself
from tests.support.disclosure import Wanted, disclosures
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Submission


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def rounds(home: Path) -> list[RoundRun]:
    told: list[RoundRun] = []
    done = run_demo(Settings(home=home), MONTHS, told.append)
    assert told == done
    return done


@pytest.fixture(scope="module")
def country() -> Country:
    return Country()


def published(home: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.usefixtures("rounds")
def test_every_agency_month_ends_as_planned(home, country):
    rows = published(home, "SELECT agency_code, month, state, on_time FROM reports.submission_status")
    assert {(code, month): (state, on_time) for code, month, state, on_time in rows} == {
        (planned.agency_code, planned.month): (planned.state, planned.on_time) for planned in country.plan
    }


@pytest.mark.usefixtures("rounds")
def test_records_published_are_those_of_the_plan(home, country):
    expected = Counter()
    for planned in country.plan:
        for dataset, (read, refused) in country.expected_counts(planned).items():
            expected[dataset, planned.month] += read - refused
    for dataset in ("employees", "leaves", "overtime", "clockings"):
        rows = published(home, f"SELECT month, count(*) FROM core.{dataset} GROUP BY month")
        assert dict(rows) == {month: expected[dataset, month] for month in MONTHS}, dataset


@pytest.mark.usefixtures("rounds")
def test_records_published_are_word_for_word_those_handed_in(home):
    """Whose clocking, when, of what kind: of every agency-month that was entered without a fault."""
    opened = platform(Settings(home=home))
    with reading(opened.engine) as session:
        sound = session.query(Submission).filter_by(state="entered").all()
    stored = Counter(published(home, "SELECT agency_code, month, person_key, clocked_at, kind FROM core.clockings"))
    handed_in: Counter[tuple] = Counter()
    for one in sound:
        for clocking in json.loads(opened.landing.read(one.id))["clockings"]:
            key = hmac.digest(opened.person_key(), clocking["person_id"].encode(), "sha256").hex()
            at = datetime.fromisoformat(clocking["at"])
            handed_in[one.agency_code, one.month, key, at, clocking["kind"]] += 1
    places = {(one.agency_code, one.month) for one in sound}
    assert handed_in == Counter({row: count for row, count in stored.items() if row[:2] in places})
    assert len(places) > 150


@pytest.mark.usefixtures("rounds")
def test_nobody_is_disclosed(home, country, capsys, monkeypatch, tmp_path):
    """Neither in a file of the home, but for the agencies' own systems and files, nor by anything that is printed."""
    people = [person for agency in country.agencies for person in agency.people]
    wanted = Wanted.people({person.person_id for person in people}, {person.name for person in people})
    assert list(disclosures(wanted, home, [home / "demo", home / "inbox"])) == []
    # The search itself works: the systems and files that are left out are full of people.
    assert all(any(disclosures(wanted, home / left_out)) for left_out in ("demo", "inbox"))

    monkeypatch.setenv("ATTENDANCE_HOME", str(home))
    faulty = published(home, "SELECT DISTINCT agency_code, month FROM core.findings ORDER BY ALL")
    assert len(faulty) > 10
    for arguments in [
        *(["findings", "--agency", agency, "--month", month] for agency, month in faulty[::3]),
        *(["compare", "--agency", agency, "--month", month] for agency, month in faulty[:1]),
        *(["check", str(path)] for path in sorted((home / "inbox").rglob("*.json"))[:8]),
        ["status", "--month", MONTHS[-1]],
        ["explain", "list", "--agency", faulty[0][0], "--month", faulty[0][1]],
        ["rules", "preview", "W208", "--as", "error"],
        ["doctor"],
        ["settings"],
    ]:
        for output in (["--format", "json"], []):
            ending([*arguments, *output])
            printed = capsys.readouterr()
            said = f"{printed.out}\n{printed.err}".encode()
            assert list(wanted.within(" ".join(arguments), said)) == []
    for number, (agency, month) in enumerate(faulty[::3]):
        report = tmp_path / f"report{('.xlsx', '.ods')[number % 2]}"
        ending(["findings", "--agency", agency, "--month", month, "-o", str(report)])
        with zipfile.ZipFile(report) as book:
            assert [found for part in book.namelist() for found in wanted.within(part, book.read(part))] == []


def test_each_channel_brings_and_one_that_is_down_costs_its_own_agencies_only(rounds, country):
    by_round = {(one.run.month, one.when): one.run.pulled for one in rounds}
    april, may = by_round["2021-04", Round.ON_TIME], by_round["2021-05", Round.ON_TIME]
    assert {channel for channel, outcome in april.outcomes if outcome == "delivered"} == {"webitr", "webhr", "manual"}
    assert [failure.channel for failure in april.failures] == ["webitr"]
    assert {failure.agency_code for failure in may.failures} == {
        agency.agency_code for agency in country.agencies_of(COUNTIES)
    }
    assert not by_round["2021-05", Round.LATE].failures


@pytest.mark.usefixtures("rounds")
def test_a_home_that_holds_data_is_left_alone(home):
    before = (home / "sources.toml").read_bytes()
    with pytest.raises(DemoRefused, match="ATTENDANCE_HOME"):
        run_demo(Settings(home=home))
    assert (home / "sources.toml").read_bytes() == before


@pytest.mark.usefixtures("rounds")
def test_nothing_of_the_demo_comes_alive_by_itself(home):
    assert set(by_itself(home).values()) == {False}


@pytest.mark.usefixtures("rounds")
def test_its_servers_start_again_and_have_what_was_handed_in(home):
    """By the command, which is ended as a script would that started it in the background."""
    in_the_background = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]
    command = [*in_the_background, sys.executable, "-m", "pipelines.cli.app", "demo", "--serve"]
    told = {**os.environ, "ATTENDANCE_HOME": str(home)}
    with subprocess.Popen(command, env=told, stderr=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stderr is not None
            assert "sources.toml" in serving.stderr.readline()
            opened = platform(Settings(home=home))
            report = pull(opened, MONTHS[-1])
            opened.engine.dispose()
        finally:
            serving.terminate()
    assert serving.wait(30) == 0
    assert (report.failures, report.arrived) == ([], 0)
    assert report.outcomes["webitr", "unchanged"] > 10
