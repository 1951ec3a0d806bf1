"""A channel's memory for tests."""

from collections.abc import Mapping

from assets.channels.protocol import Remembered


class Recalled(dict[str, Remembered]):
    """A memory that holds what a test puts in, whatever the channel and month."""

    def recall(self, channel: str, month: str) -> Mapping[str, Remembered]:
        return self
