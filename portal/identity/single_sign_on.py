"""The single sign-on (單一簽入, eCPA) as the portal asks it: OpenID Connect's code flow with PKCE, by Authlib.

The ID token is verified against the provider's keys: signature (public-key algorithms alone), issuer, audience,
times, nonce.  Where a claim that is wanted is not in it, the provider's userinfo is asked.  Times are the machine's:
the provider's tokens are of today, whatever day the platform's clock has.
"""

import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from pipelines.settings_portal import PortalSettings
from portal.identity.on_the_way import OnTheWay, local
from portal.identity.refusals import SignInRefused
from warehouse.access.authorisations import AuthorisationRefused, checked_account
from warehouse.access.certificates import CERTIFICATE
from warehouse.ledger.access import NAME_LENGTH

#: Seconds for the provider's answer.
_TIMEOUT = 10
#: Seconds for which what the provider says of itself is remembered; an unknown key is asked for at once.
_REMEMBERED = 3600
#: Seconds by which its clock and ours may differ.
_LEEWAY = 60
#: Never `none`, and none with a shared secret: JOSE's confusion of the two is an old attack (RFC 8725, 3.1).
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_KEPT, _NEXT = "oidc", "next"
#: What comes of a provider that does not answer, or answers with what nothing can be made of.
_UNUSABLE = (httpx.HTTPError, ValueError, RuntimeError, KeyError, TypeError, AttributeError)

_EXPIRED = (
    "登入已逾時，或不是在這個瀏覽器開始，請重新登入 signing in took too long or began in another browser: begin again"
)
_DOWN = "單一簽入目前沒有回應，請稍後再試 the single sign-on does not answer: try again later"
_CANCELLED = "單一簽入未同意登入，請重新登入 the single sign-on did not let you in: begin again"
_NOT_PROVEN = (
    "單一簽入的回覆未通過驗證，請洽系統管理人員 what the single sign-on said could not be verified: tell the operators"
)


@dataclass(frozen=True, slots=True)
class CameBack:
    """Somebody whom the single sign-on has signed in, and where they wanted to go."""

    account: str
    holder: str
    next: str


