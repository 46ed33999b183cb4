"""`recon serve` and `recon worker`: what runs until it is told to end."""

import asyncio
import os
import socket
import sys
from functools import partial
from typing import Annotated

import typer

from jobs.batch.queue_settings import PACE, queue_url
from jobs.cli.answers.progress import Lines
from jobs.cli.options import clock, config_path, read_config
from jobs.config.config import Config
from jobs.logs.errors import DONE, note, told
from jobs.logs.logs import configure
from jobs.service.serve import serve as run_service
from jobs.service.signals import asked_to_end


def serve(
    context: typer.Context,
    no_scheduler: Annotated[bool, typer.Option("--no-scheduler", help="Only the page.")] = False,
    no_page: Annotated[bool, typer.Option("--no-page", help="Only the schedule.")] = False,
) -> None:
    """Run every night by itself and serve the page. SIGTERM or Ctrl-C ends it."""
    with told():
        if no_scheduler and no_page:
            raise typer.BadParameter("--no-scheduler and --no-page together leave nothing to serve")
        _log_for_collectors(context)
        config = read_config(context, () if no_scheduler else ("accounts", "orders"))
        path = config_path(context)
        asyncio.run(run_service(config, path, clock, Lines(), scheduler=not no_scheduler, page=not no_page))
        raise typer.Exit(DONE)


def worker(
    context: typer.Context,
    name: Annotated[str, typer.Option(metavar="NAME", help="In logs; else the host and the process.")] = "",
    concurrency: Annotated[
        int, typer.Option(min=1, max=16, metavar="N", help="Steps at once; about as many as the host has cores.")
    ] = 2,
) -> None:
    """Do what backfills and nights put into [queue]. SIGTERM or Ctrl-C ends it.

    Start one on each of any number of hosts, with the same configuration, keys, order files and statements; recon db
    upgrade makes the tables first. A worker may die at any moment: others do again what it was at. One that is asked
    to end takes nothing new and gives what runs 60 seconds.
    """
    with told():
        _log_for_collectors(context)
        config = read_config(context, ("accounts", "orders"))
        queue_url(config)  # refused where there is none, before anything that it needs is imported
        asyncio.run(_work(config, name or f"{socket.gethostname()} {os.getpid()}", concurrency))
        raise typer.Exit(DONE)


def _log_for_collectors(context: typer.Context) -> None:
    """Whoever collects a service's lines wants JSON."""
    if not sys.stderr.isatty():
        configure(as_json=True)
        context.call_on_close(partial(configure, as_json=False))


async def _work(config: Config, name: str, concurrency: int) -> None:
    from jobs.batch.worker import work  # late: only a queue needs procrastinate

    with asked_to_end() as stop:
        working = asyncio.create_task(work(config, clock, name, concurrency, stop))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if stop.is_set():
            note("ending", grace=f"{PACE.grace:g} s for what runs")
        await working
