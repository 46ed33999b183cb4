"""What `recon serve` wants before it starts, every reason against it at once; `recon check --serve` says the same."""

import socket
import ssl
from collections.abc import Iterator
from datetime import datetime

from jobs.config.config import Config
from jobs.config.sections import PageSection, Tls
from jobs.run.outcome import JobError
from jobs.service.schedule import mistakes
from jobs.service.site import is_loopback
from jobs.service.webhooks import signing_keys
from recon.store.desk.people import users
from recon.store.engine import Store


async def refusals(
    config: Config, store: Store | None, now: datetime, *, scheduler: bool = True, page: bool = True
) -> list[str]:
    """Why schedule and page would not work, a line each; `store` is None where it could not be opened."""
    reasons = [*mistakes(config, now)]
    if scheduler and config.queue is not None:
        from jobs.batch.queue import workers_seen  # late: only a queue needs procrastinate

        try:
            await workers_seen(config)
        except JobError as error:
            reasons += error.messages
    if page:
        reasons += [*_reach(config.page, store), *_tls(config.page.tls), *_port(config.page)]
    oidc = config.page.oidc
    if page and oidc is not None and oidc.client_secret is not None and not oidc.client_secret.is_set:
        reasons.append(f"page.oidc.client_secret: {oidc.client_secret.origin} is not set")
    if page and config.page.webhooks:
        try:
            signing_keys(config)
        except JobError as error:
            reasons += error.messages
    return reasons


def _reach(page: PageSection, store: Store | None) -> Iterator[str]:
    """Off loopback there must be users, and TLS or a proxy that is said to be there."""
    if is_loopback(page.host):
        return
    if store is not None and not any(user.disabled_at is None for user in users(store)):
        command = "recon users add NAME --role admin"
        yield f"page.host {page.host} is reached from elsewhere, and there are no users: {command}"
    if not (page.tls.cert or page.behind_proxy):
        yield (
            f"page.host {page.host} is reached from elsewhere, and there is no TLS: set page.tls, or "
            "page.behind_proxy = true where a proxy in front of it has it"
        )
    if page.public_url is None and page.host in ("0.0.0.0", "::", "[::]"):
        yield (
            f"page.host {page.host} is every address here, and the page answers only to names that it knows: "
            'set page.public_url = "https://…" to the name that people type'
        )


def _tls(tls: Tls) -> Iterator[str]:
    if not tls.cert:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tls.cert, tls.key)
    except (OSError, ssl.SSLError) as error:
        yield f"page.tls: {tls.cert} and {tls.key} cannot be used ({error.strerror or error})"


def _port(page: PageSection) -> Iterator[str]:
    """Whether the page's address is free; asked with the options that the server itself uses."""
    host = page.host.strip("[]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, page.port))
    except OSError as error:
        yield f"page: {page.host}:{page.port} cannot be served ({error.strerror})"
