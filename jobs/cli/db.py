"""The commands of `recon db`: the store's tables, its backup, its archive."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.cli import options
from jobs.cli.answers import tables
from jobs.cli.options import actor, clock, day, read_config, respond
from jobs.config.config import Config
from jobs.logs.errors import say, told
from jobs.run.moments.later_moments import say_store
from jobs.run.opening.store import open_ready_store, ready_store
from jobs.run.outcome import JobError
from recon.calendars import days_window
from recon.extras import missing
from recon.store.copying import copy_store
from recon.store.desk.people import Act
from recon.store.engine import SQLITE, open_store, shown_url
from recon.store.migrate import copy, copy_beside, current, upgrade
from recon.store.repair import repair_clock
from recon.store.versions import archiving
from recon.store.versions.archive import copy_files, folder_of, keep_in
from recon.store.versions.archiving import Cut, Moved

_FIRST_ZONE = timezone(timedelta(hours=14))  # where each day begins

db = typer.Typer()


@db.command("archive")
def archive_before(
    context: typer.Context,
    before: Annotated[
        date,
        typer.Option(parser=day, metavar="DATE", help="What is older than the day's midnight in each zone moves."),
    ],
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Move old evidence into compressed files. --as-of and the page still find it."""
    with told(as_json):
        config = read_config(context)
        document = archive(config, before, clock(), actor(config, by))
        respond(as_json, document, lambda: _show(document))


@db.command("upgrade")
def upgrade_tables(context: typer.Context) -> None:
    """Bring the store's tables to this version. An older SQLite file is copied first."""
    with told():
        config = read_config(context)
        store = open_store(config.store_url)
        try:
            applied = upgrade(store)
            keep_in(store, config.store.archive)
            from jobs.run.opening.masking import mask_what_is_stored  # late: no other command needs it

            if masked := mask_what_is_stored(config, store, clock()):
                applied.append(f"personal data masked in {masked:,} rows, which are no new versions")
        finally:
            store.dispose()
        if config.queue is not None:
            from jobs.batch.queue import install  # late: only a queue needs procrastinate

            applied += ["queue"] if asyncio.run(install(config)) else []
        print("\n".join(applied) if applied else "nothing to do")


@db.command("current")
def current_version(context: typer.Context) -> None:
    """The version of the store's tables."""
    with told(), ready_store(read_config(context)) as store:
        print(current(store))


@db.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, or a folder that gets recon-DAY.db.")],
) -> None:
    """Copy a SQLite store and its archive (FILE.archive). Others may use it meanwhile; PostgreSQL has pg_dump."""
    with told():
        if file.is_dir():
            file /= f"recon-{clock():%Y-%m-%d}.db"
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


@db.command("copy")
def copy_whole(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="sqlite:///PATH or postgresql://…, without any row.")],
    as_json: options.AsJson = False,
) -> None:
    """Copy the whole store into another database, SQLite or PostgreSQL. Stop what runs first."""
    with told(as_json):
        document = copy_into(read_config(context), url, clock())
        respond(as_json, document, lambda: _show_copied(document))


def copy_into(config: Config, url: str, now: datetime) -> dict[str, Any]:
    """Copies the store into the database of a URL; what was copied, as JSON. Raises JobError, Refused."""
    if url.startswith("postgresql") and (words := missing("psycopg")):
        raise JobError(f"the target {words}")
    try:
        target = open_store(url)
    except ValueError as error:
        raise JobError(f"the target: {error}") from None
    try:
        with ready_store(config) as store:
            say_store(shown_url(target))
            copied = copy_store(store, target, now)
            is_archived = copied.rows["archive_file"] > 0
            return {
                "url": target.url.render_as_string(),
                "rows": dict(copied.rows),
                "left_out": list(copied.left_out),
                "archive": str(folder_of(store).absolute()) if is_archived else None,
            }
    finally:
        target.dispose()


def _show_copied(document: Mapping[str, Any]) -> None:
    counts = document["rows"].values()
    print(f"copied {sum(counts):,} rows of {len(counts)} tables; read back, all are the same")
    if document["left_out"]:
        print(f"left out, not the store's own: {', '.join(document['left_out'])}")
        print("the queue's tables are made anew by recon db upgrade")
    if document["archive"]:
        print(f'the archive\'s files stay where they are: [store] archive = "{document["archive"]}"')
    print(f"next: put {document['url']} into [store] url, then: recon check")


