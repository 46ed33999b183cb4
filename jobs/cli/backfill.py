"""`recon backfill`."""

import asyncio
from dataclasses import replace
from typing import Annotated

import typer

from jobs.batch.backfill import DoBatch
from jobs.batch.backfill import backfill as run_months
from jobs.batch.local import do_batch
from jobs.cli import options
from jobs.cli.answers import tables
from jobs.cli.answers.documents import run_document
from jobs.cli.answers.progress import progress_on_stderr
from jobs.cli.options import clock, print_lines, read_config, respond, run_options
from jobs.desk.signed_ranges import signed_before
from jobs.logs.errors import DONE, INCOMPLETE, say, told
from recon.result.trust import doubt_lines


def backfill(
    context: typer.Context,
    first: options.First = None,
    last: options.Last = None,
    account: options.Accounts = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no workbooks.")] = False,
    full: options.Full = False,
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Run a long range month by month. A month that is complete is not run again.

    With [queue] in the configuration, workers do it (recon worker) and this command waits for them. What was stopped
    goes on where it stopped, when the same is asked for within a day.
    """
    with told(as_json):
        config = read_config(context, ("accounts", "orders"))
        wanted = replace(
            run_options(config, first, last, account, None, by, "backfill"), full=full, report=not no_report
        )
        say(*signed_before(config, wanted, clock()))
        way: DoBatch = do_batch
        if config.queue is not None:
            from jobs.batch.queue import enqueue_and_wait  # late: only a queue needs procrastinate

            way = enqueue_and_wait
        try:
            with progress_on_stderr() as progress:
                outcomes = asyncio.run(run_months(config, wanted, clock, progress, way))
        except KeyboardInterrupt:
            if config.queue is not None:
                say("only the waiting ends: workers go on, and the same command waits for them again")
            raise
        for outcome in outcomes:
            tables.outcome(outcome)
            say(*(unsigned.sentence for unsigned in outcome.unsigned))
            say(*outcome.messages, *doubt_lines(outcome.results, config.currencies(), outcome.messages))
        reports = [path for outcome in outcomes for path in outcome.reports] if outcomes else ["nothing to do"]
        document = {"runs": [run_document(outcome) for outcome in outcomes]}
        respond(as_json, document, lambda: print_lines(reports))
        raise typer.Exit(DONE if all(outcome.complete for outcome in outcomes) else INCOMPLETE)
