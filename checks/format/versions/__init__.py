"""The versions of the format, a small module each: which members it knows, and how a document of it becomes the model.

A new version is a module beside these, and a `since` at what it brings in `checks.model.submitted`.
"""

import re

from checks.format.versions import v1_0, v1_1
from checks.format.versions.version import Version

__all__ = ["NEWEST", "VERSIONS", "Version", "version_of"]

_NAMES = (v1_0.NAME, v1_1.NAME)
#: Name → version, oldest first.
VERSIONS: dict[str, Version] = {
    module.NAME: Version.knowing(module.NAME, _NAMES, module.LATER, module.WITHOUT) for module in (v1_0, v1_1)
}
NEWEST = VERSIONS[_NAMES[-1]]
_STATED = re.compile(rb'"format_version"[ \t\r\n]*+:[ \t\r\n]*+"([^"\\]{1,20})"')


def version_of(data: bytes) -> Version:
    """The version that a document most likely is of: of the first `format_version` in the bytes, else the newest.

    The document is not parsed, so it can be another's; whoever reads by it compares what he reads.
    """
    stated = _STATED.search(data)
    return VERSIONS.get(stated[1].decode("latin-1"), NEWEST) if stated else NEWEST
