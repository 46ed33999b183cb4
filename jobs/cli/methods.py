"""The rule book of payment methods as `recon methods` shows it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.cli.options import read_config
from recon.methods import HEADS, MethodBook, document, legend

if TYPE_CHECKING:
    import typer


def book_in_effect(context: "typer.Context") -> MethodBook:
    """With the configuration's overrides where there is a configuration, else the book alone."""
    named = context.obj or os.environ.get("RECON_CONFIG") or Path("config.toml").exists()
    return read_config(context).method_book() if named else MethodBook()


def show_book(book: MethodBook) -> None:
    """Every figure with its source, a line each, on stdout."""
    from jobs.cli.tables import table

    table(HEADS, legend(book))


def book_document(book: MethodBook) -> dict[str, object]:
    """As JSON: by method, region and card brand; amounts in minor units, durations in seconds."""
    overrides = [dict(zip(HEADS, line, strict=True)) for line in legend(book) if line[5] == "configured"]
    return {"methods": document(book), "overrides": overrides}
