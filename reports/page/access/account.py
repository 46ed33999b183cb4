"""A person's own account: another password, and tokens for programs that act for them."""

import asyncio

from aiohttp import web

from recon.people import MIN_PASSWORD, Person, Role, hash_password, is_name
from recon.store.desk import people
from reports.page.access.security import PERSON, SESSION, act_of
from reports.page.access.throttle import LONGEST, THROTTLE, Attempt, Refusal
from reports.page.notices import Notice, notices_of, redirect
from reports.page.render import render
from reports.page.site import SITE


async def show(request: web.Request) -> web.Response:
    """The form for another password, and one's own tokens."""
    return await _page(request)


async def _page(request: web.Request, words: str = "", status: int = 200, secret: str = "") -> web.Response:
    session = request[SESSION]
    tokens = [] if session.password_is_temporary else await _own_tokens(request)
    response = render(
        request,
        "account.html",
        words=words,
        least=MIN_PASSWORD,
        session=session,
        tokens=tokens,
        secret=secret,
        notices=notices_of(request),
    )
    response.set_status(status)
    return response


async def _own_tokens(request: web.Request) -> list[people.Token]:
    tokens = await asyncio.to_thread(people.tokens, request.app[SITE].store)
    return [token for token in tokens if token.owner == request[PERSON].name and token.revoked_at is None]


async def add_token(request: web.Request) -> web.StreamResponse:
    """A token of one's own: it may do no more than its person, and approves and signs nothing."""
    name = str((await request.post()).get("name", "")).strip()
    owner = request[PERSON].name
    secret = people.new_token()
    token = Person(name, Role.ANALYST)
    try:
        if not is_name(name):
            raise people.PeopleError(f'"{name}" is no name')
        await asyncio.to_thread(
            people.add_token, request.app[SITE].store, token, secret, act_of(request, owner), owner
        )
    except people.PeopleError as error:
        redirect(request, "/account", Notice(False, str(error)))
    return await _page(request, secret=secret)


async def revoke_token(request: web.Request) -> web.StreamResponse:
    """A token of one's own that does not hold any more."""
    name = str((await request.post()).get("name", ""))
    if all(token.person.name != name for token in await _own_tokens(request)):
        raise web.HTTPNotFound(text="you have no such token\n")
    act = act_of(request, request[PERSON].name)
    await asyncio.to_thread(people.revoke_token, request.app[SITE].store, name, act)
    redirect(request, "/account", Notice(True, f"the token {name} does not hold any more"))


async def change_password(request: web.Request) -> web.StreamResponse:
    """Another password, where the one of now is given; every session ends, and the next log-in takes the new one."""
    if request[SESSION].signed_on:
        raise web.HTTPNotFound(text="you log in by single sign-on: your password is with its provider\n")
    data = await request.post()
    name = request[PERSON].name
    act = act_of(request, name)
    password = str(data.get("new", ""))
    if password != str(data.get("again", "")):
        return await _page(request, "The two new passwords are not the same.", 400)
    if not MIN_PASSWORD <= len(password) <= LONGEST:
        return await _page(request, f"A password has {MIN_PASSWORD} to {LONGEST:,} characters.", 400)
    if password == data.get("password"):
        return await _page(request, "The new password is the one of now: choose another.", 400)
    throttle = request.app[THROTTLE]
    admitted = await throttle.admit(Attempt(name, str(data.get("password", "")), act))
    if isinstance(admitted, Refusal):
        return await _page(
            request, admitted.words.replace("Name or password", "The password of now"), admitted.status
        )
    store = request.app[SITE].store
    await throttle.hashing(lambda: people.set_password(store, name, hash_password(password), act))
    raise web.HTTPSeeOther("/login")
