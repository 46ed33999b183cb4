"""What the commands share: options as values, where the configuration is, how they answer."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.config.config import Config, load
from jobs.config.fields import suggest
from jobs.run.moments.later_moments import command_begins
from jobs.run.opening.login import system_login
from jobs.run.outcome import JobError, RunOptions
from recon.model import Severity
from recon.people import is_same_person

SEVERITIES = tuple(severity.word for severity in Severity)


def day(text: str) -> date:
    """A date as an option has it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f'"{text}" is not a date such as 2026-01-31') from None


def aware_moment(text: str) -> datetime:
    """A moment as an option has it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f'"{text}" is not a moment such as 2026-01-31T03:00:00+07:00') from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f'"{text}" needs a time with its offset, such as 2026-01-31T03:00:00+07:00')
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise typer.BadParameter(f'"{text}" is beyond all calendars') from None


First = Annotated[date | None, typer.Option("--from", parser=day, metavar="DATE", help="First day, in each zone.")]
Last = Annotated[date | None, typer.Option("--to", parser=day, metavar="DATE", help="Last day, inclusive.")]
Accounts = Annotated[
    list[str] | None, typer.Option("--account", metavar="NAME", help="Only this account; may be repeated.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", parser=aware_moment, metavar="TIME", help="What counts as now, with offset."),
]
Full = Annotated[bool, typer.Option("--full", help="Sweep again what was swept before.")]
By = Annotated[
    str,
    typer.Option(
        "--by",
        metavar="NAME",
        envvar="RECON_USER",
        help="Who acts, where names are trusted; else the system's login.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def read_config(context: typer.Context, needs: Collection[str] = ()) -> Config:
    """The configuration; `needs` as in `jobs.config.config.load`."""
    config = load(config_path(context), os.environ, needs)
    config.share_line(os.environ)
    command_begins()
    return config


def config_path(context: typer.Context) -> Path:
    """Where the configuration is: --config, else RECON_CONFIG, else ./config.toml."""
    return Path(context.obj or os.environ.get("RECON_CONFIG") or "config.toml")


def next_command(path: Path | None, words: str) -> str:
    """What to type next, with the configuration's path where it must be given."""
    given = f"--config {shlex.quote(str(path))} " if path else ""
    return f"{program()} {given}{words}"


def program() -> str:
    """How to call recon from here: its name, or the path that it was called by where no PATH leads to it."""
    called = sys.argv[0]
    return shlex.quote(called) if Path(called).name == "recon" and not shutil.which("recon") else "recon"


def clock() -> datetime:
    """Now, aware UTC."""
    return datetime.now(UTC)


def actor(config: Config, by: str) -> str:
    """Who acts: the operating system's login; another name, where names are trusted. Raises JobError."""
    login = system_login()
    if by and not config.rulings.trusted_names and not is_same_person(by, login):
        raise JobError(
            "--by or RECON_USER may name another person than the operating system's login "
            f"({login}) only with [rulings] trusted_names = true"
        )
    return by if by and config.rulings.trusted_names else login


def run_options(
    config: Config,
    first: date | None,
    last: date | None,
    accounts: list[str] | None,
    as_of: datetime | None,
    by: str,
    command: str,
) -> RunOptions:
    """The range options of a command, for a run that does everything."""
    return RunOptions(first, last, tuple(accounts or ()), as_of, by=actor(config, by), command=command)


def choices(option: str, given: Iterable[str] | None, allowed: Collection[str]) -> list[str]:
    """The words given for an option; raises JobError that names every one that is not allowed."""
    words = list(given or ())
    unknown = [word for word in words if word not in allowed]
    if unknown:
        raise JobError(*(f'{option}: "{word}" is not known{suggest(word, allowed)}' for word in unknown))
    return words


def respond(as_json: bool, document: Any, show: Callable[[], object]) -> None:
    """A command's answer on stdout: the one JSON document, or what `show` prints for people."""
    if as_json:
        print(json.dumps(document, ensure_ascii=False))
    else:
        show()


def print_lines(lines: Iterable[object]) -> None:
    """Each on a line of stdout; nothing where there are none."""
    for line in lines:
        print(line)
