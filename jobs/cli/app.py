"""The root of `recon`: which commands there are. A command's module is imported when the command is asked for."""

import gc
import os
from difflib import get_close_matches
from importlib import import_module, metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from jobs.logs import logs, tracing
from jobs.logs.errors import say

# Command or group -> the module that has it under this name, and what `recon --help` says of it.
COMMANDS = {
    "init": ("jobs.cli.init", "Write a configuration from a key and sample files."),
    "demo": ("jobs.cli.demo", "Show the whole job on a made-up merchant with planted breaks."),
    "check": ("jobs.cli.check", "Prove the configuration before the first night."),
    "run": ("jobs.cli.run", "Pull, match, judge, record, report."),
    "pull": ("jobs.cli.run", "Only fetch and store what Omise and the shop say."),
    "report": ("jobs.cli.run", "Only write the workbooks of what is stored."),
    "backfill": ("jobs.cli.backfill", "Run a long range month by month."),
    "serve": ("jobs.cli.serve", "Run every night by itself and serve the page."),
    "worker": ("jobs.cli.serve", "Do what backfills and nights put into [queue]."),
    "verify": ("jobs.cli.verify", "Say whether a workbook is what a run produced."),
    "sign": ("jobs.cli.verify", "Sign a workbook."),
    "rules": ("jobs.cli.catalogue", "The catalogue of breaks: code, severity, meaning, what to do."),
    "methods": ("jobs.cli.catalogue", "The rule book of payment methods, each figure with its source."),
    "presets": ("jobs.cli.catalogue", "Known exports and databases of shops and banks."),
    "sandbox": ("jobs.cli.demo", "Serve an Omise-compatible world whose clock runs, until Ctrl-C."),
    "breaks": ("jobs.cli.breaks", "The work on breaks."),
    "matches": ("jobs.cli.matches", "Which order belongs to which charge."),
    "runs": ("jobs.cli.runs", "The history of runs."),
    "journal": ("jobs.cli.journal", "The days as balanced double entries for the books."),
    "patterns": ("jobs.cli.patterns", "Patterns of breaks that are expected until a day."),
    "rulings": ("jobs.cli.rulings", "The work on breaks as a workbook."),
    "keys": ("jobs.cli.keys", "The keys of customer hashes and of the audit log."),
    "erase": ("jobs.cli.keys", "Take one customer's hashes out of store and archive."),
    "retention": ("jobs.cli.keys", "What is kept of people, past its time."),
    "db": ("jobs.cli.db", "The store's tables."),
    "users": ("jobs.cli.people", "Who may use the finance page."),
    "tokens": ("jobs.cli.people", "What scripts use the page's API with."),
}


class LazyGroup(TyperGroup):
    """Names and describes its commands without their modules; importing waits until one of them is resolved."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the words name, loaded, with the words that are left for it; else what is like them."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            close = get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f'there is no command "{args[0]}"' + (f' (did you mean "{close[0]}"?)' if close else ""))
        name, _, rest = super().resolve_command(ctx, args)
        return name, name and load_command(name), rest


def load_command(name: str) -> Any:
    """The click command of a name in COMMANDS; imports its module."""
    module, description = COMMANDS[name]
    gc.disable()  # while it imports nothing is garbage, and looking for it takes a fifth of the time
    command = getattr(import_module(module), name)
    gc.freeze()
    gc.enable()
    parent = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    if isinstance(command, typer.Typer):
        acts_alone = command.registered_callback is not None
        parent.add_typer(command, name=name, help=description, no_args_is_help=not acts_alone)
    else:
        parent.command(name)(command)
    return get_group(parent).commands[name]


app = typer.Typer(
    cls=LazyGroup,
    help="Payment reconciliation for merchants on Omise.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for _name, (_, _description) in COMMANDS.items():
    app.add_typer(typer.Typer(), name=_name, help=_description)


def _say_version(is_given: bool) -> None:
    if is_given:
        print(f"omise-recon {metadata.version('omise-recon')}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Default RECON_CONFIG, else ./config.toml.", show_default=False),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    logs.configure(os.environ.get("RECON_LOG") == "json")
    say(*tracing.start(os.environ))
    context.call_on_close(tracing.stop)
    context.obj = config


def main() -> None:
    """The console script."""
    app(prog_name="recon")
