"""What may be shown of a text that may hold secrets: an address without account and parameters, a secret never.

Which settings are which says their type (`warehouse/secret_types.py`).  What those hold is remembered here, so that
`without_secrets` takes it out of text that others wrote: a driver's error, a traceback, a log line.
"""

import re
from collections import defaultdict
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_GONE = "***"
#: Shorter ones stand in text by chance; within an address they are taken out all the same.
_LEAST = 6
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]*://[^\s\"'<>，；（）]*")
_CHAINED = re.compile(r"::(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%\w]*\]|[^:\[\]]*)(:\d*)?")
_NAMES_A_SECRET = re.compile(r"pass|pwd|secret|token|key|credential", re.IGNORECASE)

#: First characters → the secrets that begin so: a text is gone through once, however many there are.
_remembered: defaultdict[str, set[str]] = defaultdict(set)


def shown_address(address: str) -> str:
    """`scheme://host:port/path` of an address, of each of chained ones (`zip::sftp://…`); a plain path stays as it is.

    Where an `@` stands beyond the host, or the port is none, nobody can say where a password ends that was not escaped:
    only the scheme is shown then.
    """
    return "::".join(_shown(part) for part in _CHAINED.split(address))


def split_address(address: str) -> SplitResult:
    """As `urlsplit`, the port looked at too; the ValueError repeats nothing of it, as Python's own does."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ValueError("不是網址 no valid address") from None
    return parts


def remember(*secrets: str) -> None:
    """Have `without_secrets` take these out of any text of this process."""
    for secret in secrets:
        if len(secret) >= _LEAST:
            _remembered[secret[:_LEAST]].add(secret)


def without_secrets(text: str) -> str:
    """A text of whatever origin: addresses as they may be shown, remembered secrets taken out."""
    return _ADDRESS.sub(lambda found: shown_address(found[0]), _without_remembered(text))


def secrets_in(address: str) -> list[str]:
    """Password and secret parameters of an address, as written and as meant; the user where there is no password."""
    authority = address.partition("://")[2].rpartition("@")[0]
    user, has_password, password = authority.partition(":")
    query = address.partition("?")[2].partition("#")[0]
    found = [password if has_password else user]
    for name, value in parse_qsl(query):
        if _NAMES_A_SECRET.search(name):
            found.append(value)
    found += [pair.partition("=")[2] for pair in query.split("&") if _NAMES_A_SECRET.search(pair.partition("=")[0])]
    return [one for text in found for one in {text, unquote(text)}]


def _shown(address: str) -> str:
    scheme, mark, rest = address.partition("://")
    if not mark:
        return address
    place = re.split(r"[?#]", rest, maxsplit=1)[0]
    authority, slash, path = place.partition("/")
    host = authority.rpartition("@")[2]
    if (authority and "@" in rest[len(authority) :]) or not _HOST.fullmatch(host):
        return f"{scheme}://…"
    return f"{scheme}://{host}{slash}{path}"


def _without_remembered(text: str) -> str:
    if not _remembered:
        return text
    kept, at, done = [], 0, 0
    while at <= len(text) - _LEAST:
        secrets = _remembered.get(text[at : at + _LEAST], ())
        found = max((one for one in secrets if _stands_at(text, at, one)), key=len, default="")
        if found:
            kept += [text[done:at], _GONE]
            done = at + len(found)
        at = done if found else at + 1
    return "".join([*kept, text[done:]])


def _stands_at(text: str, at: int, secret: str) -> bool:
    """Whether the secret stands there, and not as a part of a longer word."""
    end = at + len(secret)
    return (
        text.startswith(secret, at)
        and not (at and text[at - 1].isalnum() and secret[0].isalnum())
        and not (end < len(text) and text[end].isalnum() and secret[-1].isalnum())
    )
