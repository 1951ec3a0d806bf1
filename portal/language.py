"""The language of a page that has an edition in each: as its address says, else as the reader's browser does."""

from starlette.requests import Request

from checks.published.language import Language


def language_of(request: Request) -> Language:
    """`lang` of the query; else English for a browser that names English and no Chinese; else Chinese."""
    asked = request.query_params.get("lang")
    if asked in set(Language):
        return Language(asked)
    names = [one.partition(";")[0].strip().lower() for one in request.headers.get("accept-language", "").split(",")]
    if any(name.startswith("zh") for name in names):
        return Language.ZH
    return Language.EN if any(name.startswith("en") for name in names) else Language.ZH
