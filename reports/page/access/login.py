"""Log in and out."""

import asyncio
import secrets

from aiohttp import web
from yarl import URL

from recon.store.desk import people
from reports.page.access.security import (
    PERSON,
    SESSION,
    act_of,
    check_form,
    may_use_password,
    session_cookie,
    session_of,
    set_session_cookie,
)
from reports.page.access.throttle import THROTTLE, Attempt, Refusal
from reports.page.render import render
from reports.page.site import SITE

_FORM_COOKIE = "recon_login"
_USE_SIGN_ON = "people log in by single sign-on here, and a password is for administrators alone"


async def form(request: web.Request) -> web.Response:
    """The form; whoever is logged in already goes on."""
    target = inside(request.query.get("next", "/"))
    if await session_of(request):
        raise web.HTTPSeeOther(target)
    return show_form(request, target, "")


def show_form(request: web.Request, target: str, words: str, status: int = 200) -> web.Response:
    """The form, with why somebody was not let in; it leads to the target."""
    site = request.app[SITE]
    secret = request.cookies.get(_FORM_COOKIE, "")
    if not secret or not secret.isascii():
        secret = secrets.token_urlsafe(32)
    response = render(request, "login.html", words=words, csrf=secret, next=target, has_provider=bool(site.provider))
    response.set_status(status)
    secure = site.secure
    response.set_cookie(_FORM_COOKIE, secret, httponly=True, secure=secure, samesite="Strict", path="/login")
    return response


async def log_in(request: web.Request) -> web.StreamResponse:
    """A new session, whatever the browser held before."""
    site = request.app[SITE]
    await check_form(request, request.cookies.get(_FORM_COOKIE, ""))
    data = await request.post()
    name = str(data.get("name", "")).strip()
    target = inside(str(data.get("next", "/")))
    act = act_of(request, name)
    admitted = await request.app[THROTTLE].admit(Attempt(name, str(data.get("password", "")), act))
    if isinstance(admitted, Refusal):
        return show_form(request, target, admitted.words, admitted.status)
    if not may_use_password(site, admitted):
        await asyncio.to_thread(people.refuse, site.store, act, _USE_SIGN_ON)
        return show_form(request, target, f"Not let in: {_USE_SIGN_ON}.", 403)
    secret = secrets.token_urlsafe(32)
    csrf = secrets.token_urlsafe(32)
    await asyncio.to_thread(people.open_session, site.store, secret, csrf, act)
    response = web.HTTPSeeOther(target)
    set_session_cookie(request, response, secret)
    raise response


async def log_out(request: web.Request) -> web.StreamResponse:
    """The session ends here and in the browser."""
    site = request.app[SITE]
    secret = request.cookies.get(session_cookie(site), "")
    act = act_of(request, request[PERSON].name)
    await asyncio.to_thread(people.end_session, site.store, secret, act)
    provider = site.provider
    signed_on = request[SESSION].signed_on
    url = await provider.log_out_url(signed_on.id_token or "", act.at) if provider and signed_on else ""
    if url:  # a page and no redirect, which a form may not take to elsewhere
        del request[PERSON]
        response: web.Response | web.HTTPSeeOther = render(request, "logged_out.html", url=url)
    else:
        response = web.HTTPSeeOther("/login")
    response.del_cookie(session_cookie(site), path="/", secure=site.secure)
    if isinstance(response, web.HTTPSeeOther):
        raise response
    return response


def inside(path: str) -> str:
    """A path of this page; anything else leads home."""
    try:
        target = str(URL(path))  # as the answer will have it: without dots and control characters
    except ValueError:
        return "/"
    is_plain = path.isprintable() and "\\" not in path
    return path if is_plain and all(path_.startswith("/") and path_[1:2] != "/" for path_ in (path, target)) else "/"
