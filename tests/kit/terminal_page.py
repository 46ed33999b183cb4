"""Writes docs/terminal.md, what commands look like at 80 and 120 columns: `python -m tests.kit.terminal_page`."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.kit.places import ROOT
from tests.kit.terminal import session

PAGE = ROOT / "docs" / "terminal.md"
WIDTHS = (80, 120)
LONGEST = 18  # lines of a picture; what comes after is left out
_FIRST, _LAST = "2026-10-19", "2026-10-25"  # the demo's week
_AS_OF = "2026-10-27T10:00:00+07:00"
COMMANDS = (
    "--help",
    "braeks list",
    "breaks list --severity critical --severity high",
    "breaks show ID",
    "runs list",
    "runs show 1",
    f"verify demo-out/reports/settlement_th_{_FIRST}_{_LAST}.xlsx",
    f"report --from {_FIRST} --to {_LAST} --account th --as-of {_AS_OF}",
    f"matches list --account th --from {_FIRST} --to {_FIRST}",
    "rules",
    "methods",
    "presets list",
)
_HEAD = """# What commands look like

Lists have a line for each thing and fit the terminal: ids are whole, the largest of the most severe come first, and
a narrow terminal shows fewer columns. Into a pipe go 200 columns; scripts read `--json`. Below is the store that
`make demo` leaves, at 80 columns and at 120; long answers are cut off.

`recon --install-completion` completes commands and options with the tabulator key from the next shell on.
"""


def page(folder: Path) -> str:
    """The whole page, over a demo in a folder that holds nothing yet."""
    _, words = session(folder, {}, ["demo"])
    assert "all were found" in words, words
    text = "\n".join(line for command in COMMANDS for line in _pictures(command, folder))
    return f"{_HEAD}\n{text}"


def _pictures(command: str, folder: Path) -> Iterator[str]:
    environ = {"RECON_CONFIG": "demo-out/config.toml", "TERM": "xterm", "NO_COLOR": "1"}
    words = command.replace("ID", _an_id(folder)).split() if "ID" in command else command.split()
    yield f"## recon {command}\n"
    narrow, wide = (_lines(session(folder, environ, words, width=width)[1], folder) for width in WIDTHS)
    if narrow == wide:
        yield from _picture(" and ".join(map(str, WIDTHS)), narrow)
    else:
        yield from _picture("80", narrow)
        yield from _picture("120", wide)


def _picture(columns: str, lines: Sequence[str]) -> Iterator[str]:
    yield f"{columns} columns:\n\n```"
    yield from lines[:LONGEST]
    yield "…\n```\n" if len(lines) > LONGEST else "```\n"


def _lines(shown: str, folder: Path) -> list[str]:
    """What stood there at last: bars are drawn again and again over themselves."""
    text = re.sub(r"(?:\r\x1b\[2K(?:\x1b\[1A\x1b\[2K)*)", "\f", shown).rpartition("\f")[2]
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text).replace(f"{folder}/", "")
    return [line.rstrip() for line in plain.strip("\n").splitlines()]


def _an_id(folder: Path) -> str:
    _, listed = session(folder, {"RECON_CONFIG": "demo-out/config.toml"}, ["breaks", "list", "--account", "th"])
    return listed.splitlines()[1].split()[0]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        PAGE.write_text(page(Path(work)), encoding="utf-8")
