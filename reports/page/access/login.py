"""Log in and out."""

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from aiohttp import web
from yarl import URL

from recon.people import hash_password, is_password
from recon.store.desk import people
from reports.page.access.security import COOKIE, check_form, session_of, set_session_cookie
from reports.page.render import render
from reports.page.site import SITE

TRIES = 5
WITHIN = timedelta(minutes=15)
FROM_ONE_ADDRESS = 50  # many people may come through one proxy
_REMEMBERED = 10_000  # names and addresses whose failures are kept
_FORM_COOKIE = "recon_login"


class Failures:
    """Failed log-ins of late, by name and by address."""

    def __init__(self) -> None:
        self._at: dict[str, deque[datetime]] = {}

    def too_many(self, limits: Mapping[str, int], now: datetime) -> bool:
        """Whether any of the keys has failed as often as it may within the last minutes."""
        return any(self._recent(key, now) >= most for key, most in limits.items())

    def add(self, limits: Mapping[str, int], now: datetime) -> None:
        """One more failure of each key."""
        if len(self._at) > _REMEMBERED:
            self._at = {key: at for key, at in self._at.items() if self._recent(key, now)}
        for key, most in limits.items():
            self._at.setdefault(key, deque(maxlen=most)).append(now)

    def forget(self, key: str) -> None:
        """A success."""
        self._at.pop(key, None)

    def _recent(self, key: str, now: datetime) -> int:
        return sum(now - at < WITHIN for at in self._at.get(key, ()))


FAILURES = web.AppKey("failures", Failures)
_NOBODY = hash_password(secrets.token_urlsafe(32))  # takes the same time as a real one


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
    failures = request.app[FAILURES]
    await check_form(request, request.cookies.get(_FORM_COOKIE, ""))
    data = await request.post()
    name = str(data.get("name", "")).strip()
    password = str(data.get("password", ""))
    now = site.clock()
    target = _inside(str(data.get("next", "/")))
    limits = {f"name {name}": TRIES, f"from {request.remote}": FROM_ONE_ADDRESS}
    if failures.too_many(limits, now):
        return _form(request, target, "Too many attempts: wait a quarter of an hour.", 429)
    credentials = await asyncio.to_thread(people.credentials, site.store, name)
    is_right = await asyncio.to_thread(is_password, password, credentials[1] if credentials else _NOBODY)
    if credentials is None or not is_right:
        failures.add(limits, now)
        return _form(request, target, "Name or password is wrong.", 401)
    failures.forget(f"name {name}")
    secret = secrets.token_urlsafe(32)
    csrf = secrets.token_urlsafe(32)
    await asyncio.to_thread(people.open_session, site.store, name, secret, csrf, now)
    response = web.HTTPSeeOther(target)
    set_session_cookie(request, response, secret)
    raise response


async def log_out(request: web.Request) -> web.StreamResponse:
    """The session ends here and in the browser."""
    site = request.app[SITE]
    secret = request.cookies.get(COOKIE, "")
    await asyncio.to_thread(people.end_session, site.store, secret, site.clock())
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
