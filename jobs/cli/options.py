"""What the commands share: options as values, where the configuration is, JSON out."""

import getpass
import json
import os
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from jobs.config.config import Config
    from jobs.run.outcome import RunOptions


def day(text: str) -> date:
    """A date as an option has it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f'"{text}" is not a date such as 2026-01-31') from None


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f'"{text}" is not a moment such as 2026-01-31T03:00:00+07:00') from None
    if found.tzinfo is None:
        raise typer.BadParameter(f'"{text}" needs a time with its offset, such as 2026-01-31T03:00:00+07:00')
    return found.astimezone(UTC)


First = Annotated[date | None, typer.Option("--from", parser=day, metavar="DATE", help="First day, in each zone.")]
Last = Annotated[date | None, typer.Option("--to", parser=day, metavar="DATE", help="Last day, inclusive.")]
Accounts = Annotated[
    list[str] | None, typer.Option("--account", metavar="NAME", help="Only this account; may be repeated.")
]
AsOf = Annotated[
    datetime | None, typer.Option("--as-of", parser=_moment, metavar="TIME", help="What counts as now, with offset.")
]
By = Annotated[
    str, typer.Option("--by", metavar="NAME", envvar="RECON_USER", help="Who acts; else the system's login.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def read_config(context: typer.Context, needs: Collection[str] = ()) -> "Config":
    """The configuration; `needs` as in `jobs.config.load`."""
    from jobs.config.config import load

    return load(config_path(context), os.environ, needs)


def config_path(context: typer.Context) -> Path:
    """Where the configuration is: --config, else ./config.toml, else RECON_CONFIG."""
    path = Path(context.obj or "config.toml")
    if context.obj is None and not path.exists():
        path = Path(os.environ.get("RECON_CONFIG") or path)
    return path


def clock() -> datetime:
    """Now, aware UTC."""
    return datetime.now(UTC)


def options(
    first: date | None, last: date | None, accounts: list[str] | None, as_of: datetime | None, by: str, command: str
) -> "RunOptions":
    """The range options of a command, for a run that does everything."""
    from jobs.run.outcome import RunOptions

    who = by or getpass.getuser()
    return RunOptions(first, last, tuple(accounts or ()), as_of, by=who, command=command)


def words(option: str, given: Iterable[str] | None, known: Collection[str]) -> list[str]:
    """The words given for an option, all of them known; raises JobError that names every other one."""
    found = list(given or ())
    unknown = [word for word in found if word not in known]
    if not unknown:
        return found
    from jobs.config.fields import suggest
    from jobs.run.outcome import JobError

    raise JobError(*(f'{option}: "{word}" is not known{suggest(word, list(known))}' for word in unknown))


def severity_words() -> list[str]:
    """low, medium, high, critical."""
    from recon.model import Severity

    return [severity.word for severity in Severity]


def print_json(document: Any) -> None:
    """The one document of a command on stdout."""
    print(json.dumps(document, ensure_ascii=False))
