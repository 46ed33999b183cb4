"""Log in and out."""

import asyncio
import secrets

from aiohttp import web
from yarl import URL

from recon.store.desk import people
from reports.page.access.security import COOKIE, PERSON, act_of, check_form, session_of, set_session_cookie
from reports.page.access.throttle import THROTTLE, Attempt, Refusal
from reports.page.render import render
from reports.page.site import SITE

_FORM_COOKIE = "recon_login"


async def form(request: web.Request) -> web.Response:
    """The form; whoever is logged in already goes on."""
    target = _inside(request.query.get("next", "/"))
    if await session_of(request):
        raise web.HTTPSeeOther(target)
    return _form(request, target, "")


def _form(request: web.Request, target: str, words: str, status: int = 200) -> web.Response:
    secret = request.cookies.get(_FORM_COOKIE) or secrets.token_urlsafe(32)
    response = render(request, "login.html", words=words, csrf=secret, next=target)
    response.set_status(status)
    secure = request.app[SITE].secure
    response.set_cookie(_FORM_COOKIE, secret, httponly=True, secure=secure, samesite="Strict", path="/login")
    return response


async def log_in(request: web.Request) -> web.StreamResponse:
    """A new session, whatever the browser held before."""
    site = request.app[SITE]
    await check_form(request, request.cookies.get(_FORM_COOKIE, ""))
    data = await request.post()
    name = str(data.get("name", "")).strip()
    target = _inside(str(data.get("next", "/")))
    act = act_of(request, name)
    admitted = await request.app[THROTTLE].admit(Attempt(name, str(data.get("password", "")), act))
    if isinstance(admitted, Refusal):
        return _form(request, target, admitted.words, admitted.status)
    secret = secrets.token_urlsafe(32)
    csrf = secrets.token_urlsafe(32)
    await asyncio.to_thread(people.open_session, site.store, secret, csrf, act)
    response = web.HTTPSeeOther(target)
    set_session_cookie(request, response, secret)
    raise response


async def log_out(request: web.Request) -> web.StreamResponse:
    """The session ends here and in the browser."""
    secret = request.cookies.get(COOKIE, "")
    act = act_of(request, request[PERSON].name)
    await asyncio.to_thread(people.end_session, request.app[SITE].store, secret, act)
    response = web.HTTPSeeOther("/login")
    response.del_cookie(COOKIE, path="/")
    raise response


def _inside(path: str) -> str:
    """A path of this page; anything else leads home."""
    try:
        target = str(URL(path))  # as the answer will have it: without dots and control characters
    except ValueError:
        return "/"
    is_plain = path.isprintable() and "\\" not in path
    return path if is_plain and all(path_.startswith("/") and path_[1:2] != "/" for path_ in (path, target)) else "/"
