"""Format 1.0: the model without what 1.1 brought.  It stays valid for ever."""

from collections.abc import Mapping

NAME = "1.0"
#: The versions whose members it does not know.
LATER = ("1.1",)
#: Property → choices that came later.
WITHOUT: Mapping[str, tuple[str, ...]] = {"employment_type": ("labour",)}
