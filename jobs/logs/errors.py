"""Turns whatever ends a command into its exit code and one clear line per mistake; shows no secret."""

import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from jobs.logs.logs import is_json, log
from jobs.logs.redaction import masked

DONE = 0
BREAKS = 1
MISTAKE = 2
INCOMPLETE = 3
INTERRUPTED = 130  # as shells count Ctrl-C


@contextmanager
def told(as_json: bool = False) -> Iterator[None]:
    """Run a command's body; what it raises becomes lines on stderr and an exit code.

    Mistakes (an exception with `messages`) exit with 2 or their own `exit_code`, anything unexpected with 3: one
    line, and with RECON_DEBUG=1 the traceback. With `as_json` stdout still gets one document where the code is 3.
    """
    try:
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except KeyboardInterrupt:
        say("interrupted: what was finished is kept")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads any more: no second complaint
        raise typer.Exit(DONE) from None
    except Exception as error:
        messages = getattr(error, "messages", None)
        if isinstance(messages, tuple):
            say(*messages)
            code = getattr(error, "exit_code", MISTAKE)
            if as_json and code == INCOMPLETE:
                print(json.dumps({"status": "incomplete", "error": masked("; ".join(messages))}))
            raise typer.Exit(code) from None
        line = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
        if os.environ.get("RECON_DEBUG") == "1":
            say(traceback.format_exc())
        say(f"unexpected, so not complete: {line} (RECON_DEBUG=1 shows where)")
        if as_json:
            print(json.dumps({"status": "incomplete", "error": masked(line)}))
        raise typer.Exit(INCOMPLETE) from None


def say(*messages: str) -> None:
    """Lines on stderr, secrets masked; where stderr is JSON, warnings."""
    for message in messages:
        if is_json():
            log(message, level="warning")
        else:
            print(masked(message), file=sys.stderr, flush=True)


def note(event: str, level: str = "info", **fields: object) -> None:
    """One event and what belongs to it as a line on stderr, for people or for machines; secrets masked."""
    log(
        event,
        level=level,
        **{name: value if isinstance(value, int) else str(value) for name, value in fields.items()},
    )
    if not is_json():
        words = ", ".join(f"{name} {value}" for name, value in fields.items())
        print(masked(f"{event}: {words}"), file=sys.stderr, flush=True)
