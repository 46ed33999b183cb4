"""`recon rules` and `recon methods`: the catalogue of breaks and the rule book of payment methods."""

import os
from pathlib import Path

import typer

from jobs.cli import options, tables
from jobs.cli.documents import rule_documents
from jobs.cli.options import read_config, respond
from jobs.logs.errors import told
from recon.methods import HEADS, MethodBook, document, legend


def rules(as_json: options.AsJson = False) -> None:
    """The catalogue of breaks: code, severity, meaning, what to do."""
    with told(as_json):
        respond(as_json, {"rules": rule_documents()}, tables.rules)


def methods(context: typer.Context, as_json: options.AsJson = False) -> None:
    """The payment-method rule book: every figure with its source and how sure it is."""
    with told(as_json):
        configured = context.obj or os.environ.get("RECON_CONFIG") or Path("config.toml").exists()
        book = read_config(context).method_book() if configured else MethodBook()
        respond(as_json, _book_document(book), lambda: tables.table(HEADS, legend(book)))


def _book_document(book: MethodBook) -> dict[str, object]:
    """By method, region and card brand; amounts in minor units, durations in seconds."""
    overrides = [dict(zip(HEADS, line, strict=True)) for line in legend(book) if line[5] == "configured"]
    return {"methods": document(book), "overrides": overrides}
