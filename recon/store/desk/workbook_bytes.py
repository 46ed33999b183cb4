"""Keeps the bytes of finished workbooks in chunks, so that every host can have them."""

import hashlib
from collections.abc import Iterator
from typing import IO

from sqlalchemy import Connection, delete, insert, select

from recon.store.engine import Refused, Store, reading
from recon.store.tables.desk import WORKBOOK_CHUNK

CHUNK = 8 * 2**20  # bytes
LARGEST = 2**30  # bytes: of a larger workbook only the hash is kept


class Damaged(Refused):
    """What is kept of a workbook are not the bytes that were written."""


def sha256_of(content: bytes) -> str:
    """By what a workbook is known."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(file: IO[bytes]) -> str:
    """By what a workbook is known, from where the file stands to its end."""
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def put_chunks(connection: Connection, sha256: str, file: IO[bytes]) -> None:
    """The bytes of a workbook whose row is there, from where the file stands to its end, in place of damaged ones."""
    connection.execute(delete(WORKBOOK_CHUNK).where(WORKBOOK_CHUNK.c.sha256 == sha256))
    place = 0
    while chunk := file.read(CHUNK):
        connection.execute(insert(WORKBOOK_CHUNK), {"sha256": sha256, "place": place, "content": chunk})
        place += 1


def is_kept(connection: Connection, sha256: str) -> bool:
    """Whether the bytes of a workbook are there, all of them as they were."""
    table = WORKBOOK_CHUNK.c
    digest = hashlib.sha256()
    places = select(table.place).where(table.sha256 == sha256).order_by(table.place)
    for place in connection.execute(places).scalars().all():
        chunk = select(table.content).where(table.sha256 == sha256, table.place == place)
        digest.update(connection.execute(chunk).scalar_one())
    return digest.hexdigest() == sha256


def pieces_of(store: Store, sha256: str) -> Iterator[bytes] | None:
    """The bytes of a workbook piece by piece, so that it is never whole in memory; None where they were not kept.

    The last piece comes only if all of them together have the hash: else Damaged is raised in its place.
    """
    first = _chunk(store, sha256, 0)
    return None if first is None else _proved(sha256, _chunks(store, sha256, first))


def content_of(store: Store, sha256: str) -> bytes | None:
    """All bytes of a workbook at once; None where they were not kept. Raises Damaged."""
    pieces = pieces_of(store, sha256)
    return None if pieces is None else b"".join(pieces)


def _chunks(store: Store, sha256: str, first: bytes) -> Iterator[bytes]:
    chunk: bytes | None = first
    place = 0
    while chunk is not None:
        yield chunk
        place += 1
        chunk = _chunk(store, sha256, place)


def _chunk(store: Store, sha256: str, place: int) -> bytes | None:
    table = WORKBOOK_CHUNK.c
    statement = select(table.content).where(table.sha256 == sha256, table.place == place)
    with reading(store) as connection:
        return connection.execute(statement).scalar_one_or_none()


def _proved(sha256: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    digest = hashlib.sha256()
    held = b""
    for piece in pieces:
        digest.update(piece)
        if held:
            yield held
        held = piece
    if digest.hexdigest() != sha256:
        raise Damaged(f"the kept copy of workbook {sha256[:12]} is damaged: run its range again")
    yield held
