"""Which channels there are: one line each.  Opening them from `sources.toml` needs nothing else of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.channels.config import ChannelSettings, SourcesError, parse_section, read_sections
from assets.channels.manual import Manual, ManualSettings
from assets.channels.protocol import Channel
from assets.channels.webhr import WebHr
from assets.channels.webhr_settings import WebHrSettings
from assets.channels.webitr import WebItr, WebItrSettings


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """A kind of channel: the model of its section in `sources.toml`, and what makes the channel from it."""

    settings: type[ChannelSettings]
    build: Callable[[Any], Channel]


#: Section of `sources.toml` and name in the ledger → kind.
CHANNELS: dict[str, ChannelKind] = {
    "webitr": ChannelKind(WebItrSettings, WebItr),
    "webhr": ChannelKind(WebHrSettings, WebHr),
    "manual": ChannelKind(ManualSettings, Manual),
}


def open_channels(sources: Path, defaults: Mapping[str, Mapping[str, Any]]) -> dict[str, Channel]:
    """Give the channels that `sources` (which need not exist) or `defaults` configure, by name.

    `defaults` are keys of sections that the file may override, e.g. `{"manual": {"inbox": "/home/inbox"}}`.  Nothing
    is connected yet.  Raises `SourcesError`.
    """
    sections = read_sections(sources)
    if unknown := sections.keys() - CHANNELS.keys():
        known = ", ".join(CHANNELS)
        raise SourcesError(f"{sources}: {min(unknown)}: 沒有這種管道 no such channel; there are {known}")
    opened: dict[str, Channel] = {}
    for name, kind in CHANNELS.items():
        if name in sections or name in defaults:
            section = {**defaults.get(name, {}), **sections.get(name, {})}
            opened[name] = kind.build(parse_section(sources, name, section, kind.settings))
    return opened
