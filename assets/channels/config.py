"""`sources.toml`: reading it, and what the channels' own settings have in common (secrets, strictness, errors).

Each channel's settings model stands in its own module; which section belongs to which is in `registry.py`.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from warehouse.redaction import remember

Settings = TypeVar("Settings", bound=BaseModel)


class SourcesError(ValueError):
    """Settings that cannot be used: one line that names the file and the key, never a secret."""


class SecretUnavailable(LookupError):  # noqa: N818 — says what happened
    """A secret that the settings point to is not there; costs only those agencies that need it."""


class ChannelSettings(BaseModel):
    """Base of every settings model: unknown keys are refused, and values never appear in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def read_secret(value: SecretStr | None, env: str | None, file: Path | None) -> str:
    """Give the secret from wherever it is kept; raises `SecretUnavailable` naming the place.

    It is asked for when it is needed, not when the settings are read: one missing variable costs one agency.
    """
    if env is not None:
        if not (found := os.environ.get(env)):
            raise SecretUnavailable(f"環境變數 {env} 未設定 environment variable {env} is not set")
        remember(found.strip())
        return found.strip()
    if file is not None:
        try:
            secret = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SecretUnavailable(f"無法讀取 cannot read {file}: {type(error).__name__}") from None
        remember(secret)
        return secret
    if value is None:
        raise SecretUnavailable("未設定 no secret is set")
    return value.get_secret_value()


def exactly_one(names: tuple[str, str, str], *values: object) -> None:
    """Raise `ValueError` unless one of three settings that say the same is given."""
    if sum(value is not None for value in values) != 1:
        raise ValueError(f"give exactly one of {', '.join(names)} 三者須擇一設定")


def read_sections(path: Path) -> dict[str, dict[str, Any]]:
    """Give the top-level tables of `sources.toml`; a file that is not there holds none.  Raises `SourcesError`."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SourcesError(f"{path}: 無法讀取 cannot be read ({type(error).__name__})") from error
    except tomllib.TOMLDecodeError as error:
        # from None: the decoder keeps the whole text, secrets included, in its `doc`
        raise SourcesError(f"{path}: 不是 TOML not TOML: {_without_values(str(error))}") from None
    for name, section in document.items():
        if not isinstance(section, dict):
            raise SourcesError(f"{path}: {name}: 應為 [{name}] 區段 must be a table [{name}]")
    return document


def parse_section(path: Path, name: str, section: Mapping[str, Any], settings: type[Settings]) -> Settings:
    """Give a section as its settings model; raises `SourcesError` for the first fault, saying how many there are."""
    try:
        return settings.model_validate(dict(section))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        key = ".".join([name, *(str(part) for part in faults[0]["loc"] if part != "[key]")])
        more = f" (共 {len(faults)} 處 {len(faults)} faults)" if len(faults) > 1 else ""
        raise SourcesError(f"{path}: {key}: {faults[0]['msg']}{more}") from None


def _without_values(message: str) -> str:
    """Give a TOML error's message without what it quotes from the file."""
    return re.sub(r"(['\"]).*\1", "…", message, flags=re.DOTALL)
