"""The files that a source's path names, in natural order; knows nothing of what is in them."""

import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recon.orders.source import OrderSource, SourceMissing, SourceUnreadable


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: its name relative to the folder before the first wildcard, and its bytes."""

    name: str
    content: bytes


def source_files(source: OrderSource) -> Iterator[SourceFile]:
    """Every file that matches, `orders_2` before `orders_10`; raises SourceMissing where none does."""
    pattern = source.path or ""
    if Path(pattern).is_file():
        folder, found = Path(pattern).parent, [Path(pattern)]
    else:
        folder = _folder(pattern)
        found = [Path(name) for name in glob.glob(pattern, recursive=True)]  # noqa: PTH207 (an absolute pattern)
    names = {path.relative_to(folder).as_posix(): path for path in found if _is_data(path)}
    if not names:
        raise SourceMissing(f"[orders.{source.name}] no file matches {pattern}: put one there, or correct the path")
    for name in sorted(names, key=_natural):
        try:
            content = names[name].read_bytes()
        except OSError as error:
            raise SourceUnreadable(f"{name} cannot be opened: {error.strerror}") from error
        yield SourceFile(name, content)


def _folder(pattern: str) -> Path:
    parts = Path(pattern).parts
    fixed = [part for at, part in enumerate(parts) if not any(glob.has_magic(before) for before in parts[: at + 1])]
    return Path(*fixed) if len(fixed) < len(parts) else Path(pattern).parent


def _is_data(path: Path) -> bool:
    return path.is_file() and not path.name.startswith("~$")  # Excel's lock beside an open workbook


def _natural(name: str) -> tuple[list[str | int], str]:
    pieces = re.split(r"(\d+)", name)  # text and digits by turns
    return [int(piece) if piece.isdecimal() else piece.casefold() for piece in pieces], name
