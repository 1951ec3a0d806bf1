"""Every route of a portal: what tests that must forget none go through."""

from fastapi.routing import APIRoute
from starlette.routing import Mount, Route


def routes_of(guarded):
    """(method, path) of every route; a mount has the method `*`."""
    found = set()
    for route in guarded._app.routes:
        found |= set(_those_of(route))
    return found


def _those_of(route):
    if isinstance(route, Mount):
        yield "*", route.path
    elif hasattr(route, "effective_candidates"):  # a router that FastAPI has included, with its prefix
        for one in route.effective_candidates():
            yield from _those_of(one)
    else:
        original = getattr(route, "original_route", route)
        assert isinstance(original, APIRoute | Route), f"what kind of route is {route!r}?"
        for method in route.methods - {"HEAD"}:
            yield method, route.path
