"""Packs a result as bytes and unpacks it exactly, for steps in other processes."""

from dataclasses import fields, replace
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from recon.columnar import pa, pd
from recon.model import Details, Result, Settlement

FORM = 5  # of the bytes; another form is refused
LARGEST = 900 * 2**20  # bytes: neither database holds more than a GB in one place; some eight million orders


def pack(result: Result) -> bytes:
    """A result as bytes, each of its frames as an Arrow stream."""
    return msgspec.msgpack.encode((FORM, result), enc_hook=_encoded)


def unpack(packed: bytes) -> Result:
    """The result that was packed; raises ValueError for what is not of this form."""
    form, body = msgspec.msgpack.decode(packed, type=tuple[int, msgspec.Raw])
    if form != FORM:
        raise ValueError(f"a packed result of form {form}, not {FORM}")
    return msgspec.msgpack.decode(body, type=Result, dec_hook=_decoded)


def without_rows(result: Result) -> Result:
    """The result with its figures, waterfall and breaks, its other frames empty: what is told and shown of it."""
    names = (part.name for part in fields(result) if isinstance(getattr(result, part.name), pd.DataFrame))
    empty: dict[str, Any] = {name: pd.DataFrame() for name in names if name != "breaks"}
    settlement = Settlement(waterfall=result.settlement.waterfall, paid_out=result.settlement.paid_out)
    return replace(result, **empty, settlement=settlement, details=Details(since=result.details.since))


def _encoded(value: Any) -> Any:
    if isinstance(value, ZoneInfo):
        return value.key
    if not isinstance(value, pd.DataFrame):
        raise NotImplementedError(f"a packed result holds no {type(value).__name__}")
    table = pa.Table.from_pandas(value)
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return memoryview(stream.getvalue())


def _decoded(kind: type, value: Any) -> Any:
    if kind is ZoneInfo:
        return ZoneInfo(value)
    with pa.ipc.open_stream(pa.py_buffer(value)) as reader:
        table = reader.read_all()
    frame = table.to_pandas()
    labels = table.schema.pandas_metadata["column_indexes"]
    if [label["numpy_type"] for label in labels] == ["object"]:  # Arrow makes pandas' own texts of them
        frame.columns = frame.columns.astype(object)
    return frame
