"""The texts of files, what is compressed in them included, and the customer hashes in texts; loads little."""

import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow.parquet as pq

from recon.privacy import HASH

_HASH = re.compile(HASH.pattern.encode())


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file under a folder by name and bytes, and what workbooks and Parquet files hold compressed."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        yield path.name, path.name.encode() + content
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                for name in book.namelist():
                    yield f"{path.name}: {name}", name.encode() + book.read(name)
        elif path.suffix == ".parquet":
            for row in pq.read_table(path).to_pylist():
                for name, cell in row.items():
                    yield f"{path.name}: {name}", str(cell).encode()
                    if isinstance(cell, bytes):
                        yield f"{path.name}: {name}, as it is", cell


def hashes_in(texts: Iterable[bytes]) -> set[str]:
    """The customer hashes in some texts."""
    return {match.group().decode() for text in texts for match in _HASH.finditer(text)}
