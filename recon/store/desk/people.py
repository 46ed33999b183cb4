"""Keeps users, sessions and tokens, by hashes alone.

Every function is handed the moment; what a browser or a script holds is made by the caller and never stored.
"""

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, count
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, select, update

from recon.model.rulings import RulingState
from recon.people import Person, Role, is_same_person, name_key
from recon.store.desk import access, audit
from recon.store.desk.workbooks import PREPARER, REVIEWER
from recon.store.engine import Refused, Store, reading, writing
from recon.store.tables.desk import RULING, SIGN_OFF
from recon.store.tables.people import SESSION, TOKEN, USER

IDLE = timedelta(minutes=60)  # without a request a session ends
ABSOLUTE = timedelta(hours=12)  # and after so long in any case
ABSOLUTE_SIGNED_ON = timedelta(hours=8)  # of single sign-on, whose groups are read at the log-in
_SIGN_ON = "single sign-on"  # who adds and changes the people of a provider
_OF_USER = (USER.c.name, USER.c.role, USER.c.accounts, USER.c.password_is_temporary)
_SEEN_EVERY = timedelta(minutes=1)  # how exactly the last request is kept


class PeopleError(Refused):
    """Something that cannot be done to people, in words."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in, or could once."""

    person: Person
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    issuer: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider of single sign-on knows, by its own lasting mark, and a name to show."""

    issuer: str
    subject: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class SignedOn:
    """What a session of single sign-on remembers of its provider."""

    issuer: str
    id_token: str | None


@dataclass(frozen=True, slots=True)
class Token:
    """What a script, or a person's own program, is known by; `owner`: whose it is, null: a script's."""

    person: Person
    created_at: datetime
    created_by: str
    used_at: datetime | None
    revoked_at: datetime | None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A login that holds: whose, the secret that its forms carry, and how it came about."""

    person: Person
    csrf: str
    password_is_temporary: bool = False
    signed_on: SignedOn | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Who does it and when, the key of the audit chain, and from which address; null is a command."""

    who: str
    at: datetime
    audit_key: bytes | None = None
    address: str | None = None


def add_user(
    store: Store, person: Person, password_hash: str, act: Act, *, temporary: bool = False, replace: bool = True
) -> None:
    """A new user, or one with another role, accounts or password under the same name; ends the sessions they had.

    A `temporary` password lets its person do nothing but choose another. Raises PeopleError; without `replace` also
    where there is somebody of the name.
    """
    row = {
        "role": str(person.role),
        "accounts": _accounts_text(person),
        "password_hash": password_hash,
        "password_is_temporary": temporary,
        "disabled_at": None,
    }
    with writing(store, "people") as connection:
        names = [
            name for name in connection.execute(select(USER.c.name)).scalars() if is_same_person(name, person.name)
        ]
        stored = person.name in names
        if names and not (stored and replace):
            raise PeopleError(f'there is a user "{names[0]}" already')
        if stored:
            _change(connection, person.name, act, **row)
        else:
            new = {"name": person.name, "created_at": act.at, "created_by": act.who}
            connection.execute(insert(USER), [{**new, **row}])
        _note(connection, act, "user changed" if stored else "user added", person.name, person)


def change_user(store: Store, person: Person, act: Act) -> None:
    """Another role or other accounts, from now on: their sessions end; raises PeopleError."""
    with writing(store, "people") as connection:
        _user(connection, person.name)
        _change(connection, person.name, act, role=str(person.role), accounts=_accounts_text(person))
        _note(connection, act, "user changed", person.name, person)


def set_password(store: Store, name: str, password_hash: str, act: Act, *, temporary: bool = False) -> None:
    """Another password, and every session of theirs ends; raises PeopleError."""
    with writing(store, "people") as connection:
        _user(connection, name)
        _change(connection, name, act, password_hash=password_hash, password_is_temporary=temporary)
        _note(connection, act, "password changed", name)


def disable_user(store: Store, name: str, act: Act) -> None:
    """The user may not log in any more, and every session of theirs ends now; raises PeopleError."""
    with writing(store, "people") as connection:
        row = _user(connection, name)
        if row.disabled_at is not None:
            raise PeopleError(f'user "{name}" was disabled before')
        _change(connection, name, act, disabled_at=act.at)
        _note(connection, act, "user disabled", name, _person(row))


def enable_user(store: Store, name: str, act: Act) -> None:
    """A disabled user may log in again, with the password, role and accounts that they had; raises PeopleError."""
    with writing(store, "people") as connection:
        row = _user(connection, name)
        _change(connection, name, act, disabled_at=None)
        _note(connection, act, "user enabled", name, _person(row))


def users(store: Store) -> list[User]:
    """Everybody, by name."""
    with reading(store) as connection:
        rows = connection.execute(select(USER).order_by(USER.c.name)).all()
    return [
        User(_person(row), row.created_at, row.created_by, row.disabled_at, row.issuer, row.subject) for row in rows
    ]


def is_disabled(store: Store, name: str) -> bool:
    """Whether there is such a user, who may not log in."""
    with reading(store) as connection:
        disabled = select(USER.c.name).where(USER.c.name == name, USER.c.disabled_at.is_not(None))
        return connection.execute(disabled).one_or_none() is not None


def credentials(store: Store, name: str) -> tuple[Person, str] | None:
    """A user who may log in, with the hash of their password; None for anybody else."""
    with reading(store) as connection:
        row = connection.execute(select(USER).where(USER.c.name == name, USER.c.disabled_at.is_(None))).one_or_none()
    return None if row is None else (_person(row), row.password_hash)


def sign_on(store: Store, identity: Identity, role: Role, accounts: frozenset[str] | None, act: Act) -> Person:
    """Whom the provider knows, added or with the rights that their groups give now; raises PeopleError.

    They keep the name of their first log-in; one that somebody has is told apart by a number.
    """
    act = replace(act, who=_SIGN_ON)
    with writing(store, "people") as connection:
        row = connection.execute(select(USER).where(_is(identity))).one_or_none()
        if row is not None and row.disabled_at is not None:
            raise PeopleError("an administrator of this page has disabled you")
        person = Person(row.name if row else _free_name(connection, identity.name), role, accounts)
        rights = {"role": str(role), "accounts": _accounts_text(person)}
        if row is None:
            new = {"name": person.name, "password_hash": "", "created_at": act.at, "created_by": act.who}
            marks = {"issuer": identity.issuer, "subject": identity.subject}
            connection.execute(insert(USER), [{**new, **marks, **rights}])
            _note(connection, act, "user added", person.name, person)
        elif _person(row) != person:
            _change(connection, person.name, act, **rights)
            _note(connection, act, "user changed", person.name, person)
    return person


def refuse(store: Store, act: Act, why: str, *, what: str = access.LOG_IN, identity: Identity | None = None) -> None:
    """Somebody did not come in, or not so far; whom their provider gives no right any more loses what they had."""
    with writing(store, "people") as connection:
        row = connection.execute(select(USER).where(_is(identity))).one_or_none() if identity else None
        if row is not None and row.disabled_at is None and _administrators(connection) != [row.name]:
            nothing = Person(row.name, Role.VIEWER, frozenset())
            _change(connection, row.name, act, role=str(nothing.role), accounts=_accounts_text(nothing))
            _note(connection, replace(act, who=_SIGN_ON), "user changed", row.name, nothing)
        log(connection, replace(act, who=row.name if row else act.who), what, access.REFUSED, why)


def link_user(store: Store, name: str, identity: Identity, act: Act) -> str | None:
    """A user is from now on whom the provider knows; the name of the user who was that before.

    They are disabled where they have no password. Nobody is linked by a name or an e-mail address.
    Raises PeopleError, also where they could approve their own.
    """
    with writing(store, "people") as connection:
        user = _user(connection, name)
        if user.disabled_at is not None:
            raise PeopleError(f'user "{name}" is disabled')
        other = connection.execute(select(USER).where(_is(identity))).one_or_none()
        if other is not None and other.name == name:
            raise PeopleError(f'"{name}" is linked so already')
        if other is not None:
            _hold_back(connection, other.name)
            disabled = other.disabled_at or (None if other.password_hash else act.at)
            _change(connection, other.name, act, issuer=None, subject=None, disabled_at=disabled)
        _change(connection, name, act, issuer=identity.issuer, subject=identity.subject)
        before = other.name if other is not None else None
        detail = {"issuer": identity.issuer, "subject": identity.subject, "before": before}
        audit.append(connection, act.who, access.LINKED, name, detail, act.at, act.audit_key)
        words = f"single sign-on of {identity.issuer}{f', until now {before}' if before else ''}"
        line = access.Entry(act.at, act.who, act.address, access.LINKED, subject=name, detail=words)
        access.append(connection, line)
    return before


def _hold_back(connection: Connection, name: str) -> None:
    """Raises PeopleError where something of a user waits for a second person, who must be another one."""
    proposed = select(RULING.c.id).where(RULING.c.who == name, RULING.c.standing == RulingState.PENDING.value)
    mine, review = SIGN_OFF.alias(), SIGN_OFF.alias()
    reviewed = select(review.c.id).where(
        review.c.role == REVIEWER, review.c.sha256 == mine.c.sha256, review.c.ended_at.is_(None)
    )
    signed = select(mine.c.id).where(
        mine.c.role == PREPARER, mine.c.who == name, mine.c.ended_at.is_(None), ~reviewed.exists()
    )
    for statement, words in ((proposed, "proposed"), (signed, "signed as preparer")):
        if connection.execute(statement.limit(1)).one_or_none() is not None:
            raise PeopleError(f'what "{name}" {words} waits for a second person: let that be done first')


def open_session(store: Store, secret: str, csrf: str, act: Act, signed_on: SignedOn | None = None) -> None:
    """A login of whoever acts: the secret goes into the browser, its hash stays here."""
    row = {"hash": digest(secret), "user_name": act.who, "csrf": csrf, "created_at": act.at, "seen_at": act.at}
    by_provider = {"issuer": signed_on and signed_on.issuer, "id_token": signed_on and signed_on.id_token}
    with writing(store, "people") as connection:
        connection.execute(insert(SESSION), [{**row, **by_provider}])
        log(connection, act, access.LOG_IN, detail=_SIGN_ON if signed_on else "password")


def session(store: Store, secret: str, now: datetime) -> Session | None:
    """The session of a secret, if it holds at this moment; keeps it alive."""
    of_secret = SESSION.c.hash == digest(secret)
    joined = select(SESSION, *_OF_USER).join(USER, USER.c.name == SESSION.c.user_name)
    with reading(store) as connection:
        row = connection.execute(
            joined.where(of_secret, SESSION.c.ended_at.is_(None), USER.c.disabled_at.is_(None))
        ).one_or_none()
    longest = ABSOLUTE_SIGNED_ON if row is not None and row.issuer else ABSOLUTE
    if row is None or now - row.seen_at > IDLE or now - row.created_at > longest:
        return None
    if now - row.seen_at > _SEEN_EVERY:
        with writing(store, "people") as connection:
            connection.execute(update(SESSION).where(of_secret).values(seen_at=now))
    signed_on = SignedOn(row.issuer, row.id_token) if row.issuer else None
    return Session(_person(row), row.csrf, bool(row.password_is_temporary) and signed_on is None, signed_on)


def end_session(store: Store, secret: str, act: Act) -> None:
    """A log-out of whoever acts."""
    with writing(store, "people") as connection:
        ended = update(SESSION).where(SESSION.c.hash == digest(secret)).values(ended_at=act.at, id_token=None)
        connection.execute(ended)
        log(connection, act, access.LOG_OUT)


def end_sessions(store: Store, name: str, act: Act) -> None:
    """Every session of a user ends now."""
    with writing(store, "people") as connection:
        _end_sessions(connection, name, act.at)
        _note(connection, act, "sessions ended", name)


def new_token() -> str:
    """What a script will be known by."""
    return f"rct_{secrets.token_urlsafe(32)}"


def add_token(store: Store, person: Person, secret: str, act: Act, owner: str | None = None) -> None:
    """A token with its name, role and accounts, of a user (null: of a script); raises PeopleError."""
    with writing(store, "people") as connection:
        if owner is not None:
            _user(connection, owner)
        if connection.execute(select(TOKEN.c.name).where(TOKEN.c.name == person.name)).one_or_none():
            raise PeopleError(f'there is a token "{person.name}" already; revoke it, and choose another name')
        row = {"name": person.name, "person": owner, "hash": digest(secret), "role": str(person.role)}
        when = {"accounts": _accounts_text(person), "created_at": act.at, "created_by": act.who}
        connection.execute(insert(TOKEN), [{**row, **when}])
        _note(connection, act, "token added", person.name, person, owner)


def revoke_token(store: Store, name: str, act: Act) -> None:
    """The token does not hold any more; raises PeopleError."""
    with writing(store, "people") as connection:
        row = connection.execute(select(TOKEN).where(TOKEN.c.name == name)).one_or_none()
        if row is None or row.revoked_at is not None:
            raise PeopleError(f'there is no token "{name}" that could be revoked; recon tokens list names them')
        connection.execute(update(TOKEN).where(TOKEN.c.name == name).values(revoked_at=act.at))
        _note(connection, act, "token revoked", name, _person(row))


def tokens(store: Store) -> list[Token]:
    """Every token, by name."""
    with reading(store) as connection:
        rows = connection.execute(select(TOKEN).order_by(TOKEN.c.name)).all()
    return [
        Token(_person(row), row.created_at, row.created_by, row.used_at, row.revoked_at, row.person) for row in rows
    ]


def bearer(store: Store, secret: str, now: datetime) -> Person | None:
    """Whose token this is, a script's as "token:NAME"; None where it does not hold, or its person may not log in."""
    of_secret = TOKEN.c.hash == digest(secret)
    with reading(store) as connection:
        row = connection.execute(select(TOKEN).where(of_secret, TOKEN.c.revoked_at.is_(None))).one_or_none()
        is_owner = (USER.c.name == (row.person if row else None)) & USER.c.disabled_at.is_(None)
        owner = connection.execute(select(USER).where(is_owner)).one_or_none()
    if row is None or (row.person is not None and owner is None):
        return None
    if row.used_at is None or now - row.used_at > _SEEN_EVERY:
        with writing(store, "people") as connection:
            connection.execute(update(TOKEN).where(of_secret).values(used_at=now))
    token = _person(row)
    if owner is not None:
        return _person(owner).with_token(token)
    return Person(f"token:{token.name}", token.role, token.accounts, token.name)


