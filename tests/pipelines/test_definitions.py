"""What Dagster is told there is: it loads, it reads no settings to do so, and the lineage is the one of the docs."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from assets.intake import HandedIn, hand_in
from assets.marks import ASSET, FINDINGS
from pipelines.dagster_home import FIRST_LINE, prepare
from pipelines.definitions import defs
from pipelines.settings import Settings, load_settings
from tests.support.installations import FIRST, SECOND, document, installation, refused

ROOT = Path(__file__).parents[2]
STAGES = {
    "agency_register": set(),
    "submissions_landed": {"agency_register"},
    "agency_months": {"submissions_landed"},
    "core_tables": {"reviews"},
    "reviews": {"agency_months"},
    "monthly_counts": {"core_tables"},
    "summary": {"core_tables"},
    "submission_ratios": {"core_tables"},
    "late_and_missing": {"core_tables"},
}


def test_the_lineage_goes_from_the_register_to_the_reports():
    graph = defs.resolve_asset_graph()
    lineage = {
        key.to_user_string(): {parent.to_user_string() for parent in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
    }
    assert lineage == STAGES


@pytest.mark.parametrize("name", STAGES)
def test_each_asset_says_what_it_is_in_both_languages(name):
    asset = defs.resolve_asset_graph().get(dg.AssetKey(name))
    chinese, _, english = asset.description.partition("\n\n")
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese)
    assert english.isascii() or "—" in english
    assert asset.group_name != "default"
    assert asset.kinds


#: What the stages work with: half of the time that loading everything takes.
DATA_LIBRARIES = {
    "duckdb",
    "holidays",
    "httpx",
    "jinja2",
    "matplotlib",
    "numpy",
    "pandas",
    "pandera",
    "polars",
    "pyarrow",
}


def test_loading_reads_no_settings_makes_no_files_and_leaves_the_data_libraries_to_the_stages(tmp_path):
    broken = {**os.environ, "ATTENDANCE_SETTINGS": "/nowhere.toml", "ATTENDANCE_HOME": str(tmp_path / "home")}
    code = "import sys, pipelines.definitions as d; d.defs.resolve_all_job_defs(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=broken, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert DATA_LIBRARIES & set(done.stdout.split()) == set()
    assert list(tmp_path.iterdir()) == []


def test_the_settings_and_the_platform_need_no_dagster():
    code = "import sys, pipelines.resources, assets.intake, assets.entering; sys.exit('dagster' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_workspace_loads_from_anywhere(tmp_path):
    home = prepare(load_settings(tmp_path / "home"))
    done = subprocess.run(
        [Path(sys.executable).with_name("dagster"), "definitions", "validate", "-w", ROOT / "workspace.yaml"],
        cwd=tmp_path,
        env={**os.environ, "DAGSTER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_dagsters_home_has_no_telemetry_and_takes_the_operators_changes(tmp_path):
    settings = Settings(home=tmp_path)
    file = prepare(settings) / "dagster.yaml"
    assert yaml.safe_load(file.read_text())["telemetry"] == {"enabled": False}
    file.write_text(f"{FIRST_LINE}\nold: true\n")
    prepare(settings)
    assert "old" not in yaml.safe_load(file.read_text())
    file.write_text("telemetry:\n  enabled: false\n")
    prepare(settings)
    assert file.read_text() == "telemetry:\n  enabled: false\n"


def databases(file):
    read = yaml.safe_load(file.read_text())
    return [read[f"{name}_storage"]["config"] for name in ("run", "schedule", "event_log")]


def test_postgresql_is_taken_from_the_settings_and_a_variable_stays_one(tmp_path, monkeypatch):
    url = "postgresql+psycopg2://dagster:it's%20a%22secret@db/dagster"
    file = prepare(Settings(home=tmp_path, dagster_url=url)) / "dagster.yaml"
    assert databases(file) == [{"postgres_url": url}] * 3
    assert file.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("ATTENDANCE_DAGSTER_URL", url)
    prepare(Settings(home=tmp_path))
    assert databases(file) == [{"postgres_url": {"env": "ATTENDANCE_DAGSTER_URL"}}] * 3
    assert "secret" not in file.read_text()


def test_runs_and_marks_are_kept_on_postgresql(tmp_path, new_postgresql_database):
    url = new_postgresql_database().replace("postgresql+psycopg:", "postgresql+psycopg2:")
    here = installation(tmp_path)
    lay = [HandedIn("a", document(FIRST)), HandedIn("b", refused(SECOND))]
    hand_in(here, lay)
    with dg.DagsterInstance.from_config(str(prepare(Settings(home=tmp_path, dagster_url=url)))) as instance:
        job = defs.resolve_job_def("entry")
        assert job.execute_in_process(instance=instance, partition_key="2021-06", resources={"platform": here}).success
        assert instance.get_materialized_partitions(ASSET) == {f"{FIRST}|2021-06"}
        assert len(instance.event_log_storage.get_asset_check_execution_history(FINDINGS.key, limit=9)) == 2
        assert not instance.telemetry_enabled
    here.engine.dispose()
