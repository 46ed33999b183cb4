"""The finance page's application and its place on the network; what it answers is handed in."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web, web_response
from aiohttp.http_exceptions import HttpProcessingError

from reports.page.access.security import Handler, strict_headers
from reports.page.routes import make_site
from reports.page.site import Site
from reports.page.webhooks import Webhooks

OK = "ok"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_HEADERS_SECONDS = 30  # in which a request's line and headers are here, and as long a connection may be idle
_LINGER_SECONDS = 5  # in which the rest of a refused body is read, so that its sender sees why
web_response.SERVER_SOFTWARE = "omise-recon"  # type: ignore[attr-defined]  # no version to strangers; no setting for it


def make_app(
    health: Callable[[], Mapping[str, object]],
    metrics: Callable[[], bytes],
    site: Site | None = None,
    webhooks: Webhooks | None = None,
) -> web.Application:
    """`/health` (JSON; 503 unless its `status` is "ok") and `/metrics` (Prometheus text); with a site its pages too,
    and where webhooks are taken, their address.

    Both callables run in a thread, since they may ask the store.
    """
    app = make_site(site) if site else web.Application(middlewares=[strict_headers, _inside_unsaid])

    async def say_health(_request: web.Request) -> web.Response:
        state = dict(await asyncio.to_thread(health))
        return web.json_response(state, status=200 if state.get("status") == OK else 503)

    async def say_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=await asyncio.to_thread(metrics), headers={"Content-Type": _METRICS})

    app.add_routes(webhooks.routes() if webhooks else [])
    app.router.add_get("/health", say_health)
    app.router.add_get("/metrics", say_metrics)
    return app


@asynccontextmanager
async def listening(
    app: web.Application,
    host: str,
    port: int,
    cert: Path | None = None,
    key: Path | None = None,
    grace_s: float = 5.0,
) -> AsyncIterator[str]:
    """Answers until the block ends, with TLS where a certificate is given; the address, port 0 takes a free one.

    Requests that are being answered get `grace_s` seconds. Raises OSError where the address is taken.
    """
    context = None
    if cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_connections_logger(),
        keepalive_timeout=_HEADERS_SECONDS,  # from the connection's start, or its last answer, whatever drips in
        lingering_time=_LINGER_SECONDS,
        shutdown_timeout=grace_s,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=context).start()
        bound = runner.addresses[0]
        yield f"{'https' if context else 'http'}://{bound[0]}:{bound[1]}"
    finally:
        await runner.cleanup()


@web.middleware
async def _inside_unsaid(request: web.Request, handler: Handler) -> web.StreamResponse:
    """An unexpected error says nothing of its inside."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        return web.json_response({"status": "error"}, status=500)


def _connections_logger() -> logging.Logger:
    """What the server says of connections: of a request that is none one line, without what it sent."""
    logger = logging.getLogger("recon.page.connections")
    logger.setLevel(logging.DEBUG)  # aiohttp's level for what speaks no HTTP at all
    logger.addFilter(_in_one_line)
    return logger


def _in_one_line(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.levelno, record.levelname, record.exc_info = (
            logging.WARNING,
            logging.getLevelName(logging.WARNING),
            None,
        )
        record.msg, record.args = "malformed request from %s: %s", (*(record.args or ()), type(error).__name__)
    return record.levelno >= logging.WARNING
