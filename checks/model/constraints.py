"""Column constraints that Pandera has no built-in for, registered so that a model can name them.

Each constraint is a Polars expression over a whole column; null passes (nullability is the column's own).
"""

import pandera.polars as pa
import polars as pl
from pandera import extensions

#: A local time of the format: `YYYY-MM-DDThh:mm`, seconds allowed.
LOCAL_TIME_LENGTHS = (16, 19)
DATE_LENGTH = 10


def parse_local_time(column: pl.Expr) -> pl.Expr:
    """`YYYY-MM-DDThh:mm[:ss]` text as `Datetime("ms")`; null where it is no such text or no real time.

    Lengths are tested first because the parser alone would also take `2021-6-3T8:21`.
    """
    short = column.str.to_datetime("%Y-%m-%dT%H:%M", time_unit="ms", strict=False)
    long = column.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="ms", strict=False)
    length = column.str.len_bytes()
    return pl.when(length == LOCAL_TIME_LENGTHS[0]).then(short).when(length == LOCAL_TIME_LENGTHS[1]).then(long)


def parse_date(column: pl.Expr) -> pl.Expr:
    """`YYYY-MM-DD` text as `Date`; null where it is no such text or no real date."""
    return pl.when(column.str.len_bytes() == DATE_LENGTH).then(column.str.to_date("%Y-%m-%d", strict=False))


def _or_null(column: str, holds: pl.Expr) -> pl.Expr:
    return pl.col(column).is_null() | holds


@extensions.register_check_method(statistics=["local_time"])  # type: ignore[untyped-decorator]  # Pandera is untyped
def local_time(data: pa.PolarsData, *, local_time: bool) -> pl.LazyFrame:  # noqa: ARG001  (Pandera names it)
    """The text is a real local time."""
    return data.lazyframe.select(_or_null(data.key, parse_local_time(pl.col(data.key)).is_not_null()))


@extensions.register_check_method(statistics=["calendar_date"])  # type: ignore[untyped-decorator]  # Pandera is untyped
def calendar_date(data: pa.PolarsData, *, calendar_date: bool) -> pl.LazyFrame:  # noqa: ARG001  (Pandera names it)
    """The text is a real date."""
    return data.lazyframe.select(_or_null(data.key, parse_date(pl.col(data.key)).is_not_null()))


@extensions.register_check_method(statistics=["multiple_of"])  # type: ignore[untyped-decorator]  # Pandera is untyped
def multiple_of(data: pa.PolarsData, *, multiple_of: float) -> pl.LazyFrame:
    """The number is a whole multiple of the given one."""
    return data.lazyframe.select(_or_null(data.key, pl.col(data.key) % multiple_of == 0))
