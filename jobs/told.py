"""Turns whatever ends a command into its exit code and one clear line per mistake; shows no secret."""

import json
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from recon.privacy import redact

DONE, BREAKS, MISTAKE, INCOMPLETE = 0, 1, 2, 3
INTERRUPTED = 130  # as shells count Ctrl-C

_PASSWORD = re.compile(r"(://[^\s:/@]*):[^\s/@]+@")
_BASIC = re.compile(r"\b(Basic|Bearer) +[\w+/=.~-]{8,}", re.IGNORECASE)


@contextmanager
def told(as_json: bool = False) -> Iterator[None]:
    """Run a command's body; what it raises becomes lines on stderr and an exit code.

    Mistakes (an exception with `messages`) exit with 2, anything unexpected with 3: one line, and with RECON_DEBUG=1
    the traceback. With `as_json` stdout still gets one document.
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
            raise typer.Exit(MISTAKE) from None
        line = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
        if os.environ.get("RECON_DEBUG") == "1":
            say(traceback.format_exc())
        say(f"unexpected, so not complete: {line} (RECON_DEBUG=1 shows where)")
        if as_json:
            print(json.dumps({"status": "incomplete", "error": masked(line)}))
        raise typer.Exit(INCOMPLETE) from None


def say(*messages: str) -> None:
    """Lines on stderr, secrets masked."""
    for message in messages:
        print(masked(message), file=sys.stderr, flush=True)


def masked(text: str) -> str:
    """The text without keys, passwords, credentials and personal data."""
    return redact(_BASIC.sub(r"\1 […]", _PASSWORD.sub(r"\1:[…]@", text)))
