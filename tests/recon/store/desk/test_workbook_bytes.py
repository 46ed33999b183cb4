"""The bytes of workbooks in chunks: as they were, whatever their size, and never another workbook's."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import delete, insert, update

from jobs.run.reporting import put_back
from recon.store.desk import workbook_bytes, workbooks
from recon.store.desk.workbook_bytes import CHUNK, LARGEST, Damaged, content_of, pieces_of, sha256_of
from recon.store.desk.workbooks import StoredWorkbook, keep
from recon.store.engine import Refused, Store, writing
from recon.store.tables.desk import WORKBOOK_CHUNK
from tests.kit.store_samples import DATABASES, NOON, opened

NAME = "settlement_th_2026-03-01_2026-03-01.xlsx"
SMALL = 1_000  # bytes


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of SMALL bytes: a workbook of several takes no time."""
    monkeypatch.setattr(workbook_bytes, "CHUNK", SMALL)


def bytes_of(size: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(size)


def book_of(content: bytes) -> StoredWorkbook:
    day = NOON.date()
    return StoredWorkbook(sha256_of(content), NAME, "th", day, day, None, NOON, "digest", None, NOON, len(content))


def kept(store: Store, content: bytes) -> str:
    """Kept as it is kept after a run; its hash."""
    book = book_of(content)
    assert keep(store, book, BytesIO(content))
    return book.sha256


@pytest.mark.parametrize(("size", "chunk"), [(1, SMALL), (SMALL, SMALL), (2 * SMALL + 1, SMALL), (CHUNK + 1, CHUNK)])
def test_what_comes_back_is_what_was_kept_in_pieces(
    store: Store, size: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_bytes, "CHUNK", chunk)
    content = bytes_of(size)
    sha256 = kept(store, content)
    pieces = pieces_of(store, sha256)
    assert pieces is not None
    lengths, digest = [], hashlib.sha256()
    for piece in pieces:
        lengths.append(len(piece))
        digest.update(piece)
    assert digest.hexdigest() == sha256
    assert lengths == [chunk] * (size // chunk) + [size % chunk] * (size % chunk > 0)
    assert not keep(store, book_of(content), BytesIO(content)), "it is there"
    assert content_of(store, sha256) == content
    assert pieces_of(store, sha256_of(b"another")) is None


def test_one_of_which_only_the_hash_was_kept_is_kept_when_it_is_written_again(store: Store) -> None:
    content = bytes_of(1000)
    sha256 = kept(store, content)
    with writing(store) as connection:
        connection.execute(delete(WORKBOOK_CHUNK))  # as a large one was
    assert content_of(store, sha256) is None
    assert not keep(store, book_of(content), BytesIO(content)), "it was known by its hash"
    assert content_of(store, sha256) == content, "and is kept when it is written again"


@pytest.mark.usefixtures("small_chunks")
def test_the_last_piece_of_a_damaged_copy_does_not_come(store: Store, tmp_path: Path) -> None:
    sha256 = kept(store, bytes_of(SMALL + 10))
    with writing(store) as connection:
        other = update(WORKBOOK_CHUNK).where(WORKBOOK_CHUNK.c.place == 1)
        connection.execute(other.values(content=bytes_of(10, seed=2)))
    with pytest.raises(Refused, match=sha256[:12]):  # said in words, whoever asks
        content_of(store, sha256)
    pieces = pieces_of(store, sha256)
    assert pieces is not None
    assert len(next(pieces)) == SMALL
    with pytest.raises(Damaged):
        next(pieces)
    with pytest.raises(Damaged):
        put_back(store, tmp_path / "reports" / NAME, sha256)
    assert list((tmp_path / "reports").iterdir()) == [], "no half file"


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("damage", ["changed", "lacks its end", "has too much"])
def test_a_damaged_copy_is_replaced_when_the_same_bytes_are_written_again(store: Store, damage: str) -> None:
    content = bytes_of(SMALL + 10)
    sha256 = kept(store, content)
    chunk = WORKBOOK_CHUNK.c
    damages = {
        "changed": update(WORKBOOK_CHUNK).where(chunk.place == 1).values(content=bytes_of(10, seed=2)),
        "lacks its end": delete(WORKBOOK_CHUNK).where(chunk.place == 1),
        "has too much": insert(WORKBOOK_CHUNK).values(sha256=sha256, place=2, content=b"x"),
    }
    with writing(store) as connection:
        connection.execute(damages[damage])
    with pytest.raises(Damaged):
        content_of(store, sha256)
    assert not keep(store, book_of(content), BytesIO(content)), "it was known by its hash"
    assert content_of(store, sha256) == content


def test_of_one_that_is_too_large_only_the_hash_is_kept(store: Store, tmp_path: Path) -> None:
    content = bytes_of(10)
    book = replace(book_of(content), size=LARGEST + 1)
    assert keep(store, book, BytesIO(content))
    assert workbooks.by_hash(store, book.sha256) == book
    assert content_of(store, book.sha256) is None
    assert "the store keeps no copy" in put_back(store, tmp_path / NAME, book.sha256)


def test_a_workbook_takes_the_place_of_an_earlier_one_and_not_of_an_edited_one(store: Store, tmp_path: Path) -> None:
    earlier, later, place = bytes_of(10), bytes_of(20), tmp_path / "reports" / NAME
    one, other = kept(store, earlier), kept(store, later)
    for sha256, content in ((one, earlier), (other, later), (other, later)):
        assert put_back(store, place, sha256) == ""
        assert place.read_bytes() == content
    place.write_bytes(b"with notes of the accountant")
    assert "was edited" in put_back(store, place, other)
    assert place.read_bytes() == b"with notes of the accountant"
