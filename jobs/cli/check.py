"""`recon check`."""

import asyncio
from typing import Annotated

import typer

from jobs.check import as_document, check_all, failed
from jobs.cli import options
from jobs.cli.answers import tables
from jobs.cli.options import clock, read_config, respond
from jobs.logs.errors import DONE, MISTAKE, say, told


def check(
    context: typer.Context,
    send_test: Annotated[bool, typer.Option("--send-test", help="Send a test message to each channel.")] = False,
    serve: Annotated[bool, typer.Option("--serve", help="Prove all that recon serve wants, too.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Prove the configuration before the first night."""
    with told(as_json):
        items = asyncio.run(check_all(lambda: read_config(context), clock, send_test=send_test, serve=serve))
        wrong = failed(items)
        ready = "serve" if serve else "run"
        command = options.next_command(context.obj, "check" if wrong else ready)
        respond(as_json, as_document(items, command), lambda: tables.checked(items))
        say(f"Correct what FAILED, then: {command}" if wrong else f"Next: {command}")
        raise typer.Exit(MISTAKE if wrong else DONE)
