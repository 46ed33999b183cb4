"""Whom an ID token speaks of and what they may do here, by the configured groups; opens nothing."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recon.people import MAX_NAME, Role, is_name
from recon.store.desk.people import Identity, digest

_RANK = tuple(Role)
_LONGEST = MAX_NAME - 10  # of a name: there is room for a number behind it


@dataclass(frozen=True, slots=True)
class SignOn:
    """What single sign-on is configured with; of `accounts` null is all, and without any everybody sees all."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    public_url: str
    roles_claim: str
    roles: Mapping[str, Role]
    accounts: Mapping[str, frozenset[str] | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What somebody's groups give them; no accounts (null) are all."""

    role: Role
    accounts: frozenset[str] | None


class Denied(Exception):
    """Why somebody does not come in, in words for them and for the log, which hold nothing of the token."""


def check_token(claims: Mapping[str, Any], sign_on: SignOn, nonce_digest: str) -> None:
    """What a library does not look at: whose log-in it answers, and whom it was made for; raises Denied."""
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(digest(nonce), nonce_digest):
        raise Denied("the answer belongs to another log-in: try again")
    audiences = claims.get("aud")
    several = isinstance(audiences, list) and len(audiences) > 1
    if claims.get("azp", None if several else sign_on.client_id) != sign_on.client_id:
        raise Denied("the token was made for another application")


def identity_of(claims: Mapping[str, Any], sign_on: SignOn) -> Identity:
    """Who it is: the provider's own mark, never an e-mail address, which changes hands; and a name to show."""
    subject = claims["sub"]
    login = str(claims.get("preferred_username") or "").partition("@")[0]
    shown = (" ".join(_visible(str(text or "")).split())[:_LONGEST] for text in (claims.get("name"), login, subject))
    name = next((name for name in shown if is_name(name) and "@" not in name), "somebody")
    return Identity(sign_on.issuer, subject, name)


def _visible(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def entitlement_of(claims: Mapping[str, Any], sign_on: SignOn) -> Entitlement:
    """The highest role and all accounts that the groups give; raises Denied where they give none."""
    groups = _groups(claims, sign_on.roles_claim)
    roles = [role for group, role in sign_on.roles.items() if _plain(group) in groups]
    if not roles:
        raise Denied(f'none of your groups ("{sign_on.roles_claim}", {len(groups)} of them) has a role here')
    role = max(roles, key=_RANK.index)
    if not sign_on.accounts:
        return Entitlement(role, None)
    given = [accounts for group, accounts in sign_on.accounts.items() if _plain(group) in groups]
    if not given:
        raise Denied("none of your groups has an account here")
    if None in given:
        return Entitlement(role, None)
    return Entitlement(role, frozenset().union(*(accounts for accounts in given if accounts)))


def _groups(claims: Mapping[str, Any], claim: str) -> set[str]:
    """The words of the claim, which may lie deeper ("realm_access.roles")."""
    value: Any = claims.get(claim)
    if value is None:
        value = claims
        for part in claim.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    if value is None and (claim in (claims.get("_claim_names") or ()) or claims.get("hasgroups")):
        raise Denied(
            "you are in more groups than a token of the provider lists (Entra: 200), so nothing is known of them: "
            "an administrator of the provider can assign app roles instead"
        )
    words: Sequence[Any] = [value] if isinstance(value, str) else value if isinstance(value, list) else ()
    return {_plain(word) for word in words if isinstance(word, str)}


def _plain(group: str) -> str:
    """A group as people write it: Keycloak begins with a "/"."""
    return group.removeprefix("/")
