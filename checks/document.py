"""A document as it was submitted: its bytes, and what they were submitted for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubmittedDocument:
    """Bytes as landed.  `agency_code` and `month` are what they were submitted for (F010); None: what they say.

    `""`: nothing was read there when it was filed, so that it is nobody's, whatever it turns out to say.
    """

    data: bytes
    agency_code: str | None = None
    month: str | None = None
