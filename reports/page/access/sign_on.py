"""Single sign-on: to the provider and back, then a session like any other's."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
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
_MOST = 10_000  # log-ins under way


@dataclass(frozen=True, slots=True)
class _Flow:
    """A log-in under way: hashes of the browser's secret and of the nonce, the secret of PKCE, and where to go on."""

    browser: str
    nonce: str
    verifier: str
    target: str
    at: datetime


class Flows:
    """The log-ins under way by their state, each good for one way back."""

    def __init__(self) -> None:
        self._flows: OrderedDict[str, _Flow] = OrderedDict()

    def keep(self, state: str, flow: _Flow) -> None:
        """One more; the oldest goes where there are too many."""
        self._flows[state] = flow
        while len(self._flows) > _MOST:
            self._flows.popitem(last=False)

    def take(self, state: str, browser: str, now: datetime) -> _Flow | None:
        """The log-in of a state, for the browser that began it and once; null for any other."""
        flow = self._flows.get(state)
        if flow is None or flow.browser != people.digest(browser):
            return None
        del self._flows[state]
        return flow if timedelta() <= now - flow.at <= WITHIN else None


FLOWS = web.AppKey("flows", Flows)


async def begin(request: web.Request) -> web.StreamResponse:
    """To the provider; several tabs of a browser may be under way."""
    site = request.app[SITE]
    provider = _provider(request)
    target = inside(request.query.get("next", "/"))
    browser = request.cookies.get(_cookie(request)) or secrets.token_urlsafe(32)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    now = site.clock()
    try:
        url = await provider.log_in_url(state, nonce, verifier, now)
    except ProviderError as error:
        return show_form(request, target, f"Single sign-on does not work now: {error}", 503)
    flow = _Flow(people.digest(browser), people.digest(nonce), verifier, target, now)
    request.app[FLOWS].keep(state, flow)
    response = web.HTTPSeeOther(url)
    cookie: Mapping[str, Any] = {"path": "/", "httponly": True, "secure": site.secure}
    response.set_cookie(_cookie(request), browser, samesite="Lax", max_age=600, **cookie)  # Strict would be lost
    raise response


async def back(request: web.Request) -> web.StreamResponse:
    """From the provider: who it is, what their groups give them now, and a new session."""
    site = request.app[SITE]
    provider = _provider(request)
    query = request.query
    now = site.clock()
    flow = request.app[FLOWS].take(query.get("state", ""), request.cookies.get(_cookie(request), ""), now)
    if flow is None:
        return show_form(request, "/", "This log-in was begun elsewhere, or too long ago: try again.", 400)
    if not await request.app[THROTTLE].may_sign_on(act_of(request, "")):
        return show_form(request, flow.target, TOO_MANY.words, TOO_MANY.status)
    secret, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    try:
        await _log_in(request, provider, flow, secret, csrf)
    except (ProviderError, Denied, people.PeopleError) as error:
        return show_form(request, flow.target, f"You were not logged in: {error}.", 403)
    response = web.HTTPSeeOther(flow.target)
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


def _cookie(request: web.Request) -> str:
    """The browser's own secret; over TLS under a name that no other host of the domain can set."""
    return f"{'__Host-' if request.app[SITE].secure else ''}recon_sign_on"
