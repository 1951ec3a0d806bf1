"""The schemas of docs/webitr-openapi.yaml: each version of the format, generated from the data model below a marker.

`python -m assets.channels.webitr_schemas` writes them into the file; a test holds it up to date.
"""

import json
import textwrap
from pathlib import Path
from typing import Any

from checks.format.versions import VERSIONS

SPECIFICATION = Path(__file__).parents[2] / "docs" / "webitr-openapi.yaml"
#: What stands above it is written by hand.
MARKER = "    # Generated from the data model: python -m assets.channels.webitr_schemas\n"
#: What says of a document on its own what it is; a component has its name instead.
_OWN = ("$schema", "$id")


def specification(text: str) -> str:
    """Give the specification with the schemas as the data model has them now; `text` is the file as it is."""
    by_hand, _, _ = text.partition(MARKER)
    # JSON is YAML, too, and needs nothing that writes it.
    generated = (f"{name}: {json.dumps(schema, ensure_ascii=False, indent=2)}\n" for name, schema in _schemas().items())
    return by_hand + MARKER + textwrap.indent("".join(generated), "    ")


def _schemas() -> dict[str, Any]:
    by_name = {f"Submission_{name}": version for name, version in VERSIONS.items()}
    references = [{"$ref": f"#/components/schemas/{name}"} for name in by_name]
    schemas = {
        name: {key: value for key, value in version.json_schema().items() if key not in _OWN}
        for name, version in by_name.items()
    }
    return {"Submission": {"oneOf": references}, **schemas}


def main() -> None:
    """Write the file anew."""
    SPECIFICATION.write_text(specification(SPECIFICATION.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
