"""`recon run`, `pull` and `report`: the job over a range, whole or in part."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.alerts.send import run_and_tell
from jobs.cli import options
from jobs.cli.answers import tables
from jobs.cli.answers.documents import has_open_break, run_document
from jobs.cli.answers.progress import progress_on_stderr
from jobs.cli.options import SEVERITIES, choices, clock, print_lines, read_config, respond, run_options
from jobs.config.config import Config
from jobs.desk.signed_ranges import signed_before
from jobs.logs.errors import BREAKS, DONE, INCOMPLETE, say, told
from jobs.logs.logs import is_json
from jobs.run.outcome import WATCH, JobError, Outcome, Progress, RunOptions
from jobs.run.run import run as run_job
from recon.result.trust import doubt_lines, trust_lines

Job = Callable[[Config, RunOptions, Callable[[], datetime], Progress], Coroutine[Any, Any, Outcome]]


def run(
    context: typer.Context,
    first: options.First = None,
    last: options.Last = None,
    account: options.Accounts = None,
    as_of: options.AsOf = None,
    today: Annotated[bool, typer.Option("--today", help="The day so far: pull what is new, judge, alert.")] = False,
    no_pull: Annotated[bool, typer.Option("--no-pull", help="Judge what is stored.")] = False,
    full: options.Full = False,
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
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Pull, match, judge, record, report."""
    with told(as_json):
        choices("--format", [format_], ("xlsx", "csv", "parquet"))
        choices("--fail-on", [fail_on] if fail_on else (), SEVERITIES)
        elsewhen = {"--from": first, "--to": last, "--as-of": as_of}
        given = elsewhen | {"--no-pull": no_pull, "--full": full, "--opening": opening}
        if today and any(given.values()):
            wrong = " and ".join(option for option, value in given.items() if value)
            raise JobError(f"--today looks at the day so far, as of now: it does not go with {wrong}")
        config = read_config(context, ("orders",) if no_pull else ("accounts", "orders"))
        wanted = replace(
            run_options(config, first, last, account, as_of, by, WATCH if today else "run"),
            pull=not no_pull,
            full=full,
            report=not (no_report or today),
            opening=opening,
            format=format_,
            today=today,
        )
        say(*([] if today else signed_before(config, wanted, clock())))
        outcome = _run(config, wanted, as_json, partial(run_and_tell, silent=no_alert))
        open_breaks = bool(fail_on) and has_open_break(outcome, fail_on)
        raise typer.Exit(INCOMPLETE if not outcome.complete else BREAKS if open_breaks else DONE)


def pull(
    context: typer.Context,
    first: options.First = None,
    last: options.Last = None,
    account: options.Accounts = None,
    as_of: options.AsOf = None,
    full: options.Full = False,
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Only fetch and store what Omise and the shop say."""
    with told(as_json):
        config = read_config(context, ("accounts", "orders"))
        wanted = run_options(config, first, last, account, as_of, by, "pull")
        outcome = _run(config, replace(wanted, full=full, judge=False, record=False, report=False), as_json)
        raise typer.Exit(DONE if outcome.complete else INCOMPLETE)


def report(
    context: typer.Context,
    first: options.First = None,
    last: options.Last = None,
    account: options.Accounts = None,
    as_of: options.AsOf = None,
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Only write the workbooks of what is stored."""
    with told(as_json):
        config = read_config(context)
        wanted = run_options(config, first, last, account, as_of, by, "report")
        outcome = _run(config, replace(wanted, pull=False, record=False), as_json)
        raise typer.Exit(DONE if outcome.complete else INCOMPLETE)


def _run(config: Config, wanted: RunOptions, as_json: bool, job: Job = run_job) -> Outcome:
    with progress_on_stderr() as progress:
        outcome = asyncio.run(job(config, wanted, clock, progress))
    tables.outcome(outcome)
    tables.money(outcome.results, config.currencies())
    lines = doubt_lines if is_json() else trust_lines
    say(*lines(outcome.results, config.currencies(), outcome.messages))
    say(*outcome.messages, *(unsigned.sentence for unsigned in outcome.unsigned))
    respond(as_json, run_document(outcome), lambda: print_lines(outcome.reports))
    return outcome
