"""What the demo's provider answers by: its addresses and the claims of its ID tokens.  Django must be set up before."""

from typing import Any

from django.urls import include, path
from oauth2_provider.oauth2_validators import OAuth2Validator


class Claims(OAuth2Validator):  # type: ignore[misc]  # untyped
    """Which claims an ID token has: the account as `sub`, and the name."""

    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, str]:
        """The person's."""
        return {"sub": request.user.get_username(), "name": request.user.first_name}


urlpatterns = [
    path("accounts/", include("django.contrib.auth.urls")),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]
