"""Packs a result as bytes and unpacks it exactly, for steps in other processes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]

from recon.model import Account, CurrencyTotals, Details, InputFile, Proof, Result, Settlement

FORM = 1  # of a parcel; another form is refused
LARGEST = 900 * 2**20  # bytes: neither database holds more than a GB in one place; some eight million orders
_LENGTH = 8  # bytes of the head's length, before the head
_BREAKS = "breaks"
_LISTS = {"currencies": CurrencyTotals, "proofs": Proof, "inputs": InputFile}
_PARTS = {"settlement": Settlement, "details": Details}


def pack(result: Result) -> bytes:
    """A result as bytes: its small values as JSON, each frame as an Arrow stream behind them."""
    streams = {name: _stream(frame) for name, frame in _frames(result)}
    plain = {one.name: getattr(result, one.name) for one in fields(result)}
    head = {
        "form": FORM,
        "values": {name: value for name, value in plain.items() if _is_small(value)},
        "since": result.details.since,
        "frames": {name: len(stream) for name, stream in streams.items()},
    }
    said = json.dumps(head, default=_as_json, ensure_ascii=False).encode()
    return b"".join((len(said).to_bytes(_LENGTH, "big"), said, *streams.values()))


def unpack(parcel: bytes, *, breaks_alone: bool = False) -> Result:
    """The result that was packed; with `breaks_alone` its other frames are empty and have no columns.

    Raises ValueError for what is no parcel of this form.
    """
    whole = memoryview(parcel)
    start = _LENGTH + int.from_bytes(whole[:_LENGTH], "big")
    head = json.loads(bytes(whole[_LENGTH:start]))
    if head["form"] != FORM:
        raise ValueError(f"a parcel of form {head['form']}, not {FORM}")
    frames = {}
    for name, length in head["frames"].items():
        if name == _BREAKS or not breaks_alone:
            frames[name] = _frame(whole[start : start + length])
        start += length
    return _result(head["values"], frames, head["since"])


def without_rows(result: Result) -> Result:
    """The result with its figures and breaks, its other frames empty: what is told and shown of it."""
    empty: dict[str, Any] = {
        name: pd.DataFrame() for name, _ in _frames(result) if name != _BREAKS and "." not in name
    }
    return replace(result, **empty, settlement=Settlement(), details=Details(since=result.details.since))


def _frames(result: Result) -> Iterator[tuple[str, pd.DataFrame]]:
    """Every frame of a result by the way to it."""
    for name in (one.name for one in fields(result)):
        value = getattr(result, name)
        if isinstance(value, pd.DataFrame):
            yield name, value
        elif name in _PARTS:
            parts = ((one.name, getattr(value, one.name)) for one in fields(value))
            yield from ((f"{name}.{part}", frame) for part, frame in parts if isinstance(frame, pd.DataFrame))


def _is_small(value: Any) -> bool:
    return not isinstance(value, pd.DataFrame | Settlement | Details)


def _as_json(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, ZoneInfo):
        return value.key
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a parcel holds no {type(value).__name__}")


def _stream(frame: pd.DataFrame) -> memoryview:
    table = pa.Table.from_pandas(frame)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


def _frame(stream: memoryview) -> pd.DataFrame:
    with pa.ipc.open_stream(pa.py_buffer(stream)) as reader:
        frame: pd.DataFrame = reader.read_all().to_pandas()
    return frame


def _result(values: dict[str, Any], frames: Mapping[str, Any], since: str) -> Result:
    account = values["account"]
    go_live = account["go_live"] and date.fromisoformat(account["go_live"])
    values |= {name: tuple(kind(**one) for one in values[name]) for name, kind in _LISTS.items()}
    values |= {
        "account": Account(**account | {"zone": ZoneInfo(account["zone"]), "go_live": go_live}),
        "first_day": date.fromisoformat(values["first_day"]),
        "last_day": date.fromisoformat(values["last_day"]),
        "as_of": datetime.fromisoformat(values["as_of"]),
    }
    parts = {
        part: {name.partition(".")[2]: frame for name, frame in frames.items() if name.startswith(f"{part}.")}
        for part in _PARTS
    }
    return Result(
        **values,
        **{name: frame for name, frame in frames.items() if "." not in name},
        settlement=Settlement(**parts["settlement"]),
        details=Details(**parts["details"], since=since),
    )
