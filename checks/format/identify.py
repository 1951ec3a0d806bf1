"""Whose document it says that it is, of any bytes at all."""

import re
from dataclasses import dataclass

from checks.document import SubmittedDocument
from checks.format.forms import AGENCY_CODE, MONTH, Form


@dataclass(frozen=True, slots=True)
class Identity:
    """Agency and month (`YYYY-MM`) as the document says them; None where it does not say them readably."""

    agency_code: str | None = None
    month: str | None = None


def _said(name: str, form: Form) -> re.Pattern[bytes]:
    # Inside a JSON string the quotation marks would be escaped, so this is a property of some object.
    return re.compile(f'"{name}"[ \\t\\r\\n]*+:[ \\t\\r\\n]*+"({form.pattern})"'.encode())


_AGENCY_CODE = _said("agency_code", AGENCY_CODE)
_MONTH = _said("month", MONTH)


def identify(data: bytes) -> Identity:
    """Find the first well-formed `agency_code` and `month` in the bytes, whether they are a document or not.

    Best effort, for filing what cannot be read (not JSON, not UTF-8): the document is not parsed, so a property of
    that name in the wrong place is taken too.  Never raises.
    """
    agency_code, month = _AGENCY_CODE.search(data), _MONTH.search(data)
    real_month = month[1].decode() if month and MONTH.holds(month[1].decode()) else None
    return Identity(agency_code[1].decode() if agency_code else None, real_month)


def as_filed(data: bytes, agency_code: str | None = None, month: str | None = None) -> SubmittedDocument:
    """The document as it would be filed: for the agency and month that are given, or else that are found in it."""
    said = identify(data)
    return SubmittedDocument(data, agency_code or said.agency_code or "", month or said.month or "")