def digest(secret: str) -> str:
    """What of a secret is kept: it has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()  # a header may be any bytes


def log(connection: Connection, act: Act, what: str, result: str = access.DONE, detail: str = "") -> None:
    """A line of the access log about whoever acts."""
    access.append(connection, access.Entry(act.at, act.who or None, act.address, what, result, detail=detail))


def _is(identity: Identity) -> ColumnElement[bool]:
    return and_(USER.c.issuer == identity.issuer, USER.c.subject == identity.subject)


def _free_name(connection: Connection, wanted: str) -> str:
    """The name, or with the first number that makes it nobody's."""
    taken = {name_key(name) for name in connection.execute(select(USER.c.name)).scalars()}
    numbered = (f"{wanted} ({number})" for number in count(2))
    return next(name for name in chain([wanted], numbered) if name_key(name) not in taken)


def _user(connection: Connection, name: str) -> Row[Any]:
    row = connection.execute(select(USER).where(USER.c.name == name)).one_or_none()
    if row is None:
        raise PeopleError(f'there is no user "{name}"; recon users list names them')
    return row


def _change(connection: Connection, name: str, act: Act, **values: Any) -> None:
    """Changes a user and ends their sessions; refuses to take away the last administrator who has a password."""
    before = _administrators(connection)
    connection.execute(update(USER).where(USER.c.name == name).values(**values))
    if before and not _administrators(connection):
        raise PeopleError(f'"{name}" is the last administrator with a password: make another one first')
    _end_sessions(connection, name, act.at)


