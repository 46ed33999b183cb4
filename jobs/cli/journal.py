"""The commands of `recon journal`: the days as double entries for the books, and what was handed over."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli import options
from jobs.cli.answers.listing import lines
from jobs.cli.answers.progress import progress_on_stderr
from jobs.cli.options import actor, choices, clock, read_config, respond, run_options
from jobs.desk.journal import ExportRequest, Handover, again, all_exports, hand_over, write
from jobs.logs.errors import DONE, INCOMPLETE, say, told
from jobs.run.outcome import JobError
from recon.model import JournalEntry, JournalExport
from reports.documents import Document, fields
from reports.journal.layouts import layouts

journal = typer.Typer()


@journal.callback(invoke_without_command=True)
def hand(
    context: typer.Context,
    first: options.First = None,
    last: options.Last = None,
    account: options.Accounts = None,
    as_of: options.AsOf = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="NAME", help="The books' layout; else [journal] format.")
    ] = "",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Else stdout.", show_default=False)] = None,
    again_: Annotated[
        int | None, typer.Option("--again", metavar="EXPORT", help="An earlier export, byte for byte.", min=1)
    ] = None,
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Hand over what is new of the range's journal; what changed since is taken back and comes anew."""
    if context.invoked_subcommand is not None:
        return
    with told(as_json):
        if as_json and out is None:
            raise JobError("--json: say with --out where the journal's file goes")
        config = read_config(context)
        if again_ is not None:
            export, contents = again(config, again_)
            paths = _put(contents, out)
            respond(as_json, _document(export, paths), lambda: None)
            return
        choices("--format", [format_] if format_ else (), layouts())
        wanted = replace(
            run_options(config, first, last, account, as_of, by, "journal"), pull=False, record=False, report=False
        )
        from jobs.run.run import run  # late: what is listed or written again needs none of it

        with progress_on_stderr() as progress:
            outcome = asyncio.run(run(config, wanted, clock, progress))
        request = ExportRequest(format_ or config.journal.format, out, actor(config, by), clock())
        handed = hand_over(config, outcome, request)
        try:
            paths = _put(handed.files, out)
        except OSError as error:  # also of a pipe whose reader is gone
            kept = handed.export.id
            words = f"export {kept} is kept, but {out or 'stdout'} cannot be written ({error.strerror})"
            words = f"{words}: recon journal --again {kept} --out FILE writes it"
            say(words, level="error")
            respond(as_json, {"status": "incomplete", "error": words}, lambda: None)
            raise typer.Exit(INCOMPLETE) from None
        say(*handed.messages, *_words(handed, paths))
        respond(as_json, _handed_document(handed, paths), lambda: None)
        raise typer.Exit(INCOMPLETE if handed.messages else DONE)


@journal.command("list")
def list_exports(context: typer.Context, as_json: options.AsJson = False) -> None:
    """What was handed over, the latest first."""
    with told(as_json):
        exports = all_exports(read_config(context))
        heads = ("export", "written", "days", "as", "entries", "accounts")
        rows = [
            (
                export.id,
                f"{export.at:%Y-%m-%d}",
                f"{export.first_day}–{export.last_day}",
                export.format,
                f"{export.entries:,}{f', {export.reversals:,} back' if export.reversals else ''}",
                ", ".join(export.accounts),
            )
            for export in exports
        ]
        respond(as_json, {"exports": [_document(export, ()) for export in exports]}, lambda: lines(heads, rows))


def _put(contents: Sequence[bytes], out: Path | None) -> list[Path]:
    """The files at their place, or the one on stdout; nothing where there is none."""
    if not contents:
        return []
    if out is not None:
        return write(contents, out)
    if len(contents) > 1:
        raise JobError(f"{len(contents)} files: name them with --out")
    sys.stdout.buffer.write(contents[0])
    sys.stdout.buffer.flush()
    return []


def _words(handed: Handover, paths: Sequence[Path]) -> list[str]:
    stands = f"{handed.left_out:,} stand exported as they are" if handed.left_out else ""
    if not handed.entries:
        return [f"nothing new to export{f': {stands}' if stands else ''}"]
    new = len(handed.entries) - handed.reversals
    counted = [f"{new:,} {'entry' if new == 1 else 'entries'}"]
    if handed.reversals:
        counted.append(f"{handed.reversals:,} {'reversal' if handed.reversals == 1 else 'reversals'} of what changed")
    lines = [f"export {handed.export.id}: {', '.join([*counted, *([stands] if stands else [])])}"]
    lines += [f"{entry.number} takes back {entry.reverses}" for entry in handed.entries if entry.reverses]
    if handed.replaced:
        lines.append(f"{handed.replaced:,} characters are not in the layout's encoding: they are ? in the file")
    if len(paths) > 1:
        lines.append(f"{len(paths)} files, since one takes {layouts()[handed.export.format].lines} lines")
    return [*lines, *(f"written: {path}" for path in paths)]


def _document(export: JournalExport, paths: Sequence[Path]) -> Document:
    names = (
        "id",
        "at",
        "who",
        "accounts",
        "first_day",
        "last_day",
        "as_of",
        "format",
        "span",
        "entries",
        "reversals",
    )
    return {**fields(export, *names, "files"), "paths": [str(path) for path in paths]}


def _handed_document(handed: Handover, paths: Sequence[Path]) -> Document:
    export = _document(handed.export, paths) if handed.entries else None
    return {
        "export": export,
        "left_out": handed.left_out,
        "replaced_characters": handed.replaced,
        "messages": list(handed.messages),
        "entries": [_entry(entry) for entry in handed.entries],
    }


def _entry(entry: JournalEntry) -> Document:
    lines = [
        fields(line, "ledger_account", "code", "tax_code", "debit", "credit", "rows", "note") for line in entry.lines
    ]
    names = ("number", "account", "day", "kind", "currency", "reverses", "digest")
    return {**fields(entry, *names), "lines": lines}
