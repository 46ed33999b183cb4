"""`recon rules`, `recon methods`, `recon presets`: what the breaks, the methods and the known exports are."""

import os
from pathlib import Path

import typer

from jobs.cli import options
from jobs.cli.answers import tables
from jobs.cli.answers.documents import rule_documents
from jobs.cli.options import read_config, respond
from jobs.logs.errors import told
from recon.methods import HEADS, MethodBook, document, legend
from recon.tabular.recognition.presets import presets as presets_of

presets = typer.Typer()
_ROOMS = {"orders": "recon.orders", "bank": "recon.bank"}


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


@presets.command("list")
def list_presets(as_json: options.AsJson = False) -> None:
    """Known exports and databases: what each is read from, where that is known from, and how surely."""
    with told(as_json):
        known_presets = [(of, preset) for of, room in _ROOMS.items() for preset in presets_of(room).values()]
        documents = [
            {
                "name": preset.name,
                "of": of,
                "title": preset.title,
                "kind": preset.settings["kind"],
                "file": preset.file,
                "source": preset.source,
                "certainty": preset.certainty,
            }
            for of, preset in known_presets
        ]
        rows = [(of, preset.name, preset.title, preset.certainty) for of, preset in known_presets]
        respond(as_json, {"presets": documents}, lambda: tables.table(("of", "preset", "what", "certainty"), rows))


def _book_document(book: MethodBook) -> dict[str, object]:
    """By method, region and card brand; amounts in minor units, durations in seconds."""
    overrides = [dict(zip(HEADS, line, strict=True)) for line in legend(book) if line[5] == "configured"]
    return {"methods": document(book), "overrides": overrides}
