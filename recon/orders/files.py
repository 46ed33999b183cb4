"""The files that a source's path names, in natural order."""

from collections.abc import Iterator
from dataclasses import dataclass

from recon.orders.source import OrderSource, SourceMissing, SourceUnreadable
from recon.tabular.files import matching_files
from recon.tabular.keys import Key, Value

PATH = Key("path", Value.PATH, required=True, needed_for="reads files", belongs_to="files")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: its name relative to the folder before the first wildcard, and its bytes."""

    name: str
    content: bytes


def source_files(source: OrderSource) -> Iterator[SourceFile]:
    """Every file that matches, `orders_2` before `orders_10`; raises SourceMissing where none does."""
    pattern = source.settings["path"]
    files = matching_files(pattern)
    if not files:
        raise SourceMissing(f"[orders.{source.name}] no file matches {pattern}: put one there, or correct the path")
    for name, path in files.items():
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SourceUnreadable(f"{name} cannot be opened: {error.strerror}") from error
        yield SourceFile(name, content)
