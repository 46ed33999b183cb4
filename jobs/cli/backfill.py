"""`recon backfill`, thin; importing late as `jobs.cli.app` does."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import Accounts, AsJson, By, First, Last, clock, options, print_json, read_config
from jobs.logs.errors import DONE, INCOMPLETE, say, told

if TYPE_CHECKING:
    from jobs.batch.backfill import DoBatch
    from jobs.config.config import Config


def backfill(
    context: typer.Context,
    first: First = None,
    last: Last = None,
    account: Accounts = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no workbooks.")] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Run a long range month by month; a month that is complete already is not run again.

    With [queue] in the configuration, workers do it (recon worker) and this command waits for them. What was stopped
    goes on where it stopped, when the same is asked for within a day.
    """
    with told(as_json):
        from dataclasses import replace

        from jobs.batch.backfill import backfill as run_months
        from jobs.cli import tables
        from jobs.cli.documents import run_document
        from jobs.cli.progress import progress_on_stderr

        config = read_config(context, ("accounts", "orders"))
        asked = replace(options(first, last, account, None, by, "backfill"), report=not no_report)
        try:
            with progress_on_stderr() as progress:
                outcomes = asyncio.run(run_months(config, asked, clock, progress, _way(config)))
        except KeyboardInterrupt:
            if config.queue is not None:
                say("only the waiting ends: workers go on, and the same command waits for them again")
            raise
        for outcome in outcomes:
            tables.outcome(outcome)
            say(*outcome.messages)
        if as_json:
            print_json({"runs": [run_document(outcome) for outcome in outcomes]})
        else:
            for line in [path for outcome in outcomes for path in outcome.reports] if outcomes else ["nothing to do"]:
                print(line)
        raise typer.Exit(DONE if all(outcome.complete for outcome in outcomes) else INCOMPLETE)


def _way(config: "Config") -> "DoBatch":
    """Here, or on the queue where there is one."""
    if config.queue is None:
        from jobs.batch.local import do_batch

        return do_batch
    from jobs.batch.queue import enqueue_and_wait

    return enqueue_and_wait
