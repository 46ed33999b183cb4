"""`recon keys`, `recon erase` and `recon retention`: keys, and what is kept of people."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from jobs.cli import options
from jobs.cli.options import actor, choices, clock, print_lines, read_config, respond
from jobs.config.config import Config
from jobs.desk import personal
from jobs.logs.errors import say, told
from jobs.run.moments.gateway_clock import prove_clock
from recon.store.desk.people import Act

keys = typer.Typer()
retention = typer.Typer()
_ROTATED = {"hash": personal.rotate_hash, "audit": personal.rotate_audit}


@keys.callback()
def _keys() -> None:
    """A group, so that its one command keeps its name."""


@retention.callback()
def _retention() -> None:
    """A group, so that its one command keeps its name."""


@keys.command()
def rotate(
    context: typer.Context,
    key: Annotated[
        list[str] | None,
        typer.Argument(metavar="hash|audit", help="Of customers, of the audit log; else both."),
    ] = None,
    lost: Annotated[bool, typer.Option("--lost", help="The key before is not there any more.")] = False,
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Begin a new key. It is written above the others where they stand in a file, else put it there first."""
    with told(as_json):
        names = choices("recon keys rotate", key or _ROTATED, _ROTATED)
        documents = []
        for name in names:
            config = read_config(context)  # one may have been written just now
            documents.append({"key": name, **_ROTATED[name](config, _act(config, by), lost=lost)})
        lines = [f"{done['key']}: key {done['to']} goes on after {done['from']}" for done in documents]
        respond(as_json, {"rotated": documents}, lambda: print_lines(lines))
        for document in documents:
            _say_left(document)
        say("what runs (recon serve, workers) is to be started again, so that it reads the new key")


def erase(
    context: typer.Context,
    customer: Annotated[str, typer.Option(metavar="VALUE", help="As orders and charges say it, such as an e-mail.")],
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Take one customer's hashes out of store and archive.

    Amounts, ids and proofs stay.
    """
    with told(as_json):
        config = read_config(context)
        document = personal.erase(config, customer, _act(config, by))
        respond(as_json, document, lambda: _show(document))
        _say_left(document)
        if document["workbooks"]:
            names = ", ".join(document["workbooks"])
            say(f"ids and amounts of this customer stand in {names}: delete what must not stay, and copies elsewhere")


@retention.command("apply")
def apply_retention(context: typer.Context, by: options.By = "", as_json: options.AsJson = False) -> None:
    """Take out what is past its time: customers' hashes, access log.

    That is [retention] customer_fields and access_log. By a clock that is not Omise's nothing is taken out.
    """
    with told(as_json):
        config = read_config(context)
        asyncio.run(prove_clock(config, tuple(config.accounts), clock))  # what is taken out never comes back
        document = personal.apply_retention(config, _act(config, by))
        respond(as_json, document, lambda: _show(document))
        _say_left(document)


def _act(config: Config, by: str) -> Act:
    return Act(actor(config, by), clock(), config.audit_key)


def _show(document: Mapping[str, Any]) -> None:
    counts = ", ".join(f"{kind} {count:,}" for kind, count in document["rows"].items())
    print(f"rows changed: {counts}" if counts else "nothing to do")


def _say_left(document: Mapping[str, Any]) -> None:
    if document.get("note"):
        say(document["note"])
