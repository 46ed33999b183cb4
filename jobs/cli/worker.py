"""`recon worker`, thin; importing late as `jobs.cli.app` does."""

import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import clock, read_config
from jobs.logs.errors import DONE, told

if TYPE_CHECKING:
    from jobs.config.config import Config


def worker(
    context: typer.Context,
    name: Annotated[str, typer.Option(metavar="NAME", help="In logs; else the host and the process.")] = "",
    concurrency: Annotated[
        int, typer.Option(min=1, max=16, metavar="N", help="Steps at once; about as many as the host has cores.")
    ] = 2,
) -> None:
    """Do the steps of backfills and nights that [queue] hands out, until SIGTERM or Ctrl-C.

    Start one on each of any number of hosts, with the same configuration, keys, order files and statements; recon db
    upgrade makes the tables first. A worker may die at any moment: others do again what it was at. One that is asked
    to end takes nothing new and gives what runs 60 seconds.
    """
    with told():
        from jobs.logs.logs import configure

        if not sys.stderr.isatty():  # whoever collects a service's lines wants JSON
            configure(as_json=True)
            context.call_on_close(partial(configure, as_json=False))
        asyncio.run(_work(read_config(context, ("accounts", "orders")), name, concurrency))
        raise typer.Exit(DONE)


async def _work(config: "Config", name: str, concurrency: int) -> None:
    import os
    import socket

    from jobs.batch.queue import PACE
    from jobs.batch.worker import work
    from jobs.logs.errors import note
    from jobs.service.signals import asked_to_end

    with asked_to_end() as stop:
        working = asyncio.create_task(
            work(config, clock, name or f"{socket.gethostname()} {os.getpid()}", concurrency, stop)
        )
        asked = asyncio.create_task(stop.wait())
        await asyncio.wait((working, asked), return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if stop.is_set():
            note("ending", grace=f"{PACE.grace:g} s for what runs")
        await working
