"""Who asks, from where and whether a form is ours; on every answer the same strict headers."""

import asyncio
import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web
from yarl import URL

from recon.omise.webhooks import LARGEST
from recon.people import Person, Right
from recon.store.desk import access, people
from reports.page.access.throttle import THROTTLE
from reports.page.site import SITE, Site

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

COOKIE = "recon_session"
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
PERSON = web.RequestKey("person", Person)
CSRF = web.RequestKey("csrf", str)
SESSION = web.RequestKey("session", people.Session)
MAX_BODY = 16 * 1024 * 1024
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
WEBHOOKS = "/webhooks/"
_OPEN = ("/login", "/static/", "/health", "/favicon.ico", WEBHOOKS)


@web.middleware
async def strict_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The same on every answer, errors included; nothing with data is kept by a cache."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(_headers(request))
        raise
    response.headers.update(_headers(request))
    return response


def _headers(request: web.Request) -> dict[str, str]:
    static = request.path.startswith("/static/")
    headers = {**HEADERS, "Cache-Control": "public, max-age=3600" if static else "no-store"}
    site = request.app.get(SITE)
    return {**headers, "Strict-Transport-Security": "max-age=31536000"} if site and site.secure else headers


@web.middleware
async def known_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only the names that the page has: another name in the Host header is somebody else's page."""
    if request.path in ("/health", "/metrics") or request.path.startswith(WEBHOOKS):  # by address; by signature
        return await handler(request)
    if not _is_known_by(request):
        raise web.HTTPMisdirectedRequest(text="this page is not known under that name\n")
    return await handler(request)


def _is_known_by(request: web.Request) -> bool:
    name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    return name.lower() in request.app[SITE].hosts


@web.middleware
async def in_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A sender that takes too long over one request is cut off; what is no form, or no text, is refused."""
    if not request.can_read_body:
        return await handler(request)
    if request.path.startswith((WEBHOOKS, "/login")):  # where strangers write
        request = request.clone(client_max_size=LARGEST)
    is_form = request.content_type in _FORMS and not request.path.startswith("/api")
    try:
        async with asyncio.timeout(request.app[SITE].body_seconds):
            await (request.post() if is_form else request.read())
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the request came too slowly\n") from None
    except (ValueError, LookupError):  # parts without an end, a character set that there is not
        raise web.HTTPBadRequest(text="this form cannot be read\n") from None
    if is_form and any("\0" in value for value in (await request.post()).values() if isinstance(value, str)):
        raise web.HTTPBadRequest(text="a text of this form has a character that cannot be kept\n")
    return await handler(request)


@web.middleware
async def known_person(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A login or a token for everything but the login itself; a form must carry its session's secret."""
    if request.path.startswith(_OPEN):
        return await handler(request)
    if request.path == "/metrics":
        await _check_reader(request)
        return await handler(request)
    token = _bearer(request)
    is_api = request.path.startswith("/api")
    if token and is_api:
        site = request.app[SITE]
        person = await asyncio.to_thread(people.bearer, site.store, token, site.clock())
        if person is None:
            await _note_token(request)
            raise web.HTTPUnauthorized(text='{"error": "the token does not hold"}', content_type="application/json")
        request[PERSON], request[CSRF] = person, ""
        return await _allowed(request, handler)
    session = await session_of(request)
    if session is None:
        if is_api:
            raise web.HTTPUnauthorized(
                text='{"error": "no token"}', content_type="application/json", headers={"WWW-Authenticate": "Bearer"}
            )
        raise _to_login(request)
    request[PERSON], request[CSRF], request[SESSION] = session.person, session.csrf, session
    if session.password_is_temporary and request.path not in ("/account", "/logout"):
        raise web.HTTPSeeOther("/account")
    return await _allowed(request, handler)