class SingleSignOn:
    """One provider, as the settings name it."""

    def __init__(self, settings: PortalSettings, key: bytes) -> None:
        if settings.oidc_issuer is None or settings.oidc_client_secret is None:
            raise ValueError("no single sign-on is set")
        self._settings = settings
        self._issuer = settings.oidc_issuer
        self.on_the_way = OnTheWay(key, secure=settings.secure)
        trusted = ssl.create_default_context(cafile=settings.oidc_ca_file) if settings.oidc_ca_file else True
        self._client: Any = OAuth().register(
            _KEPT,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value(),
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid profile",
                "code_challenge_method": "S256",
                "timeout": _TIMEOUT,
                "verify": trusted,
            },
        )

    async def leave(self, request: Request, place: str | None) -> Response:
        """Send the browser to the provider; it comes back to `/sign-in/back`, and then goes to `place`."""
        try:
            await self._metadata()
            kept: dict[str, Any] = {}
            request.scope["session"] = kept
            answer: Response = await self._client.authorize_redirect(request, f"{self._settings.url}/sign-in/back")
        except _UNUSABLE as error:
            raise SignInRefused(503, type(error).__name__, _DOWN) from None
        self.on_the_way.keep(answer, {_KEPT: kept, _NEXT: local(place)})
        return answer

    async def come_back(self, request: Request) -> CameBack:
        """Who came back; raises `SignInRefused`."""
        kept = self.on_the_way.kept(request)
        session = kept.get(_KEPT, {})
        if f"_state_{_KEPT}_{request.query_params.get('state')}" not in session:
            raise SignInRefused(400, "state", _EXPIRED)
        if said := request.query_params.get("error"):
            cancelled = said == "access_denied"
            raise (
                SignInRefused(403, "access_denied", _CANCELLED) if cancelled else SignInRefused(400, "error", _EXPIRED)
            )
        if not request.query_params.get("code"):
            raise SignInRefused(400, "code", _EXPIRED)
        request.scope["session"] = session
        claims = await self._claims(request)
        account = _account(claims.get(self._settings.oidc_account_claim))
        return CameBack(account, _holder(claims.get(self._settings.oidc_name_claim), account), local(kept.get(_NEXT)))

    async def signing_out_place(self) -> str | None:
        """Where the provider's own session ends (RP-Initiated Logout); None where it has no such place, or is down."""
        try:
            place = (await self._metadata()).get("end_session_endpoint")
        except (*_UNUSABLE, SignInRefused):
            return None
        if not isinstance(place, str):
            return None
        back = {"client_id": self._settings.oidc_client_id, "post_logout_redirect_uri": f"{self._settings.url}/"}
        return f"{place}{'&' if '?' in place else '?'}{urlencode(back)}"

    async def _metadata(self) -> dict[str, Any]:
        """What the provider says of itself; raises what fetching raises, and `SignInRefused` where it is another's."""
        said: dict[str, Any] = self._client.server_metadata
        if time.time() - said.get("_loaded_at", 0) > _REMEMBERED:
            said.pop("_loaded_at", None)
            said.pop("jwks", None)  # a key that was taken back is not trusted any longer
        await self._client.load_server_metadata()
        if str(said.get("issuer")).rstrip("/") != self._issuer:  # OpenID Connect Discovery, 4.3
            said.pop("_loaded_at", None)
            raise SignInRefused(503, "issuer", _NOT_PROVEN)
        offered = said.get("id_token_signing_alg_values_supported") or ["RS256"]
        said["id_token_signing_alg_values_supported"] = [one for one in offered if one in _ALGORITHMS]
        return said

    async def _claims(self, request: Request) -> dict[str, Any]:
        try:
            metadata = await self._metadata()
            options = {
                "iss": {"essential": True, "values": [metadata["issuer"]]},
                "aud": {"essential": True, "values": [self._client.client_id]},
                "sub": {"essential": True},
                "exp": {"essential": True},
                "iat": {"essential": True},
            }
            token = await self._client.authorize_access_token(request, claims_options=options, leeway=_LEEWAY)
            claims: dict[str, Any] = dict(token.get("userinfo") or {})
            if not claims:
                raise SignInRefused(403, "no_id_token", _NOT_PROVEN)
            wanted = {self._settings.oidc_account_claim, self._settings.oidc_name_claim}
            if not wanted <= claims.keys() and metadata.get("userinfo_endpoint"):
                more = dict(await self._client.userinfo(token=token))
                if more.get("sub") != claims["sub"]:  # OpenID Connect Core, 5.3.2
                    raise SignInRefused(403, "userinfo", _NOT_PROVEN)
                claims = more | claims
        except JoseError as error:
            raise SignInRefused(403, error.error, _NOT_PROVEN) from None
        except AuthlibBaseError as error:
            # The client's own secret is the operators' to set right; a code that was used is the browser's.
            ours = error.error in {"invalid_client", "unauthorized_client"}
            words = (503, _NOT_PROVEN) if ours else (400, _EXPIRED)
            raise SignInRefused(words[0], str(error.error), words[1]) from None
        except _UNUSABLE as error:
            raise SignInRefused(503, type(error).__name__, _DOWN) from None
        return claims


def _account(claim: object) -> str:
    """The claim as an account; what was in it is not repeated."""
    try:
        account = checked_account(str(claim or ""))
    except AuthorisationRefused as error:
        raise SignInRefused(403, "account", str(error)) from None
    if account.startswith(CERTIFICATE):  # an account there must not pass for an agency's certificate
        raise SignInRefused(403, "account", _NOT_PROVEN)
    return account


def _holder(claim: object, account: str) -> str:
    name = " ".join(str(claim or "").split())[:NAME_LENGTH]
    return name if name.isprintable() and name else account
