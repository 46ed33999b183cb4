"""Frames from queries at the speed of columns: the database writes CSV, Arrow reads it; knows no table.

A driver makes a Python object of every cell, and that takes longer than all the rest. So the database writes each row
as one text, in which a null and an empty text differ, and integers stay exact.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import csv
from sqlalchemy import Connection, LargeBinary, Select, cast, func

from recon import columns
from recon.store.engine import SQLITE

_ROWS = 50_000  # parsed at once
_ARROW: Mapping[str, Any] = {
    columns.TEXT: pa.large_string(),
    columns.MINOR: pa.int64(),
    columns.OPTIONAL_MINOR: pa.int64(),
    columns.FLAG: pa.bool_(),
    columns.MOMENT: pa.int64(),
}
# pandas' own types with room for nulls; Arrow's way into them.
_EXTENSIONS: Mapping[str, Any] = {
    columns.TEXT: pd.StringDtype(na_value=np.nan),
    columns.OPTIONAL_MINOR: pd.Int64Dtype(),
}


def fetch(connection: Connection, frame: columns.Frame, statement: Select[Any]) -> pd.DataFrame:
    """The rows of a query whose columns stand in the frame's order, as that frame."""
    sqlite = connection.dialect.name == SQLITE
    batches = _sqlite_csv(connection, frame, statement) if sqlite else _postgresql_csv(connection, statement)
    tables = [_parse(batch, frame, ("NULL", "") if sqlite else ("",)) for batch in batches]
    if not tables:
        return frame.empty()
    whole = pa.concat_tables(tables)
    found = {c.name: _series(whole[c.name], c.dtype) for c in frame.columns}
    return frame.check(pd.DataFrame(found, columns=frame.names))


def _sqlite_csv(connection: Connection, frame: columns.Frame, statement: Select[Any]) -> Iterator[bytes]:
    # %Q: a text in single quotes, these doubled, or NULL; %s: an integer's digits, or nothing.
    template = ",".join("%Q" if c.dtype == columns.TEXT else "%s" for c in frame.columns) + "\n"
    line = cast(func.format(template, *statement.selected_columns), LargeBinary)
    result = connection.execute(statement.with_only_columns(line), execution_options={"yield_per": _ROWS})
    for rows in result.partitions():
        yield b"".join([row[0] for row in rows])


def _postgresql_csv(connection: Connection, statement: Select[Any]) -> Iterator[bytes]:
    # A null is nothing, an empty text stands in quotes.
    query = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    copied = f"COPY ({query}) TO STDOUT WITH (FORMAT csv, QUOTE '''')"
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(copied, query.params) as copy:
        lines = iter(copy)
        while batch := b"".join(islice(lines, _ROWS)):
            yield batch


def _parse(batch: bytes, frame: columns.Frame, nulls: Sequence[str]) -> Any:
    return csv.read_csv(
        pa.BufferReader(batch),
        read_options=csv.ReadOptions(column_names=frame.names),
        parse_options=csv.ParseOptions(quote_char="'", newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types={c.name: _ARROW[c.dtype] for c in frame.columns},
            null_values=nulls,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["1", "t"],
            false_values=["0", "f"],
        ),
    )


def _series(values: Any, dtype: str) -> Any:
    if dtype in _EXTENSIONS:
        return _EXTENSIONS[dtype].__from_arrow__(values.combine_chunks())
    if dtype == columns.MOMENT:
        return values.cast(pa.timestamp("us", "UTC")).to_pandas()
    return values.to_numpy()
