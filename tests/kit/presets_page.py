"""Writes docs/presets.md from the presets: `python -m tests.kit.presets_page`."""

from collections.abc import Iterator, Mapping
from typing import Any

from recon.tabular.recognition.presets import Preset, presets
from tests.kit.places import ROOT

PAGE = ROOT / "docs" / "presets.md"
_ROOMS = {"recon.orders": ("Shops", "orders.shop"), "recon.bank": ("Banks", "bank.main")}
_HEAD = """# Presets

Known exports and databases. `preset = "NAME"` in `[orders.*]` or `[bank.*]` brings what is said here; any key beside
it overrides. How surely each is known stands with it: what was not seen in a real file, hold against the rows that
`recon check` shows before you rely on it. How a payout of Omise's reads on a statement is known of no bank: set
`payout_pattern` after you have seen one.

This page is written from the data files in `recon/orders/presets/` and `recon/bank/presets/`.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(line for room in _ROOMS for line in _room(room))])


def _room(room: str) -> Iterator[str]:
    title, place = _ROOMS[room]
    yield f"## {title}\n"
    for preset in presets(room).values():
        yield from _section(preset, place)


def _section(preset: Preset, place: str) -> Iterator[str]:
    settings = preset.settings
    yield f"### {preset.title}\n"
    yield f"{preset.file}. Known: {preset.certainty} ({preset.source}).\n"
    yield "```toml"
    yield f"[{place}]"
    yield f'preset = "{preset.name}"'
    if settings["kind"] == "sql":
        yield 'url = { env = "SHOP_DATABASE_URL" }'
        yield f'prefix = "{settings["prefix"]}"'
    else:
        yield f'path = "{place.split(".")[0]}/*.{"xls" if settings["kind"] == "excel" else "csv"}"'
    yield 'account = "th"'
    yield "```\n"
    if preset.columns:
        yield "| ours | the file's |\n|---|---|"
        yield from (f"| {ours} | {column} |" for ours, column in preset.columns.items())
        yield ""
    if words := _words(settings):
        yield f"{words}\n"
    yield from (f"- {note}" for note in preset.know)
    yield ""


def _words(settings: Mapping[str, Any]) -> str:
    words = settings.get("status", {})
    return "; ".join(f"{ours} = {', '.join(theirs)}" for ours, theirs in words.items())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
