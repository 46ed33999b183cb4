"""`recon check`."""

import asyncio
import shlex
from functools import partial
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

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
        looked_at = check_all(
            lambda: read_config(context),
            clock,
            send_test=send_test,
            serve=serve,
            command_mistake=partial(_command_mistake, context.find_root()),
        )
        items = asyncio.run(looked_at)
        wrong = failed(items)
        ready = "serve" if serve else "run"
        command = options.next_command(context.obj, "check" if wrong else ready)
        respond(as_json, as_document(items, command), lambda: tables.checked(items))
        say(f"Correct what FAILED, then: {command}" if wrong else f"Next: {command}")
        raise typer.Exit(MISTAKE if wrong else DONE)


def _command_mistake(root: Any, line: str) -> str:
    """Why a command line of ours, with or without `recon`, cannot be run."""
    command: Any = root.command
    inner = root
    try:
        words = shlex.split(line)
        words = words[1:] if words[:1] == ["recon"] else words
        while isinstance(command, TyperGroup) and not command.invoke_without_command:
            if not words:
                return "a command is missing"
            name, command, words = command.resolve_command(inner, words)
            inner = type(root)(command, info_name=name, parent=inner)
        command.make_context(inner.info_name, words, parent=inner.parent)
    except (typer.TyperException, ValueError) as error:
        says = getattr(error, "format_message", partial(str, error))
        return str(says())
    return ""
