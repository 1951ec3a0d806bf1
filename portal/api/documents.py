"""What the interface's OpenAPI says of documents: the real schema, of each version of the format."""

from typing import Any

from fastapi import FastAPI

from checks.format.versions import VERSIONS

_NEWEST_FIRST = list(reversed(VERSIONS))


def _name(version: str) -> str:
    return f"Submission_{version.replace('.', '_')}"


_REFERENCES = {version: f"#/components/schemas/{_name(version)}" for version in _NEWEST_FIRST}

#: Of an endpoint that takes a document; its bytes are read as they come.
TAKES_DOCUMENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "差勤資料報送檔，格式見 /format A document of the submission format, see /format",
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [{"$ref": reference} for reference in _REFERENCES.values()],
                    "discriminator": {"propertyName": "format_version", "mapping": _REFERENCES},
                },
                "examples": {
                    version: {"summary": f"格式 format {version}", "externalValue": f"/format/example/{version}.json"}
                    for version in _NEWEST_FIRST
                },
            }
        },
    }
}


def _schemas() -> dict[str, Any]:
    """The versions of the format as components; their own addresses would change what references are relative to."""
    return {
        _name(name): {key: value for key, value in version.json_schema().items() if key not in {"$schema", "$id"}}
        for name, version in VERSIONS.items()
    }


class Interface(FastAPI):
    """An application whose OpenAPI has the submission format among its schemas."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is not None:
            return self.openapi_schema
        made = super().openapi()
        made["components"]["schemas"] |= _schemas()
        made["externalDocs"] = {"description": "報送格式 the submission format", "url": "/format"}
        return made
