"""A sign-in that came to nothing: what the page says, and what the journal says; neither repeats what was sent."""

from starlette.exceptions import HTTPException

from warehouse.journal import log


class SignInRefused(HTTPException):
    """The answer's status and words for the page; `why` is one word for the journal, written as this is raised."""

    def __init__(self, status: int, why: str, words: str, *, account: str | None = None) -> None:
        super().__init__(status, words)
        log.warning("sign_in_refused", why=why, **({"account": account} if account else {}))
