"""The commands of `recon`, thin. Imports late: --help must be quick."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli.backfill import backfill
from jobs.cli.lists import breaks_app, db_app, matches_app, runs_app
from jobs.cli.options import (
    Accounts,
    AsJson,
    AsOf,
    By,
    First,
    Last,
    clock,
    options,
    print_json,
    read_config,
    severity_words,
    words,
)
from jobs.cli.people import tokens_app, users_app
from jobs.cli.rulings import rulings_app
from jobs.cli.serve import serve
from jobs.cli.verify import sign, verify
from jobs.cli.worker import worker
from jobs.logs.errors import BREAKS, DONE, INCOMPLETE, MISTAKE, say, told

if TYPE_CHECKING:
    from jobs.config.config import Config
    from jobs.run.outcome import Outcome, Progress, RunOptions

    Job = Callable[[Config, RunOptions, Callable[[], datetime], Progress], Coroutine[Any, Any, Outcome]]

app = typer.Typer(
    help="Payment reconciliation for merchants on Omise.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(breaks_app, name="breaks")
app.add_typer(matches_app, name="matches")
app.add_typer(runs_app, name="runs")
app.add_typer(rulings_app, name="rulings")
app.add_typer(db_app, name="db")
app.add_typer(users_app, name="users")
app.add_typer(tokens_app, name="tokens")


@app.callback()
def _root(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Default ./config.toml, else RECON_CONFIG.", show_default=False),
    ] = None,
) -> None:
    from jobs.logs import logs, tracing

    logs.configure(os.environ.get("RECON_LOG") == "json")
    say(*tracing.start(os.environ))
    context.call_on_close(tracing.stop)
    context.obj = config


def main() -> None:
    """The console script."""
    app(prog_name="recon")


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("demo-out"),
    orders: Annotated[int, typer.Option(min=100, help="About how many orders.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 1,
) -> None:
    """Show the whole job on a made-up merchant with planted breaks."""
    with told():
        from jobs.cli import tables
        from jobs.cli.progress import progress_on_stderr
        from jobs.demo import demo as run_demo

        with progress_on_stderr() as progress:
            done = asyncio.run(run_demo(out, orders, seed, clock, progress))
        tables.outcome(done.outcome)
        tables.planted((line.code, line.planted, line.found, line.missed, line.extra) for line in done.table)
        say(*done.outcome.messages)
        for path in (done.config, *done.outcome.reports):
            print(path)
        raise typer.Exit(DONE if done.exact and done.outcome.complete else INCOMPLETE)


@app.command()
def check(
    context: typer.Context,
    send_test: Annotated[bool, typer.Option("--send-test", help="Send a test message to each channel.")] = False,
    as_json: AsJson = False,
) -> None:
    """Prove the configuration before the first night."""
    with told(as_json):
        from jobs.check import as_document, check_all, failed
        from jobs.cli import tables

        items = asyncio.run(check_all(lambda: read_config(context), clock, send_test))
        if as_json:
            print_json(as_document(items))
        else:
            tables.checked(items)
        raise typer.Exit(MISTAKE if failed(items) else DONE)


@app.command()
def run(
    context: typer.Context,
    first: First = None,
    last: Last = None,
    account: Accounts = None,
    as_of: AsOf = None,
    no_pull: Annotated[bool, typer.Option("--no-pull", help="Judge what is stored.")] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no workbook.")] = False,
    no_alert: Annotated[bool, typer.Option("--no-alert", help="Tell nobody.")] = False,
    opening: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A CSV of items known to be open at go-live.", show_default=False),
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="WORD", help="Reports as xlsx, csv or parquet.")
    ] = "xlsx",
    fail_on: Annotated[
        str, typer.Option(metavar="SEVERITY", help="Exit with 1 if breaks of low, medium, high or critical are open.")
    ] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Pull, match, judge, record, report."""
    with told(as_json):
        from jobs.alerts.send import run_and_tell

        words("--format", [format_], ("xlsx", "csv", "parquet"))
        words("--fail-on", [fail_on] if fail_on else (), severity_words())
        asked = replace(options(first, last, account, as_of, by, "run"), pull=not no_pull, report=not no_report)
        asked = replace(asked, opening=opening, format=format_)
        config = read_config(context, ("orders",) if no_pull else ("accounts", "orders"))
        outcome = _go(config, asked, as_json, partial(run_and_tell, silent=no_alert))
        raise typer.Exit(_exit_code(outcome, fail_on))


