"""Which system is asking, and whether it may: a dependency that every endpoint states, `Scoped(scope)`.

A token stands for one agency.  Requests are counted by token, and by address where there is none.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from portal.desk import Desk
from portal.limiting import count_address
from warehouse.access.tokens import Token, token_of
from warehouse.journal import log
from warehouse.ledger.engine import reading

_BEARER = HTTPBearer(auto_error=False, description="系統權杖 a token that the agency's head of personnel issued")
_UNKNOWN = {"WWW-Authenticate": 'Bearer realm="attendance"'}


@dataclass(frozen=True)
class Caller:
    """A system that was let in: of the agency of its token."""

    desk: Desk
    token: Token

    @property
    def agency(self) -> str:
        """Whose system it is."""
        return self.token.agency_code

    @property
    def actor(self) -> str:
        """How ledger and audit name it."""
        return f"api:token {self.token.id}"


class Scoped:
    """The caller, where its token stands and has the scope."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    async def __call__(
        self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> Caller:
        """Raises 401 without a token that stands, 403 for one without the scope, 429 for one request too many."""
        return await run_in_threadpool(self._let_in, request, credentials)

    def _let_in(self, request: Request, credentials: HTTPAuthorizationCredentials | None) -> Caller:
        desk: Desk = request.app.state.desk
        token = token_that_stands(desk, credentials.credentials if credentials else "")
        if token is None:
            raise token_refused(request, sent=credentials is not None)
        desk.limiter.count(f"token:{token.id}")
        if self.scope not in token.scopes:
            log.warning("token_refused", agency=token.agency_code, token=token.id, why=f"scope {self.scope}")
            raise HTTPException(403, f"權杖的用途不含 {self.scope} the token's scopes do not hold {self.scope}")
        return Caller(desk, token)


def token_that_stands(desk: Desk, said: str) -> Token | None:
    """The token that was sent, where it opens anything today."""
    if not said:
        return None
    with reading(desk.platform.engine) as session:
        return token_of(session, said, desk.platform.today())


def token_refused(request: Request, *, sent: bool) -> HTTPException:
    """401, counted by address; raises 429 where that is one too many.  `sent`: there was one, and it does not stand."""
    count_address(request)
    if not sent:
        return HTTPException(401, "請附權杖 send a token: Authorization: Bearer …", _UNKNOWN)
    log.warning("token_refused", why="none that stands")
    return HTTPException(401, "權杖不存在、已註銷或已屆期 no such token, or it was revoked or has ended", _UNKNOWN)
