"""The two languages that the format is published in, one in a file; and how a text of both is read in one."""

from enum import StrEnum


class Language(StrEnum):
    """A language of a page."""

    ZH = "zh"
    EN = "en"

    def of(self, zh: str, en: str) -> str:
        """The one that is in this language."""
        return zh if self is Language.ZH else en

    @property
    def tag(self) -> str:
        """As HTML's `lang` and the names of files have it."""
        return self.of("zh-TW", "en")
