"""The zip container: what the standard library would write is what ours writes, small, huge and far into a file."""

import io
import zipfile
import zlib
from collections.abc import Iterable
from datetime import date

import pytest

from reports.workbook import archive
from reports.workbook.archive import Archive

DAY = date(2026, 11, 28)
PARTS = {"xl/styles.xml": [b"<a/>", b"<b/>" * 300], "empty.xml": [], "big.xml": [bytes(range(256)) * 40]}


def deflate() -> archive.Deflate:
    return zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)


def ours(parts: dict[str, list[bytes]], day: date = DAY, huge: Iterable[str] = ()) -> bytes:
    file = io.BytesIO()
    made = Archive(file, day)
    for name, pieces in parts.items():
        made.add(name, pieces, deflate(), may_be_huge=name in huge)
    made.close()
    return file.getvalue()


def theirs(parts: dict[str, list[bytes]], huge: Iterable[str] = ()) -> bytes:
    """As `zipfile` writes the same parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, pieces in parts.items():
            info = zipfile.ZipInfo(name, (DAY.year, DAY.month, DAY.day, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            with made.open(info, "w", force_zip64=name in huge) as part:
                part.write(b"".join(pieces))
    return file.getvalue()


def test_the_bytes_are_those_of_the_standard_library() -> None:
    assert ours(PARTS) == theirs(PARTS)
    assert ours(PARTS, huge={"big.xml"}) == theirs(PARTS, huge={"big.xml"})


def test_what_is_too_large_for_32_bits_is_written_in_64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 1_000)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1_000)
    parts = {**PARTS, "far.xml": [b"<c/>"], "more.xml": [bytes(range(256)) * 8]}
    huge = {"xl/styles.xml", "big.xml", "more.xml"}
    made = ours(parts, huge=huge)
    assert made == theirs(parts, huge=huge)
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        assert {name: package.read(name) for name in parts} == {name: b"".join(all_) for name, all_ in parts.items()}
        assert package.testzip() is None


def test_a_part_that_grows_larger_than_announced_is_no_zip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 1_000)
    with pytest.raises(OverflowError, match=r"big\.xml"):
        ours(PARTS, huge={"xl/styles.xml"})


def test_a_day_before_zips_is_their_first() -> None:
    with zipfile.ZipFile(io.BytesIO(ours(PARTS, date(1970, 1, 1)))) as package:
        assert package.getinfo("empty.xml").date_time == (1980, 1, 1, 0, 0, 0)
