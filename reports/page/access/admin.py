"""People, tokens, runs and the process's health, for an admin, who gives access and takes it away."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from recon.people import Person, Right, Role, hash_password, is_name
from recon.store.desk import people
from recon.store.desk.people import Act, PeopleError
from recon.store.engine import Store
from recon.store.runs import record
from reports.page.access.security import act_of, require
from reports.page.access.throttle import THROTTLE
from reports.page.notices import Notice, notices_of, redirect
from reports.page.render import render
from reports.page.site import SITE

RUNS = 50


@dataclass(frozen=True, slots=True)
class _Form:
    """Whom a form is about, and the role and the accounts that it gives them."""

    name: str
    role: str
    accounts: tuple[str, ...]
    all_accounts: bool

    def person(self) -> Person:
        """Somebody who can be; raises PeopleError."""
        if not is_name(self.name):
            raise PeopleError(f'"{self.name}" is no name')
        if self.all_accounts == bool(self.accounts):
            raise PeopleError(f"tick the accounts that {self.name} sees, or all, and not both")
        return Person(self.name, Role(self.role), None if self.all_accounts else frozenset(self.accounts))


@dataclass(frozen=True, slots=True)
class _Done:
    """What was done, in words, and the secret that was made and is shown this once."""

    words: str
    secret: str = ""


async def admin(request: web.Request) -> web.Response:
    """Users, tokens, the latest runs with their timings, and the health of the process."""
    require(request, Right.ADMIN)
    return await _page(request, _Done(""))


async def _page(request: web.Request, done: _Done) -> web.Response:
    site = request.app[SITE]
    users, tokens, runs = await asyncio.gather(
        asyncio.to_thread(people.users, site.store),
        asyncio.to_thread(people.tokens, site.store),
        asyncio.to_thread(record.list_runs, site.store, RUNS),
    )
    return render(
        request,
        "admin.html",
        users=users,
        tokens=tokens,
        runs=runs,
        health=site.health(),
        roles=[str(role) for role in Role],
        accounts=list(site.accounts),
        done=done,
        notices=notices_of(request),
    )


async def change(request: web.Request) -> web.StreamResponse:
    """Does what a form of the page asks for; a secret that is made is shown in the answer and kept nowhere."""
    person = require(request, Right.ADMIN)
    site = request.app[SITE]
    data = await request.post()
    names = [name for name in site.accounts if name in data.getall("account", ())]
    role = str(data.get("role", Role.VIEWER))
    form = _Form(str(data.get("name", "")).strip(), role, tuple(names), "all_accounts" in data)
    change = _CHANGES.get(request.match_info["form"])
    if change is None or role not in list(Role):
        raise web.HTTPNotFound(text="there is no such form\n")
    act = act_of(request, person.name)
    try:
        done = await request.app[THROTTLE].hashing(lambda: change(site.store, form, act))
    except PeopleError as error:
        redirect(request, "/admin", Notice(False, str(error)))
    if not done.secret:
        redirect(request, "/admin", Notice(True, done.words))
    return await _page(request, done)


def _add_user(store: Store, form: _Form, act: Act) -> _Done:
    password = secrets.token_urlsafe(12)
    people.add_user(store, form.person(), hash_password(password), act, temporary=True, replace=False)
    return _Done(f"{form.name} logs in for the first time with this password, and then chooses another:", password)


def _reset_password(store: Store, form: _Form, act: Act) -> _Done:
    password = secrets.token_urlsafe(12)
    people.set_password(store, form.name, hash_password(password), act, temporary=True)
    return _Done(f"{form.name} logs in with this password, and then chooses another:", password)


def _change_user(store: Store, form: _Form, act: Act) -> _Done:
    people.change_user(store, form.person(), act)
    return _Done(f"{form.name} is {form.role} now, from the next log-in on")


def _disable_user(store: Store, form: _Form, act: Act) -> _Done:
    people.disable_user(store, form.name, act)
    return _Done(f"{form.name} may not log in any more")


def _enable_user(store: Store, form: _Form, act: Act) -> _Done:
    people.enable_user(store, form.name, act)
    return _Done(f"{form.name} may log in again")


def _end_sessions(store: Store, form: _Form, act: Act) -> _Done:
    people.end_sessions(store, form.name, act)
    return _Done(f"every session of {form.name} has ended")


def _add_token(store: Store, form: _Form, act: Act) -> _Done:
    secret = people.new_token()
    people.add_token(store, form.person(), secret, act)
    return _Done(f"The token {form.name}, for the script's Authorization header:", secret)


def _revoke_token(store: Store, form: _Form, act: Act) -> _Done:
    people.revoke_token(store, form.name, act)
    return _Done(f"the token {form.name} does not hold any more")


_CHANGES: Mapping[str, Callable[[Store, _Form, Act], _Done]] = {
    "add": _add_user,
    "change": _change_user,
    "password": _reset_password,
    "disable": _disable_user,
    "enable": _enable_user,
    "sessions": _end_sessions,
    "token": _add_token,
    "revoke": _revoke_token,
}
