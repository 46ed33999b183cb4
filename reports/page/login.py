"""Log in and out; knows users by their name and password alone, and slows down whoever guesses."""

import asyncio
import secrets
from collections import deque
from datetime import datetime, timedelta

from aiohttp import web

from recon.people import hash_password, is_password
from recon.store import people
from reports.page.render import render
from reports.page.security import COOKIE, check_form, cookie
from reports.page.site import SITE

TRIES, WITHIN = 5, timedelta(minutes=15)
_REMEMBERED = 10_000  # names and addresses whose failures are kept
_FORM_COOKIE = "recon_login"


class Failures:
    """Failed log-ins of late, by name and by address."""

    def __init__(self) -> None:
        self._at: dict[str, deque[datetime]] = {}

    def too_many(self, keys: tuple[str, ...], now: datetime) -> bool:
        """Whether any of the keys has failed too often within the last minutes."""
        return any(self._recent(key, now) >= TRIES for key in keys)

    def add(self, keys: tuple[str, ...], now: datetime) -> None:
        """One more failure of each key."""
        if len(self._at) > _REMEMBERED:
            self._at = {key: at for key, at in self._at.items() if self._recent(key, now)}
        for key in keys:
            self._at.setdefault(key, deque(maxlen=TRIES)).append(now)

    def forget(self, key: str) -> None:
        """A success."""
        self._at.pop(key, None)

    def _recent(self, key: str, now: datetime) -> int:
        return sum(now - at < WITHIN for at in self._at.get(key, ()))


FAILURES = web.AppKey("failures", Failures)
_NOBODY = hash_password(secrets.token_urlsafe(32))  # takes the same time as a real one


async def form(request: web.Request) -> web.Response:
    """The form; whoever is logged in already goes on."""
    return _form(request, "")


def _form(request: web.Request, words: str, status: int = 200) -> web.Response:
    secret = request.cookies.get(_FORM_COOKIE) or secrets.token_urlsafe(32)
    response = render(request, "login.html", words=words, csrf=secret, next=_inside(request.query.get("next", "/")))
    response.set_status(status)
    secure = request.app[SITE].secure
    response.set_cookie(_FORM_COOKIE, secret, httponly=True, secure=secure, samesite="Strict", path="/login")
    return response


async def log_in(request: web.Request) -> web.StreamResponse:
    """A new session, whatever the browser held before."""
    site, failures = request.app[SITE], request.app[FAILURES]
    await check_form(request, request.cookies.get(_FORM_COOKIE, ""))
    data = await request.post()
    name, password = str(data.get("name", "")).strip(), str(data.get("password", ""))
    now, keys = site.clock(), (f"name {name}", f"from {request.remote}")
    if failures.too_many(keys, now):
        return _form(request, "Too many attempts: wait a quarter of an hour.", 429)
    known = await asyncio.to_thread(people.credentials, site.store, name)
    good = await asyncio.to_thread(is_password, password, known[1] if known else _NOBODY)
    if known is None or not good:
        failures.add(keys, now)
        return _form(request, "Name or password is wrong.", 401)
    failures.forget(keys[0])
    secret, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    await asyncio.to_thread(people.open_session, site.store, name, secret, csrf, now)
    response = web.HTTPSeeOther(_inside(str(data.get("next", "/"))))
    cookie(request, response, secret)
    raise response


async def log_out(request: web.Request) -> web.StreamResponse:
    """The session ends here and in the browser."""
    site, secret = request.app[SITE], request.cookies.get(COOKIE, "")
    await asyncio.to_thread(people.end_session, site.store, secret, site.clock())
    response = web.HTTPSeeOther("/login")
    response.del_cookie(COOKIE, path="/")
    raise response


def _inside(path: str) -> str:
    """A path of this page; anything else leads home."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
