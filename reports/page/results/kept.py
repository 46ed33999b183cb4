"""The bytes of a stored workbook, and what was read of it: a workbook never changes, so it is read once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from recon.money import Currencies
from recon.store.desk.workbook_bytes import CHUNK, pieces_of, sha256_of_file
from recon.store.desk.workbooks import StoredWorkbook
from reports.page.results.drawn import DrawnBlock, drawn_blocks
from reports.page.results.sheets import View, sheet_names, view
from reports.page.site import Site

SHOWN = 64 * 2**20  # bytes: a larger workbook is not opened for the page, which would need many times its size


@dataclass(frozen=True)
class KeptWorkbook:
    """A workbook that can be opened: its digest, and how its bytes are had and its amounts shown."""

    sha256: str
    read: Callable[[], bytes] = field(compare=False)
    currencies: Currencies = field(compare=False)


def kept(site: Site, book: StoredWorkbook) -> KeptWorkbook | None:
    """None where no copy of it is left, or it is too large to be looked at here."""
    if book.size > SHOWN or pieces(site, book) is None:
        return None
    return KeptWorkbook(book.sha256, lambda: b"".join(pieces(site, book) or ()), site.currencies)


@lru_cache(64)
def blocks_of(workbook: KeptWorkbook) -> list[DrawnBlock]:
    """Its Summary."""
    return drawn_blocks(workbook.read(), workbook.currencies)


@lru_cache(64)
def view_of(workbook: KeptWorkbook, name: str, page: int) -> View:
    """A page of one of its sheets; raises KeyError where there is none of the name."""
    return view(workbook.read(), name, page, workbook.currencies)


@lru_cache(256)
def names_of(workbook: KeptWorkbook) -> list[str]:
    """Its sheets."""
    return sheet_names(workbook.read())


def pieces(site: Site, book: StoredWorkbook) -> Iterator[bytes] | None:
    """Its bytes, kept in the store, or in the folder where it was written, if they are still the same there."""
    in_store = pieces_of(site.store, book.sha256)
    if in_store is not None:
        return in_store
    path = site.folder / book.name
    if not path.is_file() or path.stat().st_size != book.size:
        return None
    with path.open("rb") as file:
        if sha256_of_file(file) != book.sha256:
            return None
    return _read(path)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece
