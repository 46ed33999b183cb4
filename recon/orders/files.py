"""The kinds of order sources whose tables are files."""

from collections.abc import Callable, Iterator
from datetime import datetime

from recon.bounds import LARGEST_FILE
from recon.model import Window
from recon.orders.source import OrderKind, OrderSource
from recon.tabular.files import SourceFile, matching_files, opened
from recon.tabular.keys import TABLE_KEYS, Key, Value
from recon.tabular.table import SourceMissing, SourceUnreadable, Table, within_bounds

_PATH = Key("path", Value.PATH, required=True, needed_for="reads files", belongs_to="files")


def file_kind(
    name: str, table_of: Callable[[SourceFile, OrderSource], Table], keys: tuple[Key, ...] = TABLE_KEYS
) -> OrderKind:
    """A kind whose files are read whole, each as one table."""

    def tables(source: OrderSource, _window: Window, _changed_since: datetime | None) -> Iterator[Table]:
        return (_read(table_of, file, source) for file in _files(source))

    return OrderKind(name, tables, (_PATH, *keys))


def _files(source: OrderSource) -> Iterator[SourceFile]:
    """Every file that matches, `orders_2` before `orders_10`; raises SourceMissing where none does."""
    pattern = source.settings["path"]
    files = matching_files(pattern)
    if not files:
        raise SourceMissing(f"[orders.{source.name}] no file matches {pattern}: put one there, or correct the path")
    for name, path in files.items():
        yield opened(name, path, LARGEST_FILE, ": split the export by date")


def _read(table_of: Callable[[SourceFile, OrderSource], Table], file: SourceFile, source: OrderSource) -> Table:
    """One file as a table, or why not; what nobody foresaw is named with its file too."""
    try:
        return within_bounds(table_of(file, source))
    except (SourceUnreadable, MemoryError):
        raise
    except Exception as error:  # a format's own library raises what it likes
        raise SourceUnreadable(f"{file.name} cannot be read ({type(error).__name__}): export it again") from error
