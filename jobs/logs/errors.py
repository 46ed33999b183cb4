"""Turns whatever ends a command into its exit code and one clear line per mistake; shows no secret."""

import errno
import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

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
        try:
            yield
        finally:
            sys.stdout.flush()  # here, where it can be told, and not when the process ends
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except KeyboardInterrupt:
        say("interrupted: what was finished is kept")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError as error:
        _let_go_of(sys.stdout)
        ended = error.__context__  # the reader hung up after all was done
        raise typer.Exit(ended.exit_code if isinstance(ended, typer.Exit) else DONE) from None
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and error.errno == errno.ENOSPC:
            _let_go_of(sys.stdout)
        messages = getattr(error, "messages", None)
        if isinstance(messages, tuple):
            say(*messages, level="error")
            code = getattr(error, "exit_code", MISTAKE)
            if as_json and code == INCOMPLETE:
                print(json.dumps({"status": "incomplete", "error": masked("; ".join(messages))}))
            raise typer.Exit(code) from None
        line = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
        if os.environ.get("RECON_DEBUG") == "1":
            say(traceback.format_exc())
        words = trouble_of(error)
        line = words or line
        say(words or f"unexpected, so not complete: {line} (RECON_DEBUG=1 shows where)", level="error")
        if as_json:
            print(json.dumps({"status": "incomplete", "error": masked(line)}))
        raise typer.Exit(INCOMPLETE) from None


def say(*messages: str, level: str = "warning") -> None:
    """Lines on stderr, secrets masked; `level` is said where stderr is JSON: what ends a command is an error."""
    for message in messages:
        if is_json():
            log(message, level=level)
        else:
            to_stderr(masked(message))


def trouble_of(error: Exception) -> str:
    """What is wrong with the store or the disk and what to do; nothing for another error."""
    from recon.store.damage import trouble  # late: most commands end well

    return trouble(error)


def one_line(error: BaseException) -> str:
    """An error that nothing has words for: its type and the first line of what it says."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def to_stderr(line: str) -> None:
    """A line for people; where nobody reads any more, what goes on goes on."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _let_go_of(sys.stderr)


def _let_go_of(stream: TextIO) -> None:
    """Nobody reads it any more, or nothing fits: no second complaint, at the end of the process neither."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def note(event: str, level: str = "info", **fields: object) -> None:
    """One event and what belongs to it as a line on stderr, for people or for machines; secrets masked."""
    log(
        event,
        level=level,
        **{name: value if isinstance(value, int) else str(value) for name, value in fields.items()},
    )
    if not is_json():
        words = ", ".join(f"{name} {value}" for name, value in fields.items())
        to_stderr(masked(f"{event}: {words}"))
