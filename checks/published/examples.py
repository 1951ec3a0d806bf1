"""A valid document of each version: the newest as it is written down, the others without what they do not know."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from checks.format.schema import Node
from checks.format.versions import NEWEST, VERSIONS

#: Property → what a version that does not know one of its choices says in its place.
_INSTEAD = {"employment_type": "other"}


@cache
def _newest() -> dict[str, Any]:
    text = files("checks.published").joinpath("example.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def example(version: str) -> dict[str, Any]:
    """The document; its JSON has no other layout than `example_text`."""
    known = _known(_newest(), VERSIONS[version].document)
    return {**known, "format_version": version}


def example_text(version: str) -> str:
    """The document as a file, a line a record."""
    return "{\n" + ",\n".join(_members(example(version))) + "\n}\n"


def _members(document: Mapping[str, Any]) -> Iterator[str]:
    for name, value in document.items():
        if name in NEWEST.datasets:
            records = ",\n".join(f"    {json.dumps(record, ensure_ascii=False)}" for record in value)
            yield f'  "{name}": [\n{records}\n  ]'
        else:
            yield f'  "{name}": {json.dumps(value, ensure_ascii=False)}'


def _known(value: Any, node: Node) -> Any:
    """What of a value a version knows, whose tree is `node`."""
    if node.items:
        return [_known(record, node.items) for record in value]
    if node.properties:
        return {child.name: _known(value[child.name], child) for child in node.properties if child.name in value}
    if node.choices and value not in {*node.choices, None} and node.name in _INSTEAD:
        return _INSTEAD[node.name]
    return value
