"""The files that a path with wild cards names, in natural order."""

import errno
import glob
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from recon.tabular.table import SourceMissing, SourceUnreadable


@dataclass(frozen=True)
class SourceFile:
    """One file: its name below the folder before the first wild card, and its bytes."""

    name: str
    content: bytes

    @cached_property
    def sha256(self) -> str:
        """Of the bytes, in hex."""
        return hashlib.sha256(self.content).hexdigest()


def opened(name: str, path: Path, largest: int, too_large: str) -> SourceFile:
    """A file whole; raises SourceUnreadable, ending with `too_large` where it has more than `largest` bytes."""
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as error:
        raise SourceUnreadable(f"{name} cannot be opened: {error.strerror}") from error
    if len(content) > largest:
        raise SourceUnreadable(f"{name} is larger than {largest >> 20:,} MB{too_large}")
    return SourceFile(name, content)


def matching_files(pattern: str) -> Mapping[str, Path]:
    """Every file that an absolute path names, `orders_2` before `orders_10`, by its name below `fixed_folder`.

    Raises SourceMissing where nobody may look there.
    """
    folder = fixed_folder(pattern)
    try:
        is_file = Path(pattern).is_file()
        is_open = is_file or not folder.is_dir() or os.access(folder, os.R_OK | os.X_OK)
    except OSError as error:
        raise SourceMissing(f"{pattern} cannot be opened: {error.strerror}") from error
    if not is_open:
        raise SourceMissing(f"{folder} cannot be opened: {os.strerror(errno.EACCES)}")
    if is_file:
        folder = Path(pattern).parent
        paths = [Path(pattern)]
    else:
        paths = [Path(name) for name in glob.glob(pattern, recursive=True)]  # noqa: PTH207 (an absolute pattern)
    names = {_shown(path.relative_to(folder)): path for path in paths if _is_data(path)}
    return {name: names[name] for name in sorted(names, key=_natural)}


def fixed_folder(pattern: str) -> Path:
    """The folder before the first wild card; that of the file where there is none."""
    parts = Path(pattern).parts
    fixed = [part for at, part in enumerate(parts) if not any(glob.has_magic(before) for before in parts[: at + 1])]
    return Path(*fixed) if len(fixed) < len(parts) else Path(pattern).parent


def _shown(path: Path) -> str:
    """A name that can be stored and read: what is no UTF-8 text, or no letter at all, is spelled out."""
    text = os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _is_data(path: Path) -> bool:
    return path.is_file() and not path.name.startswith("~$")  # Excel's lock beside an open workbook


def _natural(name: str) -> tuple[list[str | int], str]:
    pieces = re.split(r"(\d+)", name)  # text and digits by turns
    return [int(piece) if piece.isdecimal() else piece.casefold() for piece in pieces], name
