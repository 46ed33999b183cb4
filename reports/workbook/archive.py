"""A zip file written part by part, each deflated as it comes (PKWARE's APPNOTE, sections 4.3 and 4.5)."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import IO, Protocol

from isal import isal_zlib

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_END_64_PLACE = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")
_OLDEST = date(1980, 1, 1)  # that a zip can say
_DEFLATED = 8
MOST_BYTES = 2**31 - 1  # of a part that was not announced as huge: some readers take more for a negative size
_IN_EXTRA = 2**32 - 1  # a size or a place that stands in the 64-bit field
_PLAIN = 20
_ZIP64 = 45  # the versions needed to unpack
_UNIX = 3
_MODE = 0o644 << 16


class Deflate(Protocol):
    """A compressor of raw deflate data, as zlib and isal_zlib make them."""

    def compress(self, data: bytes | memoryview, /) -> bytes: ...
    def flush(self) -> bytes: ...


@dataclass
class _Part:
    name: bytes
    place: int
    may_be_huge: bool
    crc: int = 0
    packed: int = 0
    size: int = 0

    def local_header(self, day: int) -> bytes:
        extra = struct.pack("<2H2Q", 1, 16, self.size, self.packed) if self.may_be_huge else b""
        sizes = (_IN_EXTRA, _IN_EXTRA) if self.may_be_huge else (self.packed, self.size)
        version = _ZIP64 if self.may_be_huge else _PLAIN
        lengths = (len(self.name), len(extra))
        return _LOCAL.pack(b"PK\3\4", version, 0, _DEFLATED, 0, day, self.crc, *sizes, *lengths) + self.name + extra

    def central_header(self, day: int) -> bytes:
        wide = [self.size, self.packed] if max(self.size, self.packed) > MOST_BYTES else []
        sizes = (_IN_EXTRA, _IN_EXTRA) if wide else (self.packed, self.size)
        place = self.place
        if place > MOST_BYTES:
            wide.append(place)
            place = _IN_EXTRA
        extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        version = _ZIP64 if wide or self.may_be_huge else _PLAIN
        made_by = _UNIX << 8 | version
        lengths = (len(self.name), len(extra))
        header = _CENTRAL.pack(
            b"PK\1\2", made_by, version, 0, _DEFLATED, 0, day, self.crc, *sizes, *lengths, 0, 0, 0, _MODE, place
        )
        return header + self.name + extra


class Archive:
    """Parts written one after the other into a seekable file at its start, all of one day."""

    def __init__(self, file: IO[bytes], day: date) -> None:
        day = max(day, _OLDEST)
        self._file = file
        self._day = (day.year - 1980) << 9 | day.month << 5 | day.day
        self._parts: list[_Part] = []

    def add(
        self, name: str, pieces: Iterable[bytes | memoryview], deflate: Deflate, *, may_be_huge: bool = False
    ) -> None:
        """Write a part; one of more than 2 GiB must have been announced (`may_be_huge`), else OverflowError."""
        part = _Part(name.encode("ascii"), self._file.tell(), may_be_huge)
        self._file.write(part.local_header(self._day))
        for piece in pieces:
            part.size += len(piece)
            part.crc = isal_zlib.crc32(piece, part.crc)
            part.packed += self._file.write(deflate.compress(piece))
        part.packed += self._file.write(deflate.flush())
        if max(part.size, part.packed) > MOST_BYTES and not may_be_huge:
            raise OverflowError(f"{name} is larger than it was announced")
        end = self._file.tell()
        self._file.seek(part.place)
        self._file.write(part.local_header(self._day))
        self._file.seek(end)
        self._parts.append(part)

    def close(self) -> None:
        """Write the list of the parts: without it the file is no zip."""
        place = self._file.tell()
        for part in self._parts:
            self._file.write(part.central_header(self._day))
        end = self._file.tell()
        count = len(self._parts)
        size = end - place
        if place > MOST_BYTES:
            self._file.write(
                _END_64.pack(b"PK\6\6", _END_64.size - 12, _ZIP64, _ZIP64, 0, 0, count, count, size, place)
            )
            self._file.write(_END_64_PLACE.pack(b"PK\6\7", 0, end, 1))
        self._file.write(_END.pack(b"PK\5\6", 0, 0, count, count, size, min(place, _IN_EXTRA), 0))
