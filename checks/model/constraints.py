"""Column constraints that Pandera has no built-in for, registered so that a model can name them.

Each constraint is a Polars expression over a whole column; null passes (nullability is the column's own).
"""

import pandera.polars as pa
import polars as pl
import pyarrow.compute as pc
from pandera import extensions

#: The forms of text, tested before parsing: Polars' parser alone would also take ` 021-06-03T 8:30`, seconds of 60
#: (rolled into the next day) and the year 0000.
_DAY = r"(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-[0-9]{2}-[0-9]{2}"
_MINUTE = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_DATE_FORM = rf"^{_DAY}$"
_TIME_FORM = rf"^{_DAY}T{_MINUTE}(?::[0-5][0-9])?$"
#: A number scaled to whole ones lies nearer to one of them than this, or has more decimals.  The largest that the
#: format allows are exact to a thousandth of it.
DECIMALS_DIFFER = 1e-7
_TO_THE_MINUTE = len("YYYY-MM-DDThh:mm")


def parse_local_time(column: pl.Expr) -> pl.Expr:
    """`YYYY-MM-DDThh:mm[:ss]` text as `Datetime("ms")`; null where it is no such text or no real time.

    Each different text is parsed once: a month has some thousand minutes, and a nation clocks millions of times.
    """
    return column.map_batches(_parsed, return_dtype=pl.Datetime("ms"), is_elementwise=True)


def _parsed(texts: pl.Series) -> pl.Series:
    encoded = pc.dictionary_encode(texts.to_arrow())
    different = pl.DataFrame({"text": pl.Series(encoded.dictionary, dtype=pl.String)})
    places = pl.Series(texts.name, encoded.indices)
    return different.select(_parse_local_time(pl.col("text")))["text"].gather(places).alias(texts.name)


def _parse_local_time(column: pl.Expr) -> pl.Expr:
    to_the_minute = column.str.to_datetime("%Y-%m-%dT%H:%M", time_unit="ms", strict=False)
    to_the_second = column.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="ms", strict=False)
    parsed = pl.when(column.str.len_bytes() == _TO_THE_MINUTE).then(to_the_minute).otherwise(to_the_second)
    return pl.when(column.str.contains(_TIME_FORM)).then(parsed)


def parse_date(column: pl.Expr) -> pl.Expr:
    """`YYYY-MM-DD` text as `Date`; null where it is no such text or no real date."""
    return pl.when(column.str.contains(_DATE_FORM)).then(column.str.to_date("%Y-%m-%d", strict=False))


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


@extensions.register_check_method(statistics=["decimals"])  # type: ignore[untyped-decorator]  # Pandera is untyped
def decimals(data: pa.PolarsData, *, decimals: int) -> pl.LazyFrame:
    """The number has at most so many decimals, as far as a double tells."""
    scaled = pl.col(data.key) * 10**decimals
    return data.lazyframe.select(_or_null(data.key, (scaled - scaled.round()).abs() < DECIMALS_DIFFER))
