"""Every route of a portal: what tests that must forget none go through."""

from fastapi.routing import APIRoute
from starlette.routing import Mount, Route


def routes_of(guarded):
    """(method, path) of every route; a mount has the method `*`."""
    return {(method, path) for method, path, _ in _all_of(guarded)}


def parameters_of(guarded, route):
    """Names of everything that a route declares of its requests: in path, query, form, headers and cookies."""
    (found,) = [one for method, path, one in _all_of(guarded) if (method, path) == route]
    return sorted(_names_of(found.dependant)) if hasattr(found, "dependant") else []


def _names_of(dependant):
    kinds = ("path_params", "query_params", "header_params", "cookie_params", "body_params")
    names = {one.alias for kind in kinds for one in getattr(dependant, kind)}
    for one in dependant.dependencies:
        names |= _names_of(one)
    return names


def _all_of(guarded):
    for route in guarded._app.routes:
        yield from _those_of(route)


def _those_of(route):
    if isinstance(route, Mount):
        yield "*", route.path, route
    elif hasattr(route, "effective_candidates"):  # a router that FastAPI has included, with its prefix
        for one in route.effective_candidates():
            yield from _those_of(one)
    else:
        original = getattr(route, "original_route", route)
        assert isinstance(original, APIRoute | Route), f"what kind of route is {route!r}?"
        for method in route.methods - {"HEAD"}:
            yield method, route.path, original
