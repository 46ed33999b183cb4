"""The commands of `recon runs`: what was run, and what changed between two runs."""

from typing import Annotated

import typer

from jobs.cli import options
from jobs.cli.answers import tables
from jobs.cli.answers.documents import run_documents
from jobs.cli.options import read_config, respond
from jobs.desk.comparing import runs_diff, stored_run
from jobs.logs.errors import told
from jobs.run.opening.store import ready_store
from recon.store.runs.record import list_runs

runs = typer.Typer()


@runs.command("list")
def list_latest(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="The latest so many.")] = 20,
    as_json: options.AsJson = False,
) -> None:
    """The latest runs, newest first."""
    with told(as_json):
        with ready_store(read_config(context)) as store:
            documents = run_documents(list_runs(store, limit))
        respond(as_json, {"runs": documents}, lambda: tables.runs(documents))


@runs.command()
def show(context: typer.Context, run_id: int, as_json: options.AsJson = False) -> None:
    """Everything about one run."""
    with told(as_json):
        config = read_config(context)
        with ready_store(config) as store:
            (document,) = run_documents([stored_run(store, run_id)])
        respond(as_json, document, lambda: tables.one_run(document, config.currencies()))


@runs.command()
def diff(context: typer.Context, before: int, after: int, as_json: options.AsJson = False) -> None:
    """What changed between two runs of a range: figures and breaks."""
    with told(as_json):
        config = read_config(context)
        document = runs_diff(config, before, after)
        respond(as_json, document, lambda: tables.run_diff(document, config.currencies()))