def _administrators(connection: Connection) -> list[str]:
    """The administrators who can log in with a password."""
    administers = (USER.c.role == str(Role.ADMIN)) & USER.c.disabled_at.is_(None) & (USER.c.password_hash != "")
    return list(connection.execute(select(USER.c.name).where(administers)).scalars())


def _end_sessions(connection: Connection, name: str, at: datetime) -> None:
    mine = (SESSION.c.user_name == name) & SESSION.c.ended_at.is_(None)
    connection.execute(update(SESSION).where(mine).values(ended_at=at, id_token=None))


def _note(
    connection: Connection, act: Act, what: str, name: str, person: Person | None = None, owner: str | None = None
) -> None:
    detail: Mapping[str, Any] = {}
    if person:
        detail = {"role": str(person.role), "accounts": _listed(person.accounts)}
    if owner:
        detail = {**detail, "person": owner}
    audit.append(connection, act.who, what, name, detail, act.at, act.audit_key)
    words = f"{person.role}, accounts {', '.join(sorted(person.accounts or ())) or 'all'}" if person else ""
    access.append(connection, access.Entry(act.at, act.who, act.address, what, subject=name, detail=words))


def _person(row: Row[Any]) -> Person:
    accounts = None if row.accounts is None else frozenset(json.loads(row.accounts))
    return Person(row.name, Role(row.role), accounts)


def _listed(accounts: Collection[str] | None) -> list[str] | None:
    return None if accounts is None else sorted(accounts)


def _accounts_text(person: Person) -> str | None:
    listed = _listed(person.accounts)
    return None if listed is None else json.dumps(listed)
