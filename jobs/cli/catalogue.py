"""`recon rules`, `recon methods`, `recon presets`: what the breaks, the methods and the known exports are."""

import os
from pathlib import Path

import typer

from jobs.cli import options
from jobs.cli.answers import tables
from jobs.cli.answers.documents import rule_documents
from jobs.cli.answers.listing import lines
from jobs.cli.options import read_config, respond
from jobs.logs.errors import told
from recon.methods import HEADS, MethodBook, document, legend
from recon.tabular.recognition.presets import presets as presets_of
from reports.documents import fields

presets = typer.Typer()
_ROOMS = {"orders": "recon.orders", "bank": "recon.bank"}


def rules(as_json: options.AsJson = False) -> None:
    """The catalogue of breaks: code, severity, meaning, what to do."""
    with told(as_json):
        respond(as_json, {"rules": rule_documents()}, tables.rules)


def methods(context: typer.Context, as_json: options.AsJson = False) -> None:
    """The rule book of payment methods, each figure with its source."""
    with told(as_json):
        configured = context.obj or os.environ.get("RECON_CONFIG") or Path("config.toml").exists()
        book = read_config(context).method_book() if configured else MethodBook()
        respond(as_json, _book_document(book), lambda: tables.methods(legend(book)))


@presets.command("list")
def list_presets(as_json: options.AsJson = False) -> None:
    """Known exports and databases, each with how surely it is known."""
    with told(as_json):
        known_presets = [(of, preset) for of, room in _ROOMS.items() for preset in presets_of(room).values()]
        documents = [
            {
                "name": preset.name,
                "of": of,
                "title": preset.title,
                "kind": preset.settings["kind"],
                **fields(preset, "file", "source", "certainty"),
            }
            for of, preset in known_presets
        ]
        rows = [(of, preset.name, preset.certainty, preset.title) for of, preset in known_presets]
        heads = ("of", "preset", "certainty", "what")
        respond(as_json, {"presets": documents}, lambda: lines(heads, rows, cut="what"))


def _book_document(book: MethodBook) -> dict[str, object]:
    """By method, region and card brand; amounts in minor units, durations in seconds."""
    overrides = [dict(zip(HEADS, line, strict=True)) for line in legend(book) if line[5] == "configured"]
    return {"methods": document(book), "overrides": overrides}
