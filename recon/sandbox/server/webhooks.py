"""Webhooks as Omise sends them: the event, signed, once, with what gets lost or comes twice on the way."""

import base64
import hashlib
import hmac
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import aiohttp
import msgspec

from recon.sandbox.server.account import AccountServer
from recon.sandbox.server.objects import body

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Webhooks:
    """Where events go: `{account}` in the URL is the account's name. Every Nth is lost or comes twice; 0 is never.

    Nothing is tried again, as Omise promises no retry.
    """

    url: str
    signed: bool = True
    lose: int = 0
    repeat: int = 0
    every_s: float = 0.2
    timeout_s: float = 10.0
    clock: Callable[[], datetime] | None = None  # of the signatures; null: the sandbox's own
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def session(self) -> aiohttp.ClientSession:
        """To send with."""
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.timeout_s))

    async def send(self, session: aiohttp.ClientSession, server: AccountServer, now: int) -> None:
        """Everything of an account that happened until now and was not sent yet, in its order."""
        due = sorted((event for event in server.undelivered if event.created <= now), key=lambda event: event.created)
        server.undelivered = [event for event in server.undelivered if event.created > now]
        for event in due:
            if server.lists["events"].find(event.id, now) is not event:  # it did not come to that
                continue
            number = next(self._numbers)
            sent = msgspec.json.encode(body(event, event.created) | {"webhook_deliveries": []})
            failures = [await self._post(session, server, sent, now) for _ in range(self._times(number))]
            event.delivered = "" in failures
            if failures and not event.delivered:  # one that is lost on purpose is not said
                _LOGGER.warning("webhook %s (%s) was not taken: %s", event.id, event.key, failures[-1])
            server.lists["events"].put(event)

    def _times(self, number: int) -> int:
        if self.lose and number % self.lose == 0:
            return 0
        return 2 if self.repeat and number % self.repeat == 0 else 1

    async def _post(self, session: aiohttp.ClientSession, server: AccountServer, sent: bytes, now: int) -> str:
        """Why it was not taken; empty where it was."""
        headers = {"Content-Type": "application/json"}
        if self.signed:
            moment = int(self.clock().timestamp()) if self.clock else now
            headers |= signature(sent, str(moment), [server.account.webhook_secret])
        try:
            url = self.url.replace("{account}", server.account.name)
            async with session.post(url, data=sent, headers=headers, allow_redirects=False) as answer:
                return "" if answer.ok else f"answered {answer.status}"
        except TimeoutError:
            return f"no answer in {self.timeout_s:g} s"
        except aiohttp.ClientError as error:
            return str(error) or type(error).__name__


def signature(sent: bytes, timestamp: str, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of a webhook: of each secret (base64) the hex HMAC-SHA256 of the time, a dot and the body."""
    message = timestamp.encode() + b"." + sent
    digests = [hmac.new(base64.b64decode(secret), message, hashlib.sha256).hexdigest() for secret in secrets]
    return {"Omise-Signature": ",".join(digests), "Omise-Signature-Timestamp": timestamp}
