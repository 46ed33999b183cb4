"""`recon init`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.check import failed
from jobs.cli import options
from jobs.cli.answers import tables
from jobs.cli.options import clock, respond
from jobs.logs.errors import say, told
from jobs.run.outcome import JobError
from jobs.setup.accounts import OMISE, NewAccount, new_accounts
from jobs.setup.bank import add_bank
from jobs.setup.draft import Draft
from jobs.setup.files import given_files
from jobs.setup.orders import add_database, add_orders
from jobs.setup.questions import Questions
from jobs.setup.writing import as_toml, exists_already, write_new
from reports.documents import Document, fields


def init(
    account: Annotated[
        list[str] | None, typer.Option(metavar="NAME=ENV", help="An account, and the variable that holds its key.")
    ] = None,
    base_url: Annotated[str, typer.Option(metavar="URL", help="Omise, or a sandbox.")] = OMISE,
    orders: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="A sample of the shop's orders; may be repeated.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="ENV", help="The variable that holds the URL of the shop's database.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the database is, of recon presets.")
    ] = None,
    bank: Annotated[
        list[str] | None, typer.Option(metavar="ACCOUNT=FILE", help="A statement of an account; may be repeated.")
    ] = None,
    answers: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="The answer to a question, by its key.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="What is written.")] = Path("config.toml"),
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: what is not sure ends with exit code 2.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Write a configuration from a key and sample files. Asks what they do not show, and overwrites nothing."""
    with told(as_json):
        if out.exists():
            raise JobError(exists_already(out))
        ask = None if yes or as_json or not sys.stdin.isatty() else _ask
        questions = Questions(_answers(answers or ()), ask, say)
        if not orders and not database:
            orders = [questions.text("orders", "Which file has orders of your shop (a sample export)?")]
        if preset and not database:
            raise JobError("--preset is for --database; of a file it is --set orders.shop.preset=NAME")
        for option, given in (("--orders", orders or ()), ("--bank", bank or ())):
            if len(set(given)) < len(given):
                raise JobError(f"{option} names a file twice, which would be read as two sources")
        accounts = new_accounts(account or (), base_url, os.environ, questions)
        say(*(f"{new.name}: {_facts(new)}" for new in accounts))
        draft = _draft(out, accounts, base_url, questions)
        draft.samples = given_files(orders or (), bank or ())
        for file in orders or ():
            add_orders(draft, file)
        if database:
            add_database(draft, database, preset)
        for statement in bank or ():
            add_bank(draft, statement)
        questions.refuse_unused()
        write_new(out, as_toml({**draft.document, "reports": {"folder": "reports-out"}}, draft.comments))
        path = None if out == Path("config.toml") else out
        command = options.next_command(path, "check")
        respond(as_json, _document(out, draft, command), lambda: print(out))
        say(f"Next: {command}, then {options.next_command(path, 'run')}")


def _draft(out: Path, accounts: Sequence[NewAccount], base_url: str, questions: Questions) -> Draft:
    document: dict[str, Any] = {"store": {"url": "sqlite:///var/recon.db"}}
    if base_url != OMISE:
        document["omise"] = {"base_url": base_url}
    document["accounts"] = {new.name: new.section for new in accounts}
    comments = {f"accounts.{new.name}": f"Omise says: {_facts(new)}" for new in accounts}
    comments["store"] = "Everything that was pulled and judged; a PostgreSQL URL serves as well"
    folder = out.absolute().parent
    return Draft(folder, os.environ, accounts, questions, _show, clock(), document, comments)


def _show(items: Any) -> None:
    tables.checked(items, to_stderr=True)


def _ask(prompt: str) -> str:
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise JobError("nothing is written: the questions were not answered")
    return line.rstrip("\n")


def _answers(given: Sequence[str]) -> dict[str, str]:
    pairs = [answer.partition("=") for answer in given]
    wrong = [answer for answer, (key, _, value) in zip(given, pairs, strict=True) if not key or not value]
    if wrong:
        raise JobError(*(f'--set "{answer}" is not KEY=VALUE' for answer in wrong))
    return {key: value for key, _, value in pairs}


def _facts(account: NewAccount) -> str:
    return f"{account.region}, {account.currency}, {'live' if account.livemode else 'test'} mode"


def _document(out: Path, draft: Draft, command: str) -> Document:
    return {
        "config": str(out),
        "accounts": [fields(account, "name", "region", "currency", "livemode") for account in draft.accounts],
        "sources": [
            {"place": item.what, "result": item.result, "details": item.details, "unused": list(item.unused)}
            for item in draft.items
        ],
        "failed": failed(draft.items),
        "next": command,
    }
