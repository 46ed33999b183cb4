"""`recon serve`, thin. Imports late."""

import asyncio
import sys
from functools import partial
from typing import Annotated

import typer

from jobs.cli.options import clock, config_path, read_config
from jobs.logs.errors import DONE, told


def serve(
    context: typer.Context,
    no_scheduler: Annotated[bool, typer.Option("--no-scheduler", help="Only the page.")] = False,
    no_page: Annotated[bool, typer.Option("--no-page", help="Only the schedule.")] = False,
) -> None:
    """Run every night by itself and serve the page, until SIGTERM or Ctrl-C."""
    with told():
        if no_scheduler and no_page:
            raise typer.BadParameter("--no-scheduler and --no-page together leave nothing to serve")
        from jobs.cli.progress import Lines
        from jobs.logs.logs import configure
        from jobs.service.serve import serve as run_service

        if not sys.stderr.isatty():  # whoever collects a service's lines wants JSON
            configure(as_json=True)
            context.call_on_close(partial(configure, as_json=False))

        needs = () if no_scheduler else ("accounts", "orders")
        config, path = read_config(context, needs), config_path(context)
        asyncio.run(run_service(config, path, clock, Lines(), scheduler=not no_scheduler, page=not no_page))
        raise typer.Exit(DONE)
