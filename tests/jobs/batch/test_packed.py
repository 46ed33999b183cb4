"""A result in bytes and back: every cell, dtype and digest, and the workbook made of it."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pandas as pd
import pytest

from jobs.batch.packed import FORM, pack, unpack, without_rows
from recon.model import Account, Result
from reports.verify.digests import digests
from tests.kit.job import finished_job

EMPTY = Result(
    Account("th", "TH", "THB", ZoneInfo("Asia/Bangkok"), date(2026, 1, 1)),
    date(2026, 3, 1),
    date(2026, 3, 2),
    datetime(2026, 3, 3, 4, 5, 6, 7, tzinfo=UTC),
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    notes={"seen": 2},
)


def same(one: object, other: object) -> None:
    """Every field of two values, frames with their dtypes and indexes."""
    assert type(one) is type(other)
    for part in fields(one):  # type: ignore[arg-type]
        left, right = getattr(one, part.name), getattr(other, part.name)
        if isinstance(left, pd.DataFrame):
            pd.testing.assert_frame_equal(left, right)
            assert list(left.dtypes) == list(right.dtypes), part.name
        elif part.name in ("settlement", "details"):
            same(left, right)
        else:
            assert left == right, part.name


async def test_what_comes_out_is_what_went_in(tmp_path: Path) -> None:
    async with finished_job(tmp_path) as (_, outcome):
        for result in outcome.results:
            assert len(result.breaks)
            back = unpack(pack(result))
            same(back, result)
            assert digests(back) == digests(result)
            few = unpack(pack(without_rows(result)))
            same(few, without_rows(result))
            pd.testing.assert_frame_equal(few.breaks, result.breaks)
            assert few.matched.empty


def test_a_result_without_rows_and_one_with_empty_cells() -> None:
    same(unpack(pack(EMPTY)), EMPTY)
    odd = pd.DataFrame(
        {
            "text": pd.Series(["a", None, "ü"], dtype="str"),
            "none": pd.Series([None, None, None], dtype="str"),
            "maybe": pd.Series([1, None, 2**62 + 1], dtype="Int64"),
            "flag": pd.Series([True, False, True]),
            "at": pd.to_datetime(pd.Series([1, None, 3]), unit="us", utc=True).astype("datetime64[us, UTC]"),
        }
    )
    odd.index = pd.Index([5, 3, 9])
    result = replace(EMPTY, breaks=odd, waiting=odd.iloc[:0])
    same(unpack(pack(result)), result)


def test_a_result_of_before_notes_had_kinds_is_read() -> None:
    packed = msgspec.msgpack.decode(pack(EMPTY))
    del packed[1]["note_kinds"]
    older = unpack(msgspec.msgpack.encode(packed))
    assert (older.notes, older.note_kinds) == ({"seen": 2}, {})


def test_another_form_is_refused() -> None:
    packed = bytearray(pack(EMPTY))
    assert packed[1] == FORM
    packed[1] = 9
    with pytest.raises(ValueError, match="form 9"):
        unpack(bytes(packed))
