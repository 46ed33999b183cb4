"""`recon db archive`: old evidence out of the store into files."""

import getpass
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli.options import AsJson, By, clock, day, print_json, read_config
from jobs.logs.errors import say, told

if TYPE_CHECKING:
    from jobs.config.config import Config
    from recon.store.versions.archiving import Cut, Moved

_FIRST_ZONE = timezone(timedelta(hours=14))  # where each day begins


def db_archive(
    context: typer.Context,
    before: Annotated[
        date,
        typer.Option(parser=day, metavar="DATE", help="What is older than the day's midnight in each zone moves."),
    ],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Move old evidence into compressed files, where --as-of and the page still find it."""
    with told(as_json):
        document = archive(read_config(context), before, clock(), by or getpass.getuser())
        if as_json:
            print_json(document)
        else:
            _show(document)


def archive(config: "Config", before: date, now: datetime, by: str) -> dict[str, Any]:
    """Moves what is older than the midnight that begins a day in each account's zone, for somebody; what was done,
    as JSON.

    Raises JobError for a day that is not over anywhere, ArchiveError.
    """
    from jobs.run.outcome import JobError
    from jobs.run.run import ready_store
    from recon.store.desk.people import Act
    from recon.store.versions import archiving
    from recon.store.versions.archive import folder_of

    cut = cut_at(config, before)
    if max(cut.otherwise, *cut.accounts.values()) > now:
        raise JobError(f"--before {before} lies in the future")
    with ready_store(config) as store:
        size = archiving.size_of(store)
        moved = archiving.archive(store, cut, Act(by, now, config.audit_key))
        kept = archiving.give_back(store) if moved or archiving.has_room(store) else ""
        return {
            "before": before.isoformat(),
            "folder": str(folder_of(store)),
            "moved": _by_kind(moved),
            "files": [one.name for one in moved],
            "archive_bytes": sum(one.size for one in moved),
            "store_bytes_before": size,
            "store_bytes_after": archiving.size_of(store),
            "note": kept,
        }


def cut_at(config: "Config", before: date) -> "Cut":
    """The day's first midnight in each account's zone; for an account that is not configured, the earliest."""
    from recon.calendars import days_window
    from recon.store.versions.archiving import Cut

    moments = {one.name: days_window(before, before, one.zone).start for one in config.as_accounts()}
    return Cut(moments, datetime.combine(before, time.min, _FIRST_ZONE).astimezone(UTC))


def _by_kind(moved: "list[Moved]") -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for one in moved:
        counts = found.setdefault(one.kind, {"versions": 0, "raw": 0})
        counts[one.what] += one.rows
    return found


def _show(document: Mapping[str, Any]) -> None:
    from jobs.cli import tables

    moved = document["moved"]
    if moved:
        tables.table(("kind", "versions", "raw objects"), ((k, n["versions"], n["raw"]) for k, n in moved.items()))
        sizes = (document["store_bytes_before"], document["store_bytes_after"], document["archive_bytes"])
        print(
            "store {} KiB, was {} KiB; archived {} KiB in {}".format(
                *(f"{size // 1024:,}" for size in (sizes[1], sizes[0], sizes[2])), document["folder"]
            )
        )
    else:
        print("nothing to do")
    if document["note"]:
        say(document["note"])
