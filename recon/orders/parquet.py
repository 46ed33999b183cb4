"""Orders from Parquet files: typed columns to columns of exact text."""

from __future__ import annotations

from collections.abc import Iterator

from recon.columnar import np, pa, parquet, pc
from recon.orders.files import file_kind
from recon.tabular.files import SourceFile
from recon.tabular.table import Doubt, SourceUnreadable, Table, column_of, doubts_of


def table_of(file: SourceFile) -> Table:
    """A file whole; raises SourceUnreadable."""
    try:
        read = parquet.read_table(pa.BufferReader(file.content))
        read.validate(full=True)  # else a text that is no UTF-8 fails wherever it is met
    except (pa.ArrowException, OSError) as error:
        raise SourceUnreadable(f"{file.name} is no Parquet file that can be read: write it again") from error
    columns = [_whole(column) for column in read.columns]
    return Table(
        file.name,
        file.sha256,
        tuple(name.strip() for name in read.column_names),
        tuple(_text(column) for column in columns),
        np.arange(1, read.num_rows + 1),
        doubts=tuple(doubt for index, column in enumerate(columns) for doubt in _doubts(index, column)),
        numbers=tuple(np.full(len(column), _is_number(column.type)) for column in columns),
    )


KIND = file_kind("parquet", lambda file, _source: table_of(file))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole.cast(whole.type.value_type) if pa.types.is_dictionary(whole.type) else whole


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _text(column: pa.Array) -> pa.Array:
    """Strings, integers and days as Arrow writes them, moments as ISO (with Z where they have a zone)."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        zoned = kind.tz is not None
        utc = column.cast(pa.timestamp("us", "UTC" if zoned else None), safe=False).cast(pa.timestamp("us"))
        text = utc.cast(pa.string())
        return pc.fill_null(pc.binary_join_element_wise(text, "Z", "") if zoned else text, "")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind):
        return pc.fill_null(column.cast(pa.string()), "")
    if pa.types.is_floating(kind):
        return column_of(_floats(column))
    return column_of(column.to_pylist())


def _floats(column: pa.Array) -> list[np.floating | None]:
    """Numbers of the width that they have in the file: 19.99 as a 32-bit float is "19.99", not 19.98999977."""
    width = column.type.to_pandas_dtype()
    return [None if value is None else width(value) for value in column.to_pylist()]


def _doubts(index: int, column: pa.Array) -> Iterator[Doubt]:
    if pa.types.is_floating(column.type):
        yield from (Doubt(doubt.at, index, doubt.reason) for doubt in doubts_of([_floats(column)]))
