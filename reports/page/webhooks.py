"""`POST /webhooks/omise/{account}`: takes Omise's webhooks; no login, for the signature says who sends.

An answer holds no data and does not say why something was refused.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from recon.model import Webhook
from recon.omise.webhooks import is_signed, read_webhook

HINTS = 60  # unsigned webhooks of an account in a minute
_MINUTE = timedelta(minutes=1)
_REFUSALS: Mapping[int, str] = {
    400: "not a webhook",
    401: "not accepted",
    404: "not there",
    429: "too many",
    503: "try again",
}


@dataclass(frozen=True)
class WebhookAccount:
    """One account: the keys that sign its webhooks (none: they come unsigned, and are only a hint), and its mode."""

    keys: Sequence[bytes] = field(repr=False)
    livemode: bool | None


@dataclass(frozen=True)
class WebhookSite:
    """Where webhooks go: `take` keeps one and says whether there was room; `count` hears what became of each."""

    accounts: Callable[[], Mapping[str, WebhookAccount]]
    take: Callable[[str, Webhook, bool], Awaitable[bool]]
    count: Callable[[str, str], None]
    clock: Callable[[], datetime]


class Webhooks:
    """The endpoint's handler, with what it remembers of unsigned ones."""

    def __init__(self, site: WebhookSite) -> None:
        self._site = site
        self._hints: dict[str, tuple[datetime, int]] = {}

    async def take(self, request: web.Request) -> web.Response:
        """200 for what was kept, and for what was kept before."""
        name = request.match_info["of"]
        account = self._site.accounts().get(name)
        status = 404 if account is None else await self._status(request, name, account)
        if account is not None:
            self._site.count(name, _REFUSALS.get(status, "taken"))
        body = {} if status == 200 else {"error": _REFUSALS[status]}
        return web.json_response(body, status=status)

    async def _status(self, request: web.Request, name: str, account: WebhookAccount) -> int:
        body = await request.read()  # not larger than LARGEST: security.py reads it
        now = self._site.clock()
        headers = request.headers
        signatures = headers.get("Omise-Signature", "")
        if account.keys:
            timestamp = headers.get("Omise-Signature-Timestamp", "")
            if not is_signed(body, signatures, timestamp, account.keys, now):
                return 401
        elif self._is_too_many(name, now):
            return 429
        webhook = read_webhook(body)
        if webhook is None or account.livemode not in (None, webhook.livemode):
            return 400
        return 200 if await self._site.take(name, webhook, bool(account.keys)) else 503

    def routes(self) -> list[web.RouteDef]:
        """What the page adds."""
        return [web.post("/webhooks/omise/{of}", self.take)]

    def _is_too_many(self, name: str, now: datetime) -> bool:
        since, count = self._hints.get(name, (now, 0))
        if now - since >= _MINUTE:
            since, count = now, 0
        self._hints[name] = (since, count + 1)
        return count >= HINTS