@db.command("repair")
def repair_store(
    context: typer.Context,
    of_clock: Annotated[
        bool, typer.Option("--clock", help="Undo what a run with a clock that was ahead of the time left.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    trust_clock: Annotated[
        bool, typer.Option("--trust-clock", help="Go by this machine's clock where Omise's cannot be asked for.")
    ] = False,
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Put a store right that knows moments later than now. A SQLite file is copied first."""
    with told(as_json):
        if not of_clock:
            raise JobError("recon db repair: say what: --clock")
        config = read_config(context)
        document = asyncio.run(repair(config, clock, actor(config, by), dry_run, trust_clock))
        respond(as_json, document, lambda: _show_repaired(document))


async def repair(
    config: Config, now: Callable[[], datetime], by: str, dry: bool = False, trusted: bool = False
) -> dict[str, Any]:
    """Puts right what is later than now, once Omise said that now is now; what was done, as JSON. Raises JobError."""
    from jobs.run.moments.gateway_clock import prove_clock  # late: no other command needs it

    date = await prove_clock(config, list(config.accounts), now)
    if date is None and not (dry or trusted):
        raise JobError(
            "Omise's time could not be asked for, and by a clock that is behind, this would undo what is right: look "
            "at this machine's clock, then say --trust-clock"
        )
    store = open_ready_store(config, writes=True)
    try:
        act = Act(by, now(), config.audit_key)
        repaired = repair_clock(store, act, dry=True)
        saved = None
        if repaired.counts and not dry:
            saved = copy_beside(store, "before-repair") if store.dialect.name == SQLITE else None
            repaired = repair_clock(store, act)
        return {
            "dry_run": dry,
            "now": act.at.isoformat(),
            "undone_runs": list(repaired.runs),
            "counts": dict(repaired.counts),
            "copy": str(saved) if saved else None,
        }
    finally:
        store.dispose()


def _show_repaired(document: Mapping[str, Any]) -> None:
    if not document["counts"]:
        print("nothing to do: the store knows no later moment than now")
        return
    tables.table(("what", "rows"), document["counts"].items())
    if document["dry_run"]:
        print("nothing was done: without --dry-run this is put right")
        return
    runs = ", ".join(f"#{run_id}" for run_id in document["undone_runs"]) or "none"
    print(f"runs undone: {runs}; their days are to be run again, the nights by themselves, others with recon run")
    if document["copy"]:
        print(f"the store as it was: {document['copy']}")


def archive(config: Config, before: date, now: datetime, by: str) -> dict[str, Any]:
    """Moves what is older than the midnight that begins a day in each account's zone; what was done, as JSON.

    Raises JobError for a day that is not over anywhere, ArchiveError.
    """
    cut = cut_at(config, before)
    if max(cut.otherwise, *cut.accounts.values()) > now:
        raise JobError(f"--before {before} lies in the future")
    with ready_store(config, writes=True) as store:
        size = archiving.size_of(store)
        moved = archiving.archive(store, cut, Act(by, now, config.audit_key))
        note = archiving.give_back(store) if moved or archiving.has_room(store) else ""
        return {
            "before": before.isoformat(),
            "folder": str(folder_of(store)),
            "moved": _by_kind(moved),
            "files": [file.name for file in moved],
            "archive_bytes": sum(file.size for file in moved),
            "store_bytes_before": size,
            "store_bytes_after": archiving.size_of(store),
            "note": note,
        }


def cut_at(config: Config, before: date) -> Cut:
    """The day's first midnight in each account's zone; for an account that is not configured, the earliest."""
    midnights = {account.name: days_window(before, before, account.zone).start for account in config.as_accounts()}
    return Cut(midnights, datetime.combine(before, time.min, _FIRST_ZONE).astimezone(UTC))


def _by_kind(moved: Sequence[Moved]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for file in moved:
        counts.setdefault(file.kind, {"versions": 0, "raw": 0})[file.what] += file.rows
    return counts


def _show(document: Mapping[str, Any]) -> None:
    moved = document["moved"]
    if moved:
        rows = ((kind, counts["versions"], counts["raw"]) for kind, counts in moved.items())
        tables.table(("kind", "versions", "raw objects"), rows)
        sizes = ("store_bytes_after", "store_bytes_before", "archive_bytes")
        after, before, archived = (f"{document[size] // 1024:,} KiB" for size in sizes)
        print(f"store {after}, was {before}; archived {archived} in {document['folder']}")
    else:
        print("nothing to do")
    if document["note"]:
        say(document["note"])