async def _allowed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What somebody asks for who is in; what their role does not allow is a line of the access log."""
    try:
        session = request.get(SESSION)
        if session is not None and request.method not in ("GET", "HEAD"):
            await check_form(request, session.csrf)
        return await handler(request)
    except web.HTTPForbidden as error:
        act = act_of(request, request[PERSON].name)
        why = f"{request.method} {request.path[:200]}: {(error.text or '').strip()}"
        await asyncio.to_thread(people.refuse, request.app[SITE].store, act, why, what=access.REQUEST)
        raise


async def _note_token(request: web.Request) -> None:
    """A token that does not hold is a line of the access log, the first of an address in a quarter of an hour."""
    act = act_of(request, "")
    if request.app[THROTTLE].is_news(act.address or "", act.at):
        why = "it does not hold; more of this address within a quarter of an hour are not listed"
        await asyncio.to_thread(people.refuse, request.app[SITE].store, act, why, what=access.TOKEN)


async def _check_reader(request: web.Request) -> None:
    """The figures are for this machine, and for a token that sees every account from elsewhere.

    Behind a proxy always for a token: one that names nobody in a header looks like this machine. So does a browser
    here that another site's name leads to us, by that name.
    """
    site = request.app[SITE]
    forwarded = site.behind_proxy or any(name in request.headers for name in ("X-Forwarded-For", "Forwarded"))
    is_here = request.remote and ipaddress.ip_address(request.remote).is_loopback and _is_known_by(request)
    if is_here and not forwarded:
        return
    person = await asyncio.to_thread(people.bearer, site.store, _bearer(request), site.clock())
    if person is None:
        raise web.HTTPUnauthorized(text="a token is needed\n", headers={"WWW-Authenticate": "Bearer"})
    if person.accounts is not None:
        raise web.HTTPForbidden(text="the figures are of every account, and this token is for some\n")


def _to_login(request: web.Request) -> web.HTTPException:
    """To the login, and from there back: to the page that was asked for, else to the one that held the form."""
    try:
        referrer = URL(request.headers.get("Referer", ""))
    except ValueError:
        referrer = URL()
    is_page = request.method == "GET" and "HX-Request" not in request.headers
    page = request.path_qs if is_page else referrer.path_qs if referrer.host == request.url.host else "/"
    target = f"/login?next={quote(page)}" if page not in ("/", "/logout") else "/login"
    if "HX-Request" in request.headers:  # htmx would put the login into a part of the page
        return web.HTTPUnauthorized(headers={"HX-Redirect": target})
    return web.HTTPSeeOther(target)


async def session_of(request: web.Request) -> people.Session | None:
    """The session of the request's cookie, if it holds."""
    site = request.app[SITE]
    secret = request.cookies.get(session_cookie(site))
    session = await asyncio.to_thread(people.session, site.store, secret, site.clock()) if secret else None
    if session is None or session.signed_on is None:
        return session if session and may_use_password(site, session.person) else None
    return session if site.provider and site.provider.sign_on.issuer == session.signed_on.issuer else None


def may_use_password(site: Site, person: Person) -> bool:
    """Everybody without single sign-on; with it administrators, for the day when the provider is away."""
    return site.provider is None or person.has(Right.ADMIN)


async def check_form(request: web.Request, secret: str) -> None:
    """Refuse what another site sends, or what does not carry the secret."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise web.HTTPForbidden(text="this form is not from here\n")
    given = request.headers.get(CSRF_HEADER) or str((await request.post()).get(CSRF_FIELD, ""))
    if not secret.isascii() or not secret or not hmac.compare_digest(given.encode(errors="replace"), secret.encode()):
        raise web.HTTPForbidden(text="this form is too old: go back, reload and try again\n")


def address_of(request: web.Request) -> str:
    """Whose request it is: the peer, or whom the proxy in front says last that it speaks for."""
    peer = request.remote or ""
    if not request.app[SITE].behind_proxy:
        return peer
    named = ",".join(request.headers.getall("X-Forwarded-For", ())).rpartition(",")[2].strip()
    if "]" in named or named.count(":") == 1:  # some proxies add the port
        named = named.rpartition(":")[0].strip("[]")
    try:
        return str(ipaddress.ip_address(named))
    except ValueError:
        return peer


def act_of(request: web.Request, name: str) -> people.Act:
    """Something that a person does here, for the log."""
    site = request.app[SITE]
    return people.Act(name, site.clock(), site.audit_key, address_of(request))


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def require(request: web.Request, right: Right) -> Person:
    """The person who asks, if they have the right."""
    person = request[PERSON]
    if person.token is not None and right >= Right.APPROVE:
        raise web.HTTPForbidden(text="no token approves, signs or administers: a person does, logged in\n")
    if not person.has(right):
        raise web.HTTPForbidden(text=f"your role ({person.role}) may not do this\n")
    return person


def session_cookie(site: Site) -> str:
    """The name of the session's cookie; over TLS one that no other host of the domain can set."""
    return f"__Host-{COOKIE}" if site.secure else COOKIE


def set_session_cookie(request: web.Request, response: web.StreamResponse, secret: str) -> None:
    """Give the browser its session's secret: for this site, out of reach of scripts, until it is closed."""
    site = request.app[SITE]
    response.set_cookie(session_cookie(site), secret, httponly=True, secure=site.secure, samesite="Lax", path="/")
