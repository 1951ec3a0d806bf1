"""Text files that offices keep: what their bytes say, in the two encodings that they are saved in."""


def office_text(data: bytes) -> str | None:
    """The text, which is UTF-8 (a BOM is no part of it) or CP950; None where it is neither."""
    for encoding in ("utf-8-sig", "cp950"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
