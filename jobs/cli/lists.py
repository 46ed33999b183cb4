"""The commands that read: breaks, matches, rules, runs, db; thin, and importing late as `jobs.cli.app` does."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli.archive import db_archive
from jobs.cli.breaks import add_to
from jobs.cli.options import (
    Accounts,
    AsJson,
    AsOf,
    First,
    Last,
    clock,
    options,
    print_json,
    read_config,
    severity_words,
    words,
)
from jobs.logs.errors import told

if TYPE_CHECKING:
    from jobs.config.config import Config

breaks_app = typer.Typer(help="The work on breaks.", no_args_is_help=True)
matches_app = typer.Typer(help="Which order belongs to which charge.", no_args_is_help=True)
runs_app = typer.Typer(help="The history of runs.", no_args_is_help=True)
db_app = typer.Typer(help="The store's tables.", no_args_is_help=True)
add_to(breaks_app)
db_app.command("archive")(db_archive)


@breaks_app.command("list")
def breaks_list(
    context: typer.Context,
    account: Accounts = None,
    code: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Only this code; may be repeated.")] = None,
    severity: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="low, medium, high, critical; may be repeated.")
    ] = None,
    status: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="Default: all but the closed; may be repeated.")
    ] = None,
    age: Annotated[int, typer.Option(min=0, metavar="DAYS", help="At least so old.")] = 0,
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="Whose.")] = None,
    as_json: AsJson = False,
) -> None:
    """Breaks that are not closed, of every account, or as filtered."""
    with told(as_json):
        from jobs.config.thresholds import THRESHOLDS
        from jobs.run.run import ready_store
        from recon.model import CLOSED, BreakStatus, Severity
        from recon.store.runs.record import list_breaks

        config = read_config(context)
        statuses = words("--status", status, list(BreakStatus))
        with ready_store(config) as store:
            found = list_breaks(
                store,
                accounts=words("--account", account, config.accounts),
                codes=words("--code", code, THRESHOLDS),
                severities=[Severity[word.upper()] for word in words("--severity", severity, severity_words())],
                statuses=[BreakStatus(word) for word in statuses] or [s for s in BreakStatus if s not in CLOSED],
                owner=owner,
            )
        _show_breaks(config, found, age, as_json)


def _show_breaks(config: "Config", found: list[Any], age: int, as_json: bool) -> None:
    from jobs.cli import tables
    from reports.documents import age_days, break_document

    accounts = {account.name: account for account in config.as_accounts()}
    old_enough = [known for known in found if age_days(known, accounts) >= age]
    if as_json:
        print_json({"breaks": [break_document(known, accounts) for known in old_enough]})
    else:
        tables.breaks(old_enough, accounts, config.currencies())


@breaks_app.command("show")
def breaks_show(context: typer.Context, id: str, as_json: AsJson = False) -> None:
    """Everything about one break."""
    with told(as_json):
        from jobs.cli import tables
        from jobs.desk.actions import one_break, whole_document

        config = read_config(context)
        document = whole_document(config, *one_break(config, id))
        if as_json:
            print_json(document)
        else:
            tables.one_break(document, config.currencies())


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
        from jobs.cli import tables
        from jobs.cli.documents import match_documents
        from jobs.desk.matches import links_in_range

        config = read_config(context)
        asked = options(first, last, account, as_of, "", "matches list")
        found = match_documents(links_in_range(config, asked, clock()))
        if as_json:
            print_json({"matches": found})
        else:
            tables.matches(found, config.currencies())


@runs_app.command("list")
def runs_list(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="The latest so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """The latest runs, newest first."""
    with told(as_json):
        from jobs.cli import tables
        from jobs.cli.documents import run_documents
        from jobs.run.run import ready_store
        from recon.store.runs.record import list_runs

        with ready_store(read_config(context)) as store:
            found = run_documents(list_runs(store, limit))
        if as_json:
            print_json({"runs": found})
        else:
            tables.runs(found)


@runs_app.command("show")
def runs_show(context: typer.Context, run_id: int, as_json: AsJson = False) -> None:
    """Everything about one run."""
    with told(as_json):
        from jobs.cli import tables
        from jobs.cli.documents import run_documents
        from jobs.run.outcome import JobError
        from jobs.run.run import ready_store
        from recon.store.runs.record import one_run

        with ready_store(read_config(context)) as store:
            run = one_run(store, run_id)
        if run is None:
            raise JobError(f"there is no run {run_id}; recon runs list names them")
        (found,) = run_documents([run])
        if as_json:
            print_json(found)
        else:
            tables.one_run(found)


@runs_app.command("diff")
def runs_diff(context: typer.Context, before: int, after: int, as_json: AsJson = False) -> None:
    """What changed between two runs of a range: figures and breaks."""
    with told(as_json):
        from jobs.desk.comparing import runs_diff as diff
        from jobs.desk.comparing import show_diff

        config = read_config(context)
        found = diff(config, before, after)
        if as_json:
            print_json(found)
        else:
            show_diff(found, config.currencies())


@db_app.command("upgrade")
def db_upgrade(context: typer.Context) -> None:
    """Bring the store's tables to this version; an older SQLite file is copied first."""
    with told():
        from recon.store.engine import open_store
        from recon.store.migrate import upgrade

        config = read_config(context)
        store = open_store(config.store_url)
        try:
            applied = upgrade(store)
        finally:
            store.dispose()
        if config.queue is not None:
            import asyncio

            from jobs.batch.queue import install

            applied += ["queue"] if asyncio.run(install(config)) else []
        print("\n".join(applied) if applied else "nothing to do")


@db_app.command("current")
def db_current(context: typer.Context) -> None:
    """The version of the store's tables."""
    with told():
        from jobs.run.run import ready_store
        from recon.store.migrate import current

        with ready_store(read_config(context)) as store:
            print(current(store))


@db_app.command("backup")
def db_backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")],
) -> None:
    """Copy a SQLite store and its archive (FILE.archive), whole, while others may use it; PostgreSQL has pg_dump."""
    with told():
        from jobs.run.outcome import JobError
        from jobs.run.run import ready_store
        from recon.store.engine import SQLITE
        from recon.store.migrate import copy
        from recon.store.versions.archive import copy_files

        if file.exists():
            raise JobError(f"{file}: exists already")
        if not file.absolute().parent.is_dir():
            raise JobError(f"{file}: its folder does not exist")
        with ready_store(read_config(context)) as store:
            if store.dialect.name != SQLITE:
                raise JobError(
                    "this store is PostgreSQL: back it up with pg_dump, and its archive's folder beside it"
                )
            copy(store, file)
            copy_files(store, Path(f"{file}.archive"))
        print(file)
