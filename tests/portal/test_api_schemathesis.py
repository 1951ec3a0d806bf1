"""The interface against its own OpenAPI: whatever is sent, no answer is a fault, and each is as the schema says."""

import shutil

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from pipelines.resources import platform
from pipelines.settings import Settings
from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from tests.portal.test_every_role import SCOPED
from tests.support.installations import FIRST, NOW

#: Of each endpoint and mode.
EXAMPLES = 25
#: A document can be another agency's, or wrong in what a schema cannot say; and whatever the check is sent is answered
#: with what is wrong with it.
NOT_ASKED = {
    "/api/v1/submissions": (positive_data_acceptance,),
    "/api/v1/check": (positive_data_acceptance, negative_data_rejection),
}


@pytest.fixture(scope="module")
def interface(tmp_path_factory, country_home):
    """The interface's schema, over an installation where there is something to be read."""
    home = shutil.copytree(country_home[0], tmp_path_factory.mktemp("interface") / "home")
    opened = platform(Settings(home=home), actor="test", clock=lambda: NOW)
    app = create_app(opened, PortalSettings(requests_a_minute=1_000_000))
    yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    opened.engine.dispose()


ENDPOINTS = sorted([("POST", "/api/v1/check"), *SCOPED])


def test_every_endpoint_is_tried(interface):
    operations = [one.ok() for one in interface.get_all_operations()]
    assert sorted((one.method.upper(), one.path) for one in operations) == ENDPOINTS


TRIED = [(mode, *one) for mode in GenerationMode for one in ENDPOINTS]


@pytest.mark.parametrize(("mode", "method", "path"), TRIED)
def test_every_answer_is_as_openapi_says(interface, country_home, mode, method, path):
    """Of what the schema allows, and of what it does not."""
    authorised = {"Authorization": f"Bearer {country_home[1][FIRST].secret}"}
    tried = 0

    @settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=HealthCheck)
    @given(case=interface[path][method].as_strategy(generation_mode=mode))
    def each(case):
        nonlocal tried
        tried += 1
        case.call_and_validate(headers=authorised, excluded_checks=NOT_ASKED.get(path, ()))

    each()
    assert tried
