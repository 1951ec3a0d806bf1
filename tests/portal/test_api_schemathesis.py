"""The interface against its own OpenAPI: whatever is sent, no answer is a fault, and each is as the schema says."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks

from pipelines.settings_portal import PortalSettings
from portal.app import create_app
from tests.support.portal_country import MONTH

#: All that anybody sends must be answered: with what OpenAPI lists, as it describes it, and never with a fault.
CHECKS = (
    checks.not_a_server_error,
    schemathesis.checks.CHECKS.get_one("status_code_conformance"),
    schemathesis.checks.CHECKS.get_one("content_type_conformance"),
    schemathesis.checks.CHECKS.get_one("response_headers_conformance"),
    schemathesis.checks.CHECKS.get_one("response_schema_conformance"),
    schemathesis.checks.CHECKS.get_one("unsupported_method"),
)


@pytest.fixture(scope="module")
def interface(tmp_path_factory, country_home):
    """The schema of a portal over the country, and the first agency's token."""
    raise NotImplementedError
