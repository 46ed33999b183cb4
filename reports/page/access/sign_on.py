"""Single sign-on: to the provider and back, then a session like any other's."""

import asyncio
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from recon.store.desk import people
from reports.page.access.identity import Denied, entitlement_of, identity_of
from reports.page.access.login import inside, show_form
from reports.page.access.provider import Provider, ProviderError
from reports.page.access.security import act_of, set_session_cookie
from reports.page.access.throttle import THROTTLE, TOO_MANY
from reports.page.site import SITE

WITHIN = timedelta(minutes=10)  # from the way there until the way back
_LONGEST = 1_500  # characters of where to go on: a cookie holds 4,096


@dataclass(frozen=True, slots=True)
class _Flow:
    """A log-in under way: its state, a hash of the nonce, the secret of PKCE, where to go on, and since when."""

    state: str
    nonce: str
    verifier: str
    target: str
    at: str


class Flows:
    """Log-ins under way, each good for one way back; the browser that began one keeps it, sealed."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._used: dict[str, datetime] = {}

    def seal(self, flow: _Flow) -> str:
        """What the browser keeps."""
        text = urlsafe_b64encode(json.dumps(astuple(flow)).encode()).decode()
        return f"{text}.{self._mark(text)}"

    def take(self, state: str, sealed: str, now: datetime) -> _Flow | None:
        """The log-in of a state, where it is this browser's, in time and for the first time; else null."""
        text, _, mark = sealed.partition(".")
        if not sealed.isascii() or not hmac.compare_digest(mark, self._mark(text)):
            return None
        flow = _Flow(*json.loads(urlsafe_b64decode(text)))
        in_time = timedelta() <= now - datetime.fromisoformat(flow.at) <= WITHIN
        if flow.state != state or state in self._used or not in_time:
            return None
        self._used = {used: at for used, at in self._used.items() if now - at <= WITHIN} | {state: now}
        return flow

    def _mark(self, text: str) -> str:
        return hmac.digest(self._key, text.encode(), "sha256").hex()


FLOWS = web.AppKey("flows", Flows)


async def begin(request: web.Request) -> web.StreamResponse:
    """To the provider; several tabs of a browser may be under way."""
    site = request.app[SITE]
    provider = _provider(request)
    target = inside(request.query.get("next", "/"))
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    now = site.clock()
    try:
        url = await provider.log_in_url(state, nonce, verifier, now)
    except ProviderError as error:
        return show_form(request, target, f"Single sign-on does not work now: {error}", 503)
    flow = _Flow(state, people.digest(nonce), verifier, target if len(target) <= _LONGEST else "/", now.isoformat())
    response = web.HTTPSeeOther(url)
    sealed = request.app[FLOWS].seal(flow)
    cookie: Mapping[str, Any] = {"path": "/", "httponly": True, "secure": site.secure, "max_age": 600}
    response.set_cookie(_cookie(request, state), sealed, samesite="Lax", **cookie)  # Strict would be lost on the way
    raise response


async def back(request: web.Request) -> web.StreamResponse:
    """From the provider: who it is, what their groups give them now, and a new session."""
    site = request.app[SITE]
    provider = _provider(request)
    state = request.query.get("state", "")
    cookie = _cookie(request, state)
    if not await request.app[THROTTLE].may_sign_on(act_of(request, "")):
        return show_form(request, "/", TOO_MANY.words, TOO_MANY.status)
    flow = request.app[FLOWS].take(state, request.cookies.get(cookie, ""), site.clock())
    if flow is None:
        return show_form(request, "/", "This log-in was begun elsewhere, or too long ago: try again.", 400)
    secret, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    try:
        await _log_in(request, provider, flow, secret, csrf)
    except (ProviderError, Denied, people.PeopleError) as error:
        return show_form(request, flow.target, f"You were not logged in: {error}.", 403)
    response = web.HTTPSeeOther(flow.target)
    response.del_cookie(cookie, path="/", secure=site.secure)
    set_session_cookie(request, response, secret)
    raise response


async def _log_in(request: web.Request, provider: Provider, flow: _Flow, secret: str, csrf: str) -> None:
    """Proves the way back and opens a session; raises ProviderError, Denied and PeopleError, which are logged."""
    store = request.app[SITE].store
    query = request.query
    act = act_of(request, "")
    known: people.Identity | None = None
    try:
        if query.get("iss", provider.sign_on.issuer) != provider.sign_on.issuer:
            raise Denied("another provider answered")
        if "error" in query:  # in the provider's words, which the page escapes and the log does not keep
            raise Denied(f"the provider says {query.get('error_description') or query['error']}"[:500])
        token, claims = await provider.token_of(query.get("code", ""), flow.verifier, flow.nonce, act.at)
        known = identity_of(claims, provider.sign_on)
        rights = entitlement_of(claims, provider.sign_on)
        person = await asyncio.to_thread(people.sign_on, store, known, rights.role, rights.accounts, act)
    except (ProviderError, Denied, people.PeopleError) as error:
        words = "the provider refused" if "error" in query else str(error)
        await asyncio.to_thread(people.refuse, store, act, words, identity=known)
        raise
    await request.app[THROTTLE].signed_on(act)
    act = act_of(request, person.name)
    session = people.SignedOn(provider.sign_on.issuer, token)
    await asyncio.to_thread(people.open_session, store, secret, csrf, act, session)


def _provider(request: web.Request) -> Provider:
    provider = request.app[SITE].provider
    if provider is None:
        raise web.HTTPNotFound(text="there is no single sign-on here\n")
    return provider


def _cookie(request: web.Request, state: str) -> str:
    """Each log-in under way has its own; over TLS under a name that no other host of the domain can set."""
    return f"{'__Host-' if request.app[SITE].secure else ''}recon_sign_on_{people.digest(state)[:16]}"