@app.command()
def pull(
    context: typer.Context,
    first: First = None,
    last: Last = None,
    account: Accounts = None,
    as_of: AsOf = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Only fetch and store what Omise and the shop say."""
    with told(as_json):
        asked = replace(options(first, last, account, as_of, by, "pull"), judge=False, record=False, report=False)
        outcome = _go(read_config(context, ("accounts", "orders")), asked, as_json)
        raise typer.Exit(_exit_code(outcome, ""))


@app.command()
def report(
    context: typer.Context,
    first: First = None,
    last: Last = None,
    account: Accounts = None,
    as_of: AsOf = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Only write the workbooks of what is stored."""
    with told(as_json):
        asked = replace(options(first, last, account, as_of, by, "report"), pull=False, record=False)
        outcome = _go(read_config(context), asked, as_json)
        raise typer.Exit(_exit_code(outcome, ""))


def _go(config: "Config", asked: "RunOptions", as_json: bool, job: "Job | None" = None) -> "Outcome":
    from jobs.cli import tables
    from jobs.cli.documents import run_document, unsigned_words
    from jobs.cli.progress import progress_on_stderr
    from jobs.run.run import run as run_job

    with progress_on_stderr() as progress:
        outcome = asyncio.run((job or run_job)(config, asked, clock, progress))
    tables.outcome(outcome)
    say(*outcome.messages, *(unsigned_words(one) for one in outcome.unsigned))
    if as_json:
        print_json(run_document(outcome))
    else:
        for path in outcome.reports:
            print(path)
    return outcome


def _exit_code(outcome: "Outcome", limit: str) -> int:
    if not outcome.complete:
        return INCOMPLETE
    if not limit:
        return DONE
    from jobs.cli.documents import has_open_break

    return BREAKS if has_open_break(outcome, limit) else DONE


app.command()(backfill)
app.command()(serve)
app.command()(worker)
app.command()(verify)
app.command()(sign)


@app.command()
def rules(as_json: AsJson = False) -> None:
    """The catalogue of breaks: code, severity, meaning, what to do."""
    with told(as_json):
        from jobs.cli import tables
        from jobs.cli.documents import rule_documents

        if as_json:
            print_json({"rules": rule_documents()})
        else:
            tables.rules()


@app.command()
def methods(context: typer.Context, as_json: AsJson = False) -> None:
    """The payment-method rule book: every figure with its source and how sure it is."""
    with told(as_json):
        from jobs.cli.methods import book_document, book_in_effect, show_book

        book = book_in_effect(context)
        if as_json:
            print_json(book_document(book))
        else:
            show_book(book)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8484,
    orders: Annotated[int, typer.Option(min=100, help="About how many orders.")] = 1_000,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for the shop's files and a configuration.")] = Path("sandbox-out"),
) -> None:
    """Serve an Omise-compatible world of the last days, until Ctrl-C."""
    with told():
        try:
            asyncio.run(_serve(port, orders, seed, out))
        except KeyboardInterrupt:
            raise typer.Exit(DONE) from None


async def _serve(port: int, orders: int, seed: int, out: Path) -> None:
    from jobs.demo import prepare
    from recon.sandbox.server.app import serve
    from recon.sandbox.worlds.world import make_world

    last = clock().date() - timedelta(days=2)
    world = make_world(seed, last - timedelta(days=6), last, orders)
    async with serve(world, port=port) as running:
        path = prepare(world, out, running.url)
        print(running.url, flush=True)
        days = f"--from {world.first_day} --to {world.last_day} --as-of {world.as_of.isoformat()}"
        say(f"keys: {out / 'keys'}", f"try: recon --config {path} run {days}", "Ctrl-C ends it")
        await asyncio.Event().wait()
