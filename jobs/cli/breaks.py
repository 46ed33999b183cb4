"""The commands of `recon breaks`: what is open, and what people decide about it."""

import re
import sys
from datetime import date
from typing import Annotated, Any

import typer

from jobs.cli.answers import tables
from jobs.cli.options import SEVERITIES, Accounts, AsJson, By, actor, choices, clock, day, read_config, respond
from jobs.config.config import Config
from jobs.desk.actions import do, preview_pattern, whole_document
from jobs.logs.errors import say, told
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError
from recon.model import CLOSED, BreakStatus, Severity
from recon.model.rulings import RulingKind, RulingRequest
from recon.rules import RULE_OF
from recon.store.runs.record import list_breaks
from reports.documents import age_days, answer_document, break_document

breaks = typer.Typer()

Id = Annotated[str, typer.Argument(metavar="ID", help="The break, by its id or the beginning of it.")]
Ruled = Annotated[str, typer.Argument(metavar="ID", help="A break (its last ruling), or a ruling such as rul_7.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why.")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; recon breaks show keeps it.")]
Until = Annotated[date, typer.Option(parser=day, metavar="DATE", help="The last day on which it is expected.")]


@breaks.command()
def assign(
    context: typer.Context,
    id: Id,
    to: Annotated[str, typer.Option("--to", metavar="WHO", help="Empty: nobody's any more.")],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Say whose work a break is."""
    _rule(context, as_json, by, "assign", break_id=id, owner=to)


@breaks.command()
def note(context: typer.Context, id: Id, text: str, by: By = "", as_json: AsJson = False) -> None:
    """Keep a note with a break."""
    _rule(context, as_json, by, "note", break_id=id, reason=text)


@breaks.command()
def acknowledge(
    context: typer.Context, id: Id, until: Until, reason: Why = "", by: By = "", as_json: AsJson = False
) -> None:
    """A break is expected until a day. It is open again after that, or when its facts change."""
    _rule(context, as_json, by, "acknowledge", break_id=id, until=until, reason=reason)


@breaks.command()
def resolve(context: typer.Context, id: Id, reason: Reason, by: By = "", as_json: AsJson = False) -> None:
    """A break is settled; it is open again when its facts change."""
    _rule(context, as_json, by, "resolve", break_id=id, reason=reason)


@breaks.command()
def link(
    context: typer.Context,
    id: Id,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The shop's order id.")],
    charge: Annotated[str, typer.Argument(metavar="CHARGE", help="Omise's charge id.")],
    reason: Why = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """An order and a charge belong together. The next run matches them so."""
    _rule(context, as_json, by, "link", break_id=id, order_id=order, charge_id=charge, reason=reason)


@breaks.command()
def write_off(context: typer.Context, id: Id, reason: Reason, by: By = "", as_json: AsJson = False) -> None:
    """Give up a break's amount. Above the limit a second person approves."""
    _rule(context, as_json, by, "write_off", break_id=id, reason=reason)


@breaks.command()
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
    """A pattern of breaks is expected until a day. A second person approves; first it shows what it covers."""
    with told(as_json):
        config = read_config(context)
        choices("--code", [code], RULE_OF)
        request = RulingRequest(
            RulingKind.IGNORE,
            actor(config, by),
            code=code,
            until=until,
            reason=reason,
            account=account,
            pattern=match,
        )
        preview = preview_pattern(config, request, clock())
        tables.covered(preview, config.as_accounts(), config.currencies())
        if sys.stdin.isatty() and not as_json and not typer.confirm("Ask for it?", err=True):
            raise JobError("nothing was asked for")
        _answer(config, request, as_json)


@breaks.command()
def approve(context: typer.Context, id: Ruled, reason: Why = "", by: By = "", as_json: AsJson = False) -> None:
    """A second person's word to what waits for it."""
    _rule(context, as_json, by, "approve", **_subject(id), reason=reason)


@breaks.command()
def reject(context: typer.Context, id: Ruled, reason: Reason, by: By = "", as_json: AsJson = False) -> None:
    """A second person's no to what waits for it."""
    _rule(context, as_json, by, "reject", **_subject(id), reason=reason)


@breaks.command()
def undo(context: typer.Context, id: Ruled, reason: Why = "", by: By = "", as_json: AsJson = False) -> None:
    """Take a ruling back; its history stays."""
    _rule(context, as_json, by, "undo", **_subject(id), reason=reason)


@breaks.command()
def reopen(context: typer.Context, id: Id, reason: Why = "", by: By = "", as_json: AsJson = False) -> None:
    """Open a closed break again."""
    _rule(context, as_json, by, "reopen", break_id=id, reason=reason)


def _rule(context: typer.Context, as_json: bool, by: str, kind: str, **ruling: Any) -> None:
    """Ask for a ruling, and say what became of it; a refusal exits with 2."""
    with told(as_json):
        config = read_config(context)
        _answer(config, RulingRequest(RulingKind(kind), actor(config, by), **ruling), as_json)


def _answer(config: Config, request: RulingRequest, as_json: bool) -> None:
    answer = do(config, request, clock(), say)
    respond(as_json, answer_document(answer), lambda: print(answer.words))


def _subject(id: str) -> dict[str, Any]:
    """What a request is about: a ruling by its name, else a break."""
    ruling = re.fullmatch(r"rul_(\d{1,18})", id, re.ASCII)  # a larger number is in no database
    return {"target": int(ruling[1])} if ruling else {"break_id": id}


@breaks.command("list")
def list_open(
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
        config = read_config(context)
        statuses = [BreakStatus(word) for word in choices("--status", status, list(BreakStatus))]
        with ready_store(config) as store:
            known_breaks = list_breaks(
                store,
                accounts=choices("--account", account, config.accounts),
                codes=choices("--code", code, RULE_OF),
                severities=[Severity[word.upper()] for word in choices("--severity", severity, SEVERITIES)],
                statuses=statuses or [each for each in BreakStatus if each not in CLOSED],
                owner=owner,
            )
        accounts = config.accounts_by_name()
        old_enough = [known_break for known_break in known_breaks if age_days(known_break, accounts) >= age]
        respond(
            as_json,
            {"breaks": [break_document(known_break, accounts) for known_break in old_enough]},
            lambda: tables.breaks(old_enough, accounts, config.currencies()),
        )


@breaks.command()
def show(context: typer.Context, id: str, as_json: AsJson = False) -> None:
    """Everything about one break."""
    with told(as_json):
        config = read_config(context)
        document = whole_document(config, id)
        respond(as_json, document, lambda: tables.one_break(document, config.currencies()))
