"""The headers of all files of a source: columns that none of them has, and those that one lacks and another has."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches

from recon.tabular.faults import shown_names
from recon.tabular.layout import Column, Header, Layout
from recon.tabular.recognition.look import Look, look_of
from recon.tabular.table import SourceMissing, Table


class Headers:
    """Those of a source's tables, by file; `look` is how the first of them is written, null before it is known.

    `fields` are the columns that the source is read by, by our field; `others` are looked at, too.
    """

    def __init__(self, layout: Layout, fields: Mapping[str, Column], others: Sequence[Column] = ()) -> None:
        self._configured = layout.configured
        self._fields = fields
        self._used = (*fields.values(), *map(layout.column, layout.keep), *others)
        self._by_file: dict[str, Header] = {}
        self.look: Look | None = None

    def add(self, table: Table) -> None:
        """That of one file."""
        self._by_file[table.name] = Header(table.header)
        self.look = self.look or look_of(table, self._used)

    def repeat(self, name: str, first: str) -> None:
        """That of a file that is the same as an earlier one."""
        if first in self._by_file:
            self._by_file[name] = self._by_file[first]

    def refuse_missing(self) -> None:
        """Raises SourceMissing for columns that the configuration writes down and none of the files has."""
        missing = list(self._missing()) if self._by_file else []
        if missing:
            raise SourceMissing("; ".join(missing))

    def _missing(self) -> Iterator[str]:
        """A sentence for each; the last one says which columns the first file has."""
        missing = {
            place: wanted
            for place, wanted in self._configured.items()
            if not any(header.has(wanted) for header in self._by_file.values())
        }
        file, header = next(iter(self._by_file.items()))
        names = shown_names(header.names)
        by_fold = {name.casefold(): name for name in reversed(names)}
        which = f"{file} has no column" if len(self._by_file) == 1 else "no file of it has a column"
        for place, wanted in missing.items():
            name = next(name for way in wanted.ways for name in way if not header.places(name))
            near = get_close_matches(name.casefold(), by_fold, n=1)
            hint = f' (did you mean "{by_fold[near[0]]}"?)' if near else ""
            yield f'{place} = {wanted}: {which} "{name}"{hint}'
        if missing:
            yield f"the columns of {file} are: {', '.join(names)}"

    def lacking(self, files: Collection[str]) -> dict[str, list[str]]:
        """By file the fields whose column it has not and another of the files has."""
        by_file = {name: header for name, header in self._by_file.items() if name in files}
        needed = {
            ours: column
            for ours, column in self._fields.items()
            if not column.is_optional and any(header.has(column) for header in by_file.values())
        }
        lacking = {
            name: [ours for ours, column in needed.items() if not header.has(column)]
            for name, header in by_file.items()
        }
        return {name: fields for name, fields in lacking.items() if fields}
