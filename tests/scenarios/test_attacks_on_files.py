"""Hostile files: refused or read in a second and in bounded memory, by a name that can be stored."""

import io
import os
import zipfile
import zlib
from pathlib import Path
from time import perf_counter

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from jobs.run.outcome import place_of
from recon import columns as c
from recon.omise import client
from recon.omise.client import Limits, Unavailable, open_client
from recon.omise.objects import object_bytes
from recon.tabular.table import SourceUnreadable
from tests.recon.orders.test_csv import GOOD, HEADER, a_source, load


def workbook(far: str = "", note: str = "") -> bytes:
    book = openpyxl.Workbook()
    book.worksheets[0].append(HEADER.strip().split(","))
    book.worksheets[0].append([*GOOD.strip().split(","), note])
    if far:
        book.worksheets[0][far] = 1
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def zipped(file: io.BytesIO) -> zipfile.ZipFile:
    """At the level that takes the least time."""
    return zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)


def rewritten(content: bytes, part: str, text: bytes, name: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipped(file) as after:
        for entry in before.namelist():
            after.writestr(name or entry if entry == part else entry, text if entry == part else before.read(entry))
    return file.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ROWS = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
BOOKS = {
    "the last cell": lambda: workbook("XFD1048576"),
    "a far row": lambda: workbook("M1048576"),
    "a far cell in odd quotes": lambda: rewritten(
        workbook(), SHEET, ROWS % b"<row><c r='XFD1048576'><v>1</v></c></row>"
    ),
    "a far cell with a prefix": lambda: rewritten(
        workbook(), SHEET, (ROWS % b'<row r="1"><x:c r="XFD1048576" xmlns:x="x"><x:v>1</x:v></x:c></row>')
    ),
    "a far row without places": lambda: rewritten(
        workbook(), SHEET, ROWS % b'<row r="99999999"><c r="ZZZZ9"/></row>'
    ),
    "a zip bomb": lambda: rewritten(workbook(), SHEET, bytes(300_000_000)),
    "entities": lambda: rewritten(workbook(), SHEET, b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet/>'),
    "another document": lambda: rewritten(workbook(), "xl/workbook.xml", b"", "content.xml"),
    "half a file": lambda: workbook()[:3000],
    "no XML": lambda: rewritten(workbook(), SHEET, b"\x00" * 100),
}


@pytest.mark.parametrize("name", BOOKS)
def test_a_hostile_workbook_is_refused_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "orders.xlsx").write_bytes(BOOKS[name]())
    began = perf_counter()
    with pytest.raises(SourceUnreadable, match=r"orders\.xlsx"):
        load(a_source(tmp_path / "*.xlsx", kind="excel"))
    assert perf_counter() - began < 2


def test_a_far_column_beside_a_few_rows_is_no_attack(tmp_path: Path) -> None:
    (tmp_path / "orders.xlsx").write_bytes(workbook("XFD2", "x" * 30_000))
    assert len(load(a_source(tmp_path / "*.xlsx", kind="excel")).orders) == 1


@pytest.mark.parametrize(
    "name", [b"orders_\xe9\xff.csv", b"orders_\n\x1b[31m.csv", "ออเดอร์.csv".encode(), b"%s{0}.csv"]
)
def test_a_name_that_is_no_text_is_spelled_out(tmp_path: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(HEADER + GOOD, encoding="utf-8")
    loaded = load(a_source(tmp_path / "*.csv"))
    [file] = loaded.orders[c.FILE].tolist()
    assert file.encode().decode() == file
    assert file.isprintable()


COLUMNS = {
    "NaN": pa.array([float("nan")]),
    "infinity": pa.array([float("inf")]),
    "a large double": pa.array([1e300]),
    "the largest integer": pa.array([2**63 - 1]),
    "bytes": pa.array([b"\xff\xfe"]),
    "a list": pa.array([[1, 2]]),
    "a structure": pa.array([{"a": 1}]),
    "nothing": pa.nulls(1),
    "a day of no year": pa.array([2**31 - 1], pa.int32()).cast(pa.date32()),
    "a moment of no year": pa.array([2**62], pa.int64()).cast(pa.timestamp("us")),
    "no UTF-8": pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("field", ["amount", "created_at", "order_id"])
def test_a_column_of_any_type_is_a_bad_row_or_a_bad_file(tmp_path: Path, name: str, field: str) -> None:
    values = dict(zip(HEADER.strip().split(","), GOOD.strip().split(","), strict=True))
    table = {column: pa.array([value]) for column, value in values.items()} | {field: COLUMNS[name]}
    pq.write_table(pa.table(table), tmp_path / "orders.parquet")
    try:
        loaded = load(a_source(tmp_path / "*.parquet", kind="parquet"))
    except SourceUnreadable as error:
        said = str(error)
    else:
        said = "orders.parquet" if len(loaded.orders) + len(loaded.rejected) == loaded.share.rows else ""
    assert "orders.parquet" in said


@pytest.mark.parametrize("packed", [False, True])
async def test_a_body_without_end_is_left_after_what_an_answer_may_have(
    monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(client, "LARGEST_BODY", 1 << 20)
    sent = 0
    first = more = b" " * (1 << 20)
    if packed:
        packer = zlib.compressobj(wbits=31)
        first, more = (
            packer.compress(first) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
        )  # all after it alike

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"} if packed else {})
        await response.prepare(request)
        for piece in (first, *[more] * 199):
            try:
                await response.write(piece)
            except ConnectionError:
                break
            sent += 1
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    try:
        async with open_client(str(server.make_url("/")), "skey_test_x", Limits(attempts=2, backoff_s=0.01)) as asked:
            with pytest.raises(Unavailable, match="more than 1 MB"):
                await asked.get("/charges", {}, object_bytes)
    finally:
        await server.close()
    assert packed or sent < 100


def test_what_nobody_foresaw_is_told_by_its_place_and_not_by_its_words() -> None:
    with pytest.raises(ValueError, match="card 4242") as raised:
        int_of("card 4242")
    assert (
        place_of(raised.value)
        == f"ValueError at tests/scenarios/test_attacks_on_files.py:{int_of.__code__.co_firstlineno + 1}"
    )


def int_of(text: str) -> int:
    raise ValueError(text)
