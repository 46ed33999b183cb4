"""Who may see and do what: roles, rights, accounts, passwords."""

import unicodedata
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_PASSWORD = 12  # characters
MAX_NAME = 100


class Role(StrEnum):
    """What a person or a script is; each may do all that those before it may."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    APPROVER = "approver"
    ADMIN = "admin"


class Right(IntEnum):
    """What can be done; a role has the rights up to its own."""

    VIEW = 0  # see breaks and reports, download
    RULE = 1  # assign, note, acknowledge, resolve, write off, link, ignore, undo, run again, sign as preparer
    APPROVE = 2  # a second person's word; sign as reviewer
    ADMIN = 3  # people, sessions, health


_HASHER = PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)  # one core at most; OWASP asks for half
_RIGHTS = {Role.VIEWER: Right.VIEW, Role.ANALYST: Right.RULE, Role.APPROVER: Right.APPROVE, Role.ADMIN: Right.ADMIN}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is known: a user of the page, or a script with a token (its name then begins with "token:").

    `token` is the name of the token by which they ask, if it is one: no token approves, signs or administers.
    """

    name: str
    role: Role
    accounts: frozenset[str] | None = None  # null: all
    token: str | None = None

    def has(self, right: Right) -> bool:
        """Whether they may do it, to the accounts that are theirs."""
        return _RIGHTS[self.role] >= right and (self.token is None or right < Right.APPROVE)

    def with_token(self, token: "Person") -> "Person":
        """They by a token of their own, which may do no more than they and no more than its own role and accounts."""
        roles = list(Role)
        role = min(self.role, token.role, key=roles.index)
        accounts = token.accounts if self.accounts is None else self.accounts
        if self.accounts is not None and token.accounts is not None:
            accounts = self.accounts & token.accounts
        return Person(self.name, role, accounts, token.name)

    def sees(self, account: str | None) -> bool:
        """Whether an account is theirs; what belongs to no account is for those who see all."""
        return self.accounts is None or account in self.accounts


def is_name(name: str) -> bool:
    """Whether somebody can be called this: one line without spaces around it, and no name of a token."""
    return (
        name == name.strip()
        and name.isprintable()
        and 0 < len(name) <= MAX_NAME
        and not name_key(name).startswith("token:")
    )


def name_key(name: str) -> str:
    """What a name is told apart by: not its case, its width, its spacing, nor what cannot be seen."""
    seen = (letter for letter in unicodedata.normalize("NFKC", name) if unicodedata.category(letter) != "Cf")
    return " ".join("".join(seen).casefold().split())


def is_same_person(name: str, other: str) -> bool:
    """Whether two names are one person's, however they are written."""
    return name_key(name) == name_key(other)


def hash_password(password: str) -> str:
    """Argon2id with its parameters and a salt of its own; takes some 100 ms by design. Raises ValueError in words."""
    if len(password) < MIN_PASSWORD:
        raise ValueError(f"a password has at least {MIN_PASSWORD} characters")
    return _HASHER.hash(password)


def is_password(password: str, hashed: str) -> bool:
    """Whether the password is the one that was hashed; never raises."""
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
