"""The command of `recon matches`."""

import typer

from jobs.cli import options
from jobs.cli.answers import tables
from jobs.cli.answers.documents import match_documents
from jobs.cli.options import clock, read_config, respond, run_options
from jobs.desk.matches import links_in_range
from jobs.logs.errors import told

matches = typer.Typer()


@matches.command("list")
def list_links(
    context: typer.Context,
    first: options.First = None,
    last: options.Last = None,
    account: options.Accounts = None,
    as_of: options.AsOf = None,
    as_json: options.AsJson = False,
) -> None:
    """Every link of the range's orders with the pass that made it."""
    with told(as_json):
        config = read_config(context)
        wanted = run_options(config, first, last, account, as_of, "", "matches list")
        links = match_documents(links_in_range(config, wanted, clock()))
        respond(as_json, {"matches": links}, lambda: tables.matches(links, config.currencies()))
