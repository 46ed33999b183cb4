"""The commands of `recon rulings`: breaks out to a workbook, filled-in rulings back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.cli import options
from jobs.cli.answers import tables
from jobs.cli.options import actor, choices, clock, read_config, respond
from jobs.config.config import Config
from jobs.logs.errors import DONE, INCOMPLETE, say, told
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError
from recon import columns as c
from recon.model import CLOSED, BreakStatus
from recon.model.rulings import Outcome
from recon.store.desk.rulings import rule
from recon.store.runs.record import list_breaks
from reports.rulings.desk import RowOutcome, count, outcomes, write_outcome, write_rulings
from reports.rulings.read import read_rulings
from reports.rulings.sheet import RULING
from reports.workbook.write import replacing

rulings = typer.Typer()

_SHOWN = 50  # rows that need somebody's eye; the outcome file has them all


@rulings.command("export")
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .xlsx that does not exist yet.")],
    account: options.Accounts = None,
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="Only this person's.")] = None,
) -> None:
    """Write what is open to a workbook. It has drop-downs for the rulings."""
    with told():
        config = read_config(context)
        names = choices("--account", account, config.accounts)
        if file.suffix.lower() != ".xlsx":
            raise JobError(f"{file}: name a file that ends with .xlsx")
        if file.exists():  # what somebody may have filled in is not written over
            raise JobError(f"{file} exists, and may hold rulings: name another file")
        _check_folder(file)
        statuses = [status for status in BreakStatus if status not in CLOSED]
        with ready_store(config) as store:
            breaks = list_breaks(store, accounts=names, statuses=statuses, owner=owner)
        with replacing(file) as out:
            write_rulings(breaks, config.accounts_by_name(), config.limits(), out, clock().date())
        say(f"{len(breaks):,} breaks that are not closed")
        print(file)


@rulings.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A filled-in file of `recon rulings export`.")],
    outcome: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What became of each row; default FILE.outcome.xlsx beside it."),
    ] = None,
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Apply a filled-in workbook. What became of each row is written beside it."""
    with told(as_json):
        target = outcome or file.with_suffix(".outcome.xlsx")
        config = read_config(context)
        rows = _import(config, file, target, actor(config, by))
        counts = count(rows)
        document = {"rows": [_document(row) for row in rows], "counts": counts, "outcome": str(target)}
        respond(as_json, document, lambda: _show(rows, counts, target))
        raise typer.Exit(INCOMPLETE if counts["refused"] else DONE)


def _import(config: Config, file: Path, target: Path, who: str) -> list[RowOutcome]:
    """Read, apply in one transaction, write the outcome, which can be written before anything is applied."""
    if target.resolve() == file.resolve():
        raise JobError(f"--outcome {target}: that is the file itself")
    now = clock()
    try:
        lines = read_rulings(file, who)
    except OSError as error:
        raise JobError(f"{file}: {error.strerror or error}") from None
    _check_folder(target)
    accounts = config.accounts_by_name()
    asks = [line.ask for line in lines if line.ask]
    with ready_store(config, writes=True) as store, replacing(target) as out:
        answers = rule(store, asks, config.limits(), now, config.audit_key, accounts) if asks else []
        rows = outcomes(lines, answers)
        write_outcome(rows, config.currencies(), out, now.date())
    return rows


def _check_folder(file: Path) -> None:
    if not file.parent.is_dir():
        raise JobError(f"{file}: there is no folder {file.parent}")


def _document(row: RowOutcome) -> dict[str, Any]:
    return {
        "row": row.desk_row.number,
        "break_id": row.desk_row.texts.get(c.BREAK_ID),
        "ruling": row.desk_row.texts.get(RULING),
        "outcome": row.outcome,
        "why": row.why,
        "ruling_id": row.ruling_id,
    }


def _show(rows: Sequence[RowOutcome], counts: dict[str, int], target: Path) -> None:
    """The rows that somebody must look at, then how many came to what."""
    unsettled = [_document(row) for row in rows if row.outcome in (Outcome.REFUSED, Outcome.PENDING)]
    if unsettled:
        lines = (
            (str(row["row"]), _plain(row["outcome"]), row["break_id"], row["ruling"], row["why"])
            for row in unsettled[:_SHOWN]
        )
        tables.table(("row", "outcome", "break", "ruling", "why"), lines)
    if len(unsettled) > _SHOWN:
        print(f"and {len(unsettled) - _SHOWN:,} more, in the outcome file")
    tables.table(("outcome", "rows"), ((_plain(word), number) for word, number in counts.items()))
    print(target)


def _plain(word: str) -> str:
    return word.replace("_", " ")
