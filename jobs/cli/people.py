"""The commands of `recon users` and `recon tokens`: the people and scripts that use the page."""

import getpass
import sys
from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

import typer

from jobs.cli import options
from jobs.cli.answers.listing import lines
from jobs.cli.options import actor, choices, clock, read_config, respond
from jobs.config.config import Config
from jobs.logs.errors import say, told
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError
from recon.people import Person, Role, hash_password, is_name
from recon.store.desk import people
from recon.store.desk.people import Act
from recon.store.engine import Store
from reports.documents import Document, moment

RoleWord = Annotated[str, typer.Option("--role", metavar="ROLE", help="viewer, analyst, approver or admin.")]

T = TypeVar("T")

users = typer.Typer()
tokens = typer.Typer()
_MOMENTS = frozenset({"since", "disabled", "used", "revoked"})


@users.command("add")
def add_user(
    context: typer.Context,
    name: str,
    role: RoleWord = "viewer",
    account: options.Accounts = None,
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Add a user, or change role, accounts and password. The password is asked for, or read from stdin."""
    with told(as_json):
        config = read_config(context)
        person = _person(config, name, role, account)
        hashed = _hashed(_password())
        _change(config, by, lambda store, act: people.add_user(store, person, hashed, act))
        respond(as_json, _document(person), lambda: print(f"{person.name} may log in as {person.role}"))


@users.command("list")
def list_users(context: typer.Context, as_json: options.AsJson = False) -> None:
    """Everybody who may log in, or could once."""
    with told(as_json):
        with ready_store(read_config(context)) as store:
            documents = [
                {
                    **_document(user.person),
                    "since": moment(user.created_at),
                    "disabled": moment(user.disabled_at),
                    "subject": user.subject,
                    "issuer": user.issuer,
                }
                for user in people.users(store)
            ]
        heads = ("name", "role", "accounts", "since (UTC)", "disabled", "subject", "issuer")
        respond(as_json, {"users": documents}, lambda: lines(heads, _rows(documents)))


@users.command("password")
def change_password(context: typer.Context, name: str, by: options.By = "", as_json: options.AsJson = False) -> None:
    """Give a user another password, and end their sessions. It is asked for, or read from stdin."""
    with told(as_json):
        config = read_config(context)
        hashed = _hashed(_password())
        _change(config, by, lambda store, act: people.set_password(store, name, hashed, act))
        respond(as_json, {"name": name, "changed": True}, lambda: print(f"{name} has another password"))


@users.command("disable")
def disable_user(context: typer.Context, name: str, by: options.By = "", as_json: options.AsJson = False) -> None:
    """Take the access of a user away, at once."""
    with told(as_json):
        _change(read_config(context), by, lambda store, act: people.disable_user(store, name, act))
        respond(as_json, {"name": name, "disabled": True}, lambda: print(f"{name} may not log in any more"))


@users.command("link")
def link_user(
    context: typer.Context,
    name: str,
    subject: Annotated[
        str, typer.Option(metavar="SUB", help="The provider's mark of the person (recon users list).")
    ],
    issuer: Annotated[str, typer.Option(metavar="URL", help="Else [page.oidc] issuer.", show_default=False)] = "",
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Let a user be whom the provider of single sign-on knows."""
    with told(as_json):
        config = read_config(context)
        issuer = issuer or (config.page.oidc.issuer if config.page.oidc else "")
        if not issuer:
            raise JobError("--issuer: there is no [page.oidc], so say which provider")
        identity = people.Identity(issuer, subject)
        before = _change(config, by, lambda store, act: people.link_user(store, name, identity, act))
        words = f"{name} logs in by single sign-on" + (f", and {before} no more" if before else "")
        document = {"name": name, "issuer": issuer, "subject": subject, "before": before}
        respond(as_json, document, lambda: print(words))


@tokens.command("add")
def add_token(
    context: typer.Context,
    name: str,
    person: Annotated[
        str | None, typer.Option(metavar="USER", help="Whose it is, and who acts by it; else a script's.")
    ] = None,
    role: Annotated[str, typer.Option(metavar="ROLE", help="viewer or analyst: no token approves or signs.")] = "",
    account: options.Accounts = None,
    by: options.By = "",
    as_json: options.AsJson = False,
) -> None:
    """Make a token for a script, or of a person's own. It is shown once, here, and never again."""
    with told(as_json):
        config = read_config(context)
        token = _person(config, name, role or ("analyst" if person else "viewer"), account)
        secret = people.new_token()
        _change(config, by, lambda store, act: people.add_token(store, token, secret, act, person))
        if token.role in (Role.APPROVER, Role.ADMIN):
            say(f"{name} may do what an analyst may: no token approves, signs or administers")
        respond(as_json, {**_document(token), "person": person, "token": secret}, lambda: print(secret))


@tokens.command("list")
def list_tokens(context: typer.Context, as_json: options.AsJson = False) -> None:
    """Every token, without its secret."""
    with told(as_json):
        with ready_store(read_config(context)) as store:
            documents = [
                {
                    **_document(token.person),
                    "person": token.owner,
                    "since": moment(token.created_at),
                    "used": moment(token.used_at),
                    "revoked": moment(token.revoked_at),
                }
                for token in people.tokens(store)
            ]
        heads = ("name", "role", "accounts", "person", "since (UTC)", "used", "revoked")
        respond(as_json, {"tokens": documents}, lambda: lines(heads, _rows(documents)))


@tokens.command("revoke")
def revoke_token(context: typer.Context, name: str, by: options.By = "", as_json: options.AsJson = False) -> None:
    """Take a token back, at once."""
    with told(as_json):
        _change(read_config(context), by, lambda store, act: people.revoke_token(store, name, act))
        respond(as_json, {"name": name, "revoked": True}, lambda: print(f"the token {name} does not hold any more"))


def _person(config: Config, name: str, role: str, accounts: list[str] | None) -> Person:
    choices("--role", [role], list(Role))
    names = choices("--account", accounts, config.accounts)
    if not is_name(name):
        raise JobError(f'"{name}" is no name: it has no spaces around it and does not begin with "token:"')
    return Person(name, Role(role), frozenset(names) if names else None)


def _password() -> str:
    """Asked for twice on a terminal, else the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise JobError("the two passwords are not the same")
    return password


def _hashed(password: str) -> str:
    try:
        return hash_password(password)
    except ValueError as error:
        raise JobError(str(error)) from None


def _change(config: Config, by: str, change: Callable[[Store, Act], T]) -> T:
    """Has somebody change who may come in."""
    with ready_store(config, writes=True) as store:
        return change(store, Act(actor(config, by), clock(), config.audit_key))


def _document(person: Person) -> Document:
    accounts = None if person.accounts is None else sorted(person.accounts)
    return {"name": person.name, "role": str(person.role), "accounts": accounts}


def _rows(documents: Iterable[Document]) -> list[list[Any]]:
    """Moments to the minute, as the other lists have them."""
    return [[_shown(key, value) for key, value in row.items()] for row in documents]


def _shown(key: str, value: Any) -> Any:
    if key == "accounts":
        return _accounts(value)
    return value[:16].replace("T", " ") if key in _MOMENTS and value else value


def _accounts(names: list[str] | None) -> str:
    return "all" if names is None else ", ".join(names)
