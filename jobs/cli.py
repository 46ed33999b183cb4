"""The commands of `recon`, thin; knows what may be asked, not how it is done. Imports late: --help must be quick."""

import asyncio
import getpass
import json
import os
import sys
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.told import BREAKS, DONE, INCOMPLETE, MISTAKE, say, told

if TYPE_CHECKING:
    from jobs.config import Config
    from jobs.outcome import Outcome, RunOptions

app = typer.Typer(
    help="Payment reconciliation for merchants on Omise.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
breaks_app = typer.Typer(help="The work on breaks.", no_args_is_help=True)
matches_app = typer.Typer(help="Which order belongs to which charge.", no_args_is_help=True)
runs_app = typer.Typer(help="The history of runs.", no_args_is_help=True)
db_app = typer.Typer(help="The store's tables.", no_args_is_help=True)
app.add_typer(breaks_app, name="breaks")
app.add_typer(matches_app, name="matches")
app.add_typer(runs_app, name="runs")
app.add_typer(db_app, name="db")


def _day(text: str) -> date:
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


First = Annotated[date | None, typer.Option("--from", parser=_day, metavar="DATE", help="First day, in each zone.")]
Last = Annotated[date | None, typer.Option("--to", parser=_day, metavar="DATE", help="Last day, inclusive.")]
Accounts = Annotated[list[str] | None, typer.Option("--account", help="Only this account; may be repeated.")]
AsOf = Annotated[
    datetime | None, typer.Option("--as-of", parser=_moment, metavar="TIME", help="What counts as now, with offset.")
]
By = Annotated[str, typer.Option("--by", envvar="RECON_USER", help="Who acts; else the system's login.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.callback()
def _root(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="Default ./config.toml, else RECON_CONFIG.", show_default=False)
    ] = None,
) -> None:
    context.obj = config


def main() -> None:
    """The console script."""
    app(prog_name="recon")


def _config(context: typer.Context, needs: Collection[str] = ()) -> "Config":
    from jobs.config import load

    path = context.obj or Path("config.toml")
    if context.obj is None and not path.exists():
        path = Path(os.environ.get("RECON_CONFIG") or path)
    return load(path, os.environ, needs)


def _clock() -> datetime:
    return datetime.now(UTC)


def _options(
    first: date | None, last: date | None, accounts: list[str] | None, as_of: datetime | None, by: str, command: str
) -> "RunOptions":
    from jobs.outcome import RunOptions

    who = by or getpass.getuser()
    return RunOptions(first, last, tuple(accounts or ()), as_of, by=who, command=command)


def _print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("demo-out"),
    orders: Annotated[int, typer.Option(min=100, help="About how many orders.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 1,
) -> None:
    """Show the whole job on a made-up merchant with planted breaks."""
    with told():
        from jobs.demo import demo as run_demo
        from jobs.progress import progress_on_stderr

        with progress_on_stderr() as progress:
            code = asyncio.run(run_demo(out, orders, seed, progress))
        raise typer.Exit(code)


@app.command()
def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Prove the configuration before the first night."""
    with told(as_json):
        from jobs.check import as_document, check_all, failed
        from jobs.show import table

        items = asyncio.run(check_all(lambda: _config(context), _clock))
        if as_json:
            _print_json(as_document(items))
        else:
            table(("what", "result", "details"), ((item.what, item.result, item.details) for item in items))
        raise typer.Exit(MISTAKE if failed(items) else DONE)


@app.command()
def run(
    context: typer.Context,
    first: First = None,
    last: Last = None,
    account: Accounts = None,
    as_of: AsOf = None,
    no_pull: Annotated[bool, typer.Option("--no-pull", help="Judge what is stored.")] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no workbook.")] = False,
    no_alert: Annotated[bool, typer.Option("--no-alert", help="Tell nobody.")] = False,  # noqa: ARG001 (nobody is told yet)
    fail_on: Annotated[
        str, typer.Option(metavar="SEVERITY", help="Exit with 1 if breaks of low, medium, high or critical are open.")
    ] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Pull, match, judge, record, report."""
    with told(as_json):
        limit = _word("--fail-on", fail_on, _severities()) if fail_on else None
        options = replace(_options(first, last, account, as_of, by, "run"), pull=not no_pull, report=not no_report)
        outcome = _go(_config(context, ("orders",) if no_pull else ("accounts", "orders")), options, as_json)
        raise typer.Exit(_exit_code(outcome, limit))


@app.command()
def pull(
    context: typer.Context,
    first: First = None,
    last: Last = None,
    account: Accounts = None,
    as_of: AsOf = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Only fetch and store what Omise and the shop say."""
    with told(as_json):
        asked = _options(first, last, account, as_of, by, "pull")
        options = replace(asked, judge=False, record=False, report=False)
        outcome = _go(_config(context, ("accounts", "orders")), options, as_json)
        raise typer.Exit(_exit_code(outcome, None))


@app.command()
def report(
    context: typer.Context,
    first: First = None,
    last: Last = None,
    account: Accounts = None,
    as_of: AsOf = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Only write the workbooks of what is stored."""
    with told(as_json):
        options = replace(_options(first, last, account, as_of, by, "report"), pull=False, record=False)
        outcome = _go(_config(context), options, as_json)
        raise typer.Exit(_exit_code(outcome, None))


def _go(config: "Config", options: "RunOptions", as_json: bool) -> "Outcome":
    from jobs import show
    from jobs.documents import run_document
    from jobs.progress import progress_on_stderr
    from jobs.run import run as run_job

    with progress_on_stderr() as progress:
        outcome = asyncio.run(run_job(config, options, _clock, progress))
    show.outcome(outcome)
    say(*outcome.messages)
    if as_json:
        _print_json(run_document(outcome))
    else:
        for path in outcome.reports:
            print(path)
    return outcome


def _exit_code(outcome: "Outcome", limit: str | None) -> int:
    if not outcome.complete:
        return INCOMPLETE
    if limit is None:
        return DONE
    from jobs.documents import has_open_break

    return BREAKS if has_open_break(outcome, limit) else DONE


def _severities() -> list[str]:
    from recon.model import Severity

    return [severity.word for severity in Severity]


def _word(option: str, word: str, known: Collection[str]) -> str:
    if word in known:
        return word
    from jobs.fields import suggest
    from jobs.outcome import JobError

    raise JobError(f'{option}: "{word}" is not known{suggest(word, list(known))}')


@breaks_app.command("list")
def breaks_list(
    context: typer.Context,
    account: Accounts = None,
    code: Annotated[list[str] | None, typer.Option(help="Only this code; may be repeated.")] = None,
    severity: Annotated[list[str] | None, typer.Option(help="low, medium, high, critical; may be repeated.")] = None,
    status: Annotated[list[str] | None, typer.Option(help="Default: all but the closed; may be repeated.")] = None,
    age: Annotated[int, typer.Option(min=0, metavar="DAYS", help="At least so old.")] = 0,
    owner: Annotated[str | None, typer.Option(help="Whose.")] = None,
    as_json: AsJson = False,
) -> None:
    """Breaks that are not closed, of every account, or as filtered."""
    with told(as_json):
        from jobs.run import open_ready_store
        from jobs.thresholds import THRESHOLDS
        from recon.model import CLOSED, BreakStatus, Severity
        from recon.store.record import list_breaks

        config = _config(context)
        statuses = [_word("--status", word, list(BreakStatus)) for word in status or ()]
        found = list_breaks(
            open_ready_store(config),
            accounts=[_word("--account", name, config.accounts) for name in account or ()],
            codes=[_word("--code", name, THRESHOLDS) for name in code or ()],
            severities=[Severity[_word("--severity", word, _severities()).upper()] for word in severity or ()],
            statuses=[BreakStatus(word) for word in statuses] or [s for s in BreakStatus if s not in CLOSED],
            owner=owner,
        )
        _show_breaks(config, [known for known in found if known.age_days(known.last_seen) >= age], as_json)


def _show_breaks(config: "Config", found: list[Any], as_json: bool) -> None:
    from jobs import show
    from jobs.documents import break_document

    if as_json:
        regions = {name: section.region for name, section in config.accounts.items()}
        _print_json({"breaks": [break_document(known, regions) for known in found]})
    else:
        show.breaks(found, config.currencies())


@breaks_app.command("show")
def breaks_show(context: typer.Context, id: str, as_json: AsJson = False) -> None:
    """Everything about one break."""
    with told(as_json):
        from jobs import show
        from jobs.documents import break_document
        from jobs.outcome import JobError
        from jobs.run import open_ready_store
        from recon.store.record import list_breaks

        config = _config(context)
        found = next((known for known in list_breaks(open_ready_store(config)) if known.found.id == id), None)
        if found is None:
            raise JobError(f'there is no break "{id}"; recon breaks list names them')
        document = break_document(found, {name: section.region for name, section in config.accounts.items()})
        if as_json:
            _print_json(document)
        else:
            show.one_break(document, config.currencies())


@matches_app.command("list")
def matches_list(
    context: typer.Context,
    first: First = None,
    last: Last = None,
    account: Accounts = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Every link of the range's orders with the pass that made it."""
    with told(as_json):
        from jobs import show
        from jobs.documents import match_documents
        from jobs.links import links_in_range

        config = _config(context)
        options = _options(first, last, account, as_of, "", "matches list")
        found = match_documents(links_in_range(config, options, _clock()))
        if as_json:
            _print_json({"matches": found})
        else:
            show.matches(found, config.currencies())


@app.command()
def rules(as_json: AsJson = False) -> None:
    """The catalogue of breaks: code, severity, meaning, what to do."""
    with told(as_json):
        from jobs import show
        from jobs.documents import rule_documents

        if as_json:
            _print_json({"rules": rule_documents()})
        else:
            show.rules()


@runs_app.command("list")
def runs_list(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="The latest so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """The latest runs, newest first."""
    with told(as_json):
        from jobs import show

        found = _runs(_config(context), limit)
        if as_json:
            _print_json({"runs": found})
        else:
            show.runs(found)


@runs_app.command("show")
def runs_show(context: typer.Context, run_id: int, as_json: AsJson = False) -> None:
    """Everything about one run."""
    with told(as_json):
        from jobs import show
        from jobs.outcome import JobError

        found = next((run for run in _runs(_config(context), sys.maxsize) if run["run_id"] == run_id), None)
        if found is None:
            raise JobError(f"there is no run {run_id}; recon runs list names them")
        if as_json:
            _print_json(found)
        else:
            show.one_run(found)


def _runs(config: "Config", limit: int) -> list[dict[str, Any]]:
    from jobs.documents import run_documents
    from jobs.run import open_ready_store
    from recon.store.record import list_runs

    return run_documents(list_runs(open_ready_store(config), limit))
