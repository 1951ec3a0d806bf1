"""The two languages that the format is published in, one in a file; and how a text of both is read in one."""

from enum import StrEnum


class Language(StrEnum):
    """A language of a page."""

    ZH = "zh"
    EN = "en"

    def of(self, zh: str, en: str) -> str:
        """The one that is in this language."""
        return zh if self is Language.ZH else en

    def period(self, first: object, last: object) -> str:
        """From a day or month to another, both included; None: open, and of both nothing is said."""
        since = self.of(f"自 {first} 起", f"from {first}") if first else ""
        until = self.of(f"至 {last} 止", f"until {last}") if last else ""
        return f"{since}{self.of('', ' ')}{until}".strip()

    @property
    def tag(self) -> str:
        """As HTML's `lang` and the names of files have it."""
        return self.of("zh-TW", "en")
