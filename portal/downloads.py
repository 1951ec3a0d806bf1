"""What every download says of itself."""

from urllib.parse import quote


def attachment(name: str) -> str:
    """The Content-Disposition of a file to keep, under its Chinese name (RFC 6266) and a plain one beside it."""
    plain = name.encode("ascii", "ignore").decode().lstrip("-").replace('"', "")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
