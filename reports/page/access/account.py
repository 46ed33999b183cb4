"""A person's own account: another password."""

from aiohttp import web

from recon.people import MIN_PASSWORD, hash_password
from recon.store.desk import people
from reports.page.access.security import PERSON, SESSION, act_of
from reports.page.access.throttle import LONGEST, THROTTLE, Attempt, Refusal
from reports.page.render import render
from reports.page.site import SITE


async def show(request: web.Request) -> web.Response:
    """The form for another password."""
    _must_have_password(request)
    return _form(request)


def _must_have_password(request: web.Request) -> None:
    if request[SESSION].signed_on:
        raise web.HTTPNotFound(text="you log in by single sign-on: your password is with its provider\n")


def _form(request: web.Request, words: str = "", status: int = 200) -> web.Response:
    is_temporary = request[SESSION].password_is_temporary
    response = render(request, "account.html", words=words, least=MIN_PASSWORD, is_temporary=is_temporary)
    response.set_status(status)
    return response


async def change_password(request: web.Request) -> web.StreamResponse:
    """Another password, where the one of now is given; every session ends, and the next log-in takes the new one."""
    _must_have_password(request)
    data = await request.post()
    name = request[PERSON].name
    act = act_of(request, name)
    password = str(data.get("new", ""))
    if password != str(data.get("again", "")):
        return _form(request, "The two new passwords are not the same.", 400)
    if not MIN_PASSWORD <= len(password) <= LONGEST:
        return _form(request, f"A password has at least {MIN_PASSWORD} characters.", 400)
    throttle = request.app[THROTTLE]
    admitted = await throttle.admit(Attempt(name, str(data.get("password", "")), act))
    if isinstance(admitted, Refusal):
        return _form(request, admitted.words.replace("Name or password", "The password of now"), admitted.status)
    store = request.app[SITE].store
    await throttle.hashing(lambda: people.set_password(store, name, hash_password(password), act))
    raise web.HTTPSeeOther("/login")
