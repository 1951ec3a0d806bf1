"""What every download says of itself."""

import re
from urllib.parse import quote


def attachment(name: str) -> str:
    """The Content-Disposition of a file to keep, under its Chinese name (RFC 6266) and a plain one beside it.

    Whatever the name is, it stays one header, and names no folder.
    """
    bare = re.split(r"[/\\]", name)[-1].encode("utf-8", "replace").decode()
    plain = re.sub(r"[^A-Za-z0-9._-]", "", bare).lstrip("-.")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(bare, safe='')}"
