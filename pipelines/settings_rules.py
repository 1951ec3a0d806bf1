"""Settings of the rules: which rows of the dated tables an installation switches on that are shipped off."""

from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode


def _row_ids(value: object) -> object:
    """Ids with commas between them in the environment, a list in the file; each a row that is shipped off."""
    ids = [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else value
    if not isinstance(ids, (list, tuple)) or not all(isinstance(one, str) for one in ids):
        raise ValueError('應為列代號 must be ids of rows, ["02-contract"] in the file, with commas in the environment')
    if not ids:
        return ()
    from checks.limit_tables import limit_tables  # reads the tables: only for who switches something on

    return limit_tables(ids).switched_on


RowsSwitchedOn = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_row_ids)]
