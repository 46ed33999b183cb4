"""The kinds of order sources whose tables are files."""

from collections.abc import Callable, Iterator
from datetime import datetime

from recon.model import Window
from recon.orders.source import OrderKind, OrderSource, SourceMissing, SourceUnreadable
from recon.tabular.files import SourceFile, matching_files
from recon.tabular.keys import Key, Value
from recon.tabular.table import Table

_PATH = Key("path", Value.PATH, required=True, needed_for="reads files", belongs_to="files")


def file_kind(name: str, table_of: Callable[[SourceFile, OrderSource], Table]) -> OrderKind:
    """A kind whose files are read whole, each as one table."""

    def tables(source: OrderSource, _window: Window, _changed_since: datetime | None) -> Iterator[Table]:
        return (table_of(file, source) for file in _files(source))

    return OrderKind(name, tables, (_PATH,))


def _files(source: OrderSource) -> Iterator[SourceFile]:
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
