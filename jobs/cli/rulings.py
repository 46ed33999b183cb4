"""The commands of the Excel desk: breaks out to a workbook, filled-in rulings back."""

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli.options import Accounts, AsJson, By, clock, print_json, read_config, words
from jobs.logs.errors import DONE, INCOMPLETE, say, told

if TYPE_CHECKING:
    from jobs.config.config import Config
    from reports.rulings.desk import RowOutcome

rulings_app = typer.Typer(help="The work on breaks as a workbook.", no_args_is_help=True)

_SHOWN = 50  # rows that need somebody's eye; the outcome file has them all


@rulings_app.command("export")
def rulings_export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .xlsx that does not exist yet.")],
    account: Accounts = None,
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="Only this person's.")] = None,
) -> None:
    """Write the breaks that are not closed to a workbook with drop-downs for the rulings."""
    with told():
        from jobs.run.run import ready_store
        from recon.model import CLOSED, BreakStatus
        from recon.store.runs.record import list_breaks
        from reports.rulings.desk import write_rulings
        from reports.workbook.write import replacing

        config = read_config(context)
        accounts = words("--account", account, config.accounts)
        _check_new(file)
        with ready_store(config) as store:
            statuses = [status for status in BreakStatus if status not in CLOSED]
            known = list_breaks(store, accounts=accounts, statuses=statuses, owner=owner)
        by_name = {one.name: one for one in config.as_accounts()}
        with replacing(file) as out:
            write_rulings(known, by_name, config.currencies(), out, clock().date())
        say(f"{len(known):,} breaks that are not closed")
        print(file)


@rulings_app.command("import")
def rulings_import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A filled-in file of `recon rulings export`.")],
    outcome: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What became of each row; default FILE.outcome.xlsx beside it."),
    ] = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Apply the rulings of a filled-in workbook and write what became of each row."""
    with told(as_json):
        from reports.rulings.desk import count

        target = outcome or file.with_suffix(".outcome.xlsx")
        rows = _import(read_config(context), file, target, by or getpass.getuser())
        counts = count(rows)
        if as_json:
            print_json({"rows": [_document(one) for one in rows], "counts": counts, "outcome": str(target)})
        else:
            _show(rows, counts)
            print(target)
        raise typer.Exit(INCOMPLETE if counts["refused"] else DONE)


def _import(config: "Config", file: Path, target: Path, who: str) -> "list[RowOutcome]":
    """Read, apply in one transaction, write the outcome, which can be written before anything is applied."""
    from jobs.run.outcome import JobError
    from jobs.run.run import ready_store
    from recon.store.desk.rulings import rule
    from reports.rulings.desk import outcomes, write_outcome
    from reports.rulings.read import read_rulings
    from reports.workbook.write import replacing

    if target.resolve() == file.resolve():
        raise JobError(f"--outcome {target}: that is the file itself")
    now = clock()
    try:
        lines = read_rulings(file, who)
    except OSError as error:
        raise JobError(f"{file}: {error.strerror or error}") from None
    _check_folder(target)
    accounts = {one.name: one for one in config.as_accounts()}
    asks = [line.ask for line in lines if line.ask]
    with ready_store(config) as store, replacing(target) as out:
        rows = outcomes(lines, rule(store, asks, config.limits(), now, config.audit_key, accounts) if asks else [])
        write_outcome(rows, config.currencies(), out, now.date())
    return rows


def _check_new(file: Path) -> None:
    """What somebody may have filled in is not written over."""
    from jobs.run.outcome import JobError

    if file.suffix.lower() != ".xlsx":
        raise JobError(f"{file}: name a file that ends with .xlsx")
    if file.exists():
        raise JobError(f"{file} exists, and may hold rulings: name another file")
    _check_folder(file)


def _check_folder(file: Path) -> None:
    from jobs.run.outcome import JobError

    if not file.parent.is_dir():
        raise JobError(f"{file}: there is no folder {file.parent}")


def _document(row: "RowOutcome") -> dict[str, Any]:
    from recon import columns as c
    from reports.rulings.sheet import RULING

    texts = row.line.texts
    return {
        "row": row.line.number,
        "break_id": texts.get(c.BREAK_ID),
        "ruling": texts.get(RULING),
        "outcome": row.outcome,
        "why": row.why,
        "ruling_id": row.ruling_id,
    }


def _show(rows: "Sequence[RowOutcome]", counts: dict[str, int]) -> None:
    """The rows that somebody must look at, then how many came to what."""
    from jobs.cli import tables
    from recon import columns as c
    from recon.model.rulings import Became
    from reports.rulings.sheet import RULING

    open_ends = [one for one in rows if one.outcome in (Became.REFUSED, Became.PENDING)]
    if open_ends:
        lines = (
            (
                str(one.line.number),
                _plain(one.outcome),
                one.line.texts.get(c.BREAK_ID),
                one.line.texts.get(RULING),
                one.why,
            )
            for one in open_ends[:_SHOWN]
        )
        tables.table(("row", "outcome", "break", "ruling", "why"), lines)
    if len(open_ends) > _SHOWN:
        print(f"and {len(open_ends) - _SHOWN:,} more, in the outcome file")
    tables.table(("outcome", "rows"), ((_plain(outcome), number) for outcome, number in counts.items()))


def _plain(word: str) -> str:
    return word.replace("_", " ")
