"""Every address of the finance page and who answers it."""

import asyncio
from pathlib import Path

from aiohttp import web

from reports.page import about, excel, patterns, ruling
from reports.page.access import account, admin, log, login, security, sign_on
from reports.page.access.provider import CALLBACK
from reports.page.access.security import MAX_BODY, Handler
from reports.page.access.throttle import THROTTLE, Throttle
from reports.page.api import answers
from reports.page.breaks import listing, one
from reports.page.home.page import home
from reports.page.notices import NOTICES, Notices
from reports.page.render import render
from reports.page.results import workbooks
from reports.page.results.routes import RESULTS
from reports.page.site import SITE, Site

_STATIC = Path(__file__).parent / "static"
_WAYS = {
    "/breaks": "All breaks",
    "/reports": "Reports",
    "/runs": "Runs",
    "/settlement": "Settlement",
    "/admin": "Admin",
}
_WORDS = {  # where nobody here said more
    404: "there is no such address: it was cut, or is from another time",
    405: "this address is not asked in that way",
}
_TITLES = {403: "Not allowed", 404: "Not there", 400: "Not understood", 413: "Too large"}


def make_site(site: Site) -> web.Application:
    """The page and its API; `/health` and `/metrics` are the caller's to add."""
    steps = (security.strict_headers, _in_words, security.known_host, security.in_time, security.known_person)
    app = web.Application(middlewares=steps, client_max_size=MAX_BODY)
    throttle = Throttle(site.store)
    app[SITE], app[NOTICES], app[THROTTLE], app[sign_on.FLOWS] = site, Notices(), throttle, sign_on.Flows()
    app.on_cleanup.append(lambda _app: asyncio.to_thread(throttle.close))
    app.add_routes(
        [
            web.static("/static", _STATIC),
            web.get("/favicon.ico", _icon),
            web.get("/login", login.form),
            web.post("/login", login.log_in),
            web.get("/login/oidc", sign_on.begin),
            web.get(CALLBACK, sign_on.back),
            web.post("/logout", login.log_out),
            web.get("/", home),
            web.get("/breaks", listing.breaks),
            web.post("/breaks/rule", ruling.rule),
            web.post("/breaks/undo", ruling.undo),
            web.get("/patterns", patterns.show),
            web.post("/patterns", patterns.rule),
            web.get("/breaks/{id}", one.show),
            web.get("/rulings/export", excel.export),
            web.post("/rulings/import", excel.upload),
            *RESULTS,
            web.get("/about", about.about),
            web.get("/admin", admin.admin),
            web.post("/admin/{form}", admin.change),
            web.get("/admin/access", log.show),
            web.get("/admin/access.csv", log.export),
            web.get("/account", account.show),
            web.post("/account", account.change_password),
            web.post("/account/token", account.add_token),
            web.post("/account/revoke", account.revoke_token),
            web.get("/api/openapi.json", answers.document),
            web.get("/api/breaks", answers.breaks),
            web.get("/api/breaks/{id}", answers.show_break),
            web.post("/api/rulings", answers.rule),
            web.get("/api/patterns", answers.standing_patterns),
            web.get("/api/runs", answers.runs),
            web.post("/api/runs", answers.start),
            web.get("/api/runs/{ticket}", answers.progress),
            web.get("/api/reports", answers.reports),
            web.get("/api/reports/{sha256}", workbooks.download),
        ]
    )
    return app


async def _icon(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(_STATIC / "icon.svg", headers={"Content-Type": "image/svg+xml"})


@web.middleware
async def _in_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors as a page for people, as JSON for scripts; an unexpected one says nothing of its inside."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400 or error.content_type == "application/json":
            raise
        status = error.status
        is_said = error.text and error.text != f"{status}: {error.reason}"
        words = str(error.text if is_said else _WORDS.get(status, error.reason)).strip()
        headers = {name: error.headers[name] for name in ("Allow", "HX-Redirect") if name in error.headers}
    except Exception as error:
        request.app.logger.error("%s %s: %s", request.method, request.path, type(error).__name__)
        words = "Something went wrong here; the log of the process says more."
        status = 500
        headers = {}
    if request.path.startswith(("/api", security.WEBHOOKS)):
        return web.json_response({"error": words}, status=status, headers=headers)
    ways = [(path, name) for path, name in _WAYS.items() if request.path.startswith(f"{path}/")]
    response = render(request, "error.html", heading=_TITLES.get(status, "Not possible"), words=words, ways=ways)
    response.set_status(status)
    response.headers.update(headers)
    return response
