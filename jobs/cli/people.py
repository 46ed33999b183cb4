"""The commands about people and scripts: users, tokens; thin, and importing late as `jobs.cli.app` does."""

import getpass
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli.options import Accounts, AsJson, By, clock, print_json, read_config, words
from jobs.logs.errors import told

if TYPE_CHECKING:
    from jobs.config.config import Config
    from recon.people import Person
    from recon.store.desk.people import Act

users_app = typer.Typer(help="Who may use the finance page.", no_args_is_help=True)
tokens_app = typer.Typer(help="What scripts use the page's API with.", no_args_is_help=True)

Role = Annotated[str, typer.Option("--role", metavar="ROLE", help="viewer, analyst, approver or admin.")]


@users_app.command("add")
def users_add(
    context: typer.Context,
    name: str,
    role: Role = "viewer",
    account: Accounts = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Add a user, or give one another role, accounts and password; the password is asked for, or read from stdin."""
    with told(as_json):
        from jobs.run.outcome import JobError
        from jobs.run.run import ready_store
        from recon.people import hash_password
        from recon.store.desk.people import add_user

        config = read_config(context)
        person = _person(config, name, role, account)
        try:
            hashed = hash_password(_password())
        except ValueError as error:
            raise JobError(str(error)) from None
        with ready_store(config) as store:
            add_user(store, person, hashed, _act(config, by))
        _say(person, as_json, {}, f"{person.name} may log in as {person.role}")


@users_app.command("list")
def users_list(context: typer.Context, as_json: AsJson = False) -> None:
    """Everybody who may log in, or could once."""
    with told(as_json):
        from jobs.cli.tables import table
        from jobs.run.run import ready_store
        from recon.store.desk.people import users
        from reports.documents import moment

        with ready_store(read_config(context)) as store:
            found = [
                {**_document(user.person), "since": moment(user.created_at), "disabled": moment(user.disabled_at)}
                for user in users(store)
            ]
        if as_json:
            print_json({"users": found})
        else:
            table(("name", "role", "accounts", "since", "disabled"), _lines(found))


@users_app.command("disable")
def users_disable(context: typer.Context, name: str, by: By = "", as_json: AsJson = False) -> None:
    """Take the access of a user away, at once."""
    with told(as_json):
        from jobs.run.run import ready_store
        from recon.store.desk.people import disable_user

        config = read_config(context)
        with ready_store(config) as store:
            disable_user(store, name, _act(config, by))
        if as_json:
            print_json({"name": name, "disabled": True})
        else:
            print(f"{name} may not log in any more")


@tokens_app.command("add")
def tokens_add(
    context: typer.Context,
    name: str,
    role: Role = "viewer",
    account: Accounts = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Make a token for a script; it is shown once, here, and never again."""
    with told(as_json):
        import secrets

        from jobs.run.run import ready_store
        from recon.store.desk.people import add_token

        config = read_config(context)
        person = _person(config, name, role, account)
        token = f"rct_{secrets.token_urlsafe(32)}"
        with ready_store(config) as store:
            add_token(store, person, token, _act(config, by))
        _say(person, as_json, {"token": token}, token)


@tokens_app.command("list")
def tokens_list(context: typer.Context, as_json: AsJson = False) -> None:
    """Every token, without its secret."""
    with told(as_json):
        from jobs.cli.tables import table
        from jobs.run.run import ready_store
        from recon.store.desk.people import tokens
        from reports.documents import moment

        with ready_store(read_config(context)) as store:
            found = [
                {
                    **_document(one.person),
                    "since": moment(one.created_at),
                    "used": moment(one.used_at),
                    "revoked": moment(one.revoked_at),
                }
                for one in tokens(store)
            ]
        if as_json:
            print_json({"tokens": found})
        else:
            table(("name", "role", "accounts", "since", "used", "revoked"), _lines(found))


@tokens_app.command("revoke")
def tokens_revoke(context: typer.Context, name: str, by: By = "", as_json: AsJson = False) -> None:
    """Take a token back, at once."""
    with told(as_json):
        from jobs.run.run import ready_store
        from recon.store.desk.people import revoke_token

        config = read_config(context)
        with ready_store(config) as store:
            revoke_token(store, name, _act(config, by))
        if as_json:
            print_json({"name": name, "revoked": True})
        else:
            print(f"the token {name} does not hold any more")


def _person(config: "Config", name: str, role: str, accounts: list[str] | None) -> "Person":
    from jobs.run.outcome import JobError
    from recon.people import Person
    from recon.people import Role as Known

    words("--role", [role], [str(known) for known in Known])
    chosen = words("--account", accounts, config.accounts)
    if not name.strip() or name != name.strip() or not name.isprintable() or name.startswith("token:"):
        raise JobError(f'"{name}" is no name: it has no spaces around it and does not begin with "token:"')
    return Person(name, Known(role), frozenset(chosen) if chosen else None)


def _password() -> str:
    """Asked for twice on a terminal, else the first line of standard input."""
    from jobs.run.outcome import JobError

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise JobError("the two passwords are not the same")
    return password


def _act(config: "Config", by: str) -> "Act":
    from recon.store.desk.people import Act

    return Act(by or getpass.getuser(), clock(), config.audit_key)


def _document(person: "Person") -> dict[str, Any]:
    accounts = None if person.accounts is None else sorted(person.accounts)
    return {"name": person.name, "role": str(person.role), "accounts": accounts}


def _lines(found: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [
        tuple(
            "all"
            if key == "accounts" and value is None
            else ", ".join(value)
            if isinstance(value, list)
            else str(value or "")
            for key, value in line.items()
        )
        for line in found
    ]


def _say(person: "Person", as_json: bool, more: dict[str, str], line: str) -> None:
    if as_json:
        print_json({**_document(person), **more})
    else:
        print(line)
