"""The commands that rule on breaks; thin, and importing late as `jobs.cli.app` does."""

import getpass
from datetime import date
from typing import Annotated, Any

import typer

from jobs.cli.options import AsJson, By, clock, day, print_json, read_config, words
from jobs.logs.errors import told

Id = Annotated[str, typer.Argument(metavar="ID", help="The break, by its id or the beginning of it.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why.")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; recon breaks show keeps it.")]
Until = Annotated[date, typer.Option(parser=day, metavar="DATE", help="The last day on which it is expected.")]


def assign(
    context: typer.Context,
    id: Id,
    to: Annotated[str, typer.Option("--to", metavar="WHO", help="Empty: nobody's any more.")],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Say whose work a break is."""
    _do(context, as_json, by, "assign", break_id=id, owner=to)


def note(context: typer.Context, id: Id, text: str, by: By = "", as_json: AsJson = False) -> None:
    """Keep a note with a break."""
    _do(context, as_json, by, "note", break_id=id, reason=text)


def acknowledge(
    context: typer.Context, id: Id, until: Until, reason: Why = "", by: By = "", as_json: AsJson = False
) -> None:
    """A break is expected until a day; it is open again after that, or when its facts change."""
    _do(context, as_json, by, "acknowledge", break_id=id, until=until, reason=reason)


def resolve(context: typer.Context, id: Id, reason: Reason, by: By = "", as_json: AsJson = False) -> None:
    """A break is settled; it is open again when its facts change."""
    _do(context, as_json, by, "resolve", break_id=id, reason=reason)


def link(
    context: typer.Context,
    id: Id,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The shop's order id.")],
    charge: Annotated[str, typer.Argument(metavar="CHARGE", help="Omise's charge id.")],
    reason: Why = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """An order and a charge belong together; the next run matches them so."""
    _do(context, as_json, by, "link", break_id=id, order_id=order, charge_id=charge, reason=reason)


def write_off(context: typer.Context, id: Id, reason: Reason, by: By = "", as_json: AsJson = False) -> None:
    """Give up a break's amount; above the limit a second person approves."""
    _do(context, as_json, by, "write_off", break_id=id, reason=reason)


def ignore(
    context: typer.Context,
    code: Annotated[str, typer.Option(metavar="CODE", help="Which breaks.")],
    until: Until,
    reason: Reason,
    account: Annotated[str | None, typer.Option(metavar="NAME", help="Only of this account.")] = None,
    match: Annotated[
        str, typer.Option(metavar="PATTERN", help="Only whose subject or order is like this, such as 'TEST-*'.")
    ] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """A pattern of breaks is expected until a day."""
    _do(context, as_json, by, "ignore", code=code, until=until, reason=reason, account=account, pattern=match)


def approve(context: typer.Context, id: Id, reason: Why = "", by: By = "", as_json: AsJson = False) -> None:
    """A second person's word to a write-off or a link that waits for it."""
    _do(context, as_json, by, "approve", break_id=id, reason=reason)


def undo(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="A break (its last ruling), or a ruling such as rul_7.")],
    reason: Why = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Take a ruling back; its history stays."""
    number = id.removeprefix("rul_")
    if id.startswith("rul_") and number.isdecimal():
        _do(context, as_json, by, "undo", target=int(number), reason=reason)
    else:
        _do(context, as_json, by, "undo", break_id=id, reason=reason)


def reopen(context: typer.Context, id: Id, reason: Why = "", by: By = "", as_json: AsJson = False) -> None:
    """Open a closed break again."""
    _do(context, as_json, by, "reopen", break_id=id, reason=reason)


def _do(context: typer.Context, as_json: bool, by: str, kind: str, **asked: Any) -> None:
    """Ask, and say what became of it; a refusal exits with 2."""
    with told(as_json):
        from jobs.config.thresholds import THRESHOLDS
        from jobs.desk.actions import do
        from recon.model.rulings import Ask, Kind
        from reports.documents import answer_document

        config = read_config(context)
        words("--code", [asked["code"]] if "code" in asked else (), THRESHOLDS)
        answer = do(config, Ask(Kind(kind), by or getpass.getuser(), **asked), clock())
        if as_json:
            print_json(answer_document(answer))
        else:
            print(answer.words)


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    for command in (assign, note, acknowledge, resolve, link, write_off, ignore, approve, undo, reopen):
        app.command(command.__name__.replace("_", "-"))(command)
