"""The page that takes webhooks of a shop with KakaoPay, and who is told, for the tests."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from jobs.alerts.send import Teller
from jobs.config import config as configuration
from jobs.run.opening.store import open_ready_store
from jobs.service.site import PageRuns, make_site
from jobs.service.webhooks import WebhookIntake
from recon.sandbox.server.webhooks import Webhooks as SentWebhooks
from recon.sandbox.server.webhooks import signature
from recon.sandbox.worlds.countries import ACCOUNTS
from recon.sandbox.worlds.facts import Event
from reports.page.app import listening, make_app
from reports.page.webhooks import Webhooks, WebhookSite
from tests.kit.kakaopay_shop import Shop, shop
from tests.kit.page import Trusting
from tests.kit.receivers import Hook, webhook

PATH = "/webhooks/omise/th"
SECRET = ACCOUNTS["th"].webhook_secret
PATIENCE_S = 120.0  # a machine may stand still for longer than the sandbox waits for an answer
SECRETS = '[{ file = "keys/th_webhook" }]'


@dataclass
class Intake:
    """A shop, the intake of its webhooks, whose work the test does step by step, and who is told."""

    shop: Shop
    intake: WebhookIntake
    told: Hook
    url: str
    counted: list[tuple[str, str]] = field(default_factory=list)

    async def post(self, body: bytes, headers: Mapping[str, str] | None = None, path: str = PATH) -> int:
        """The status that a webhook gets, signed now unless other headers are given."""
        signed = signature(body, str(int(self.shop.now.timestamp())), [SECRET])
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url + path, data=body, headers=signed if headers is None else headers) as answer,
        ):
            assert (await answer.json()).keys() <= {"error"}
            assert "Content-Security-Policy" in answer.headers
            return answer.status

    def changes(self) -> list[Event]:
        """What happened at the sandbox and was not sent, the oldest first."""
        waiting = self.shop.job.server.accounts["th"].undelivered
        now = self.shop.now.timestamp()
        return sorted((change for change in waiting if change.created <= now), key=lambda change: change.created)

    async def deliver(self, lose: int = 0, repeat: int = 0) -> None:
        """What happened at the sandbox is sent to the page, as far as it is not lost, and kept."""
        server = self.shop.job.server
        sent = SentWebhooks(f"{self.url}/webhooks/omise/{{account}}", lose=lose, repeat=repeat, timeout_s=PATIENCE_S)
        due = self.changes()
        counted_before = len(self.counted)
        keeping = asyncio.create_task(self._keep())
        async with sent.session() as session:
            await sent.send(session, server.accounts["th"], int(self.shop.now.timestamp()))
        keeping.cancel()
        await self.intake.keep()
        lost = [event for number, event in enumerate(due, 1) if lose and number % lose == 0]
        assert [event for event in due if not event.delivered] == lost, self.counted[counted_before:]
        assert due, (self.shop.now, server.accounts["th"].undelivered)

    async def _keep(self) -> None:
        """As the service does: else each webhook has its answer only when the page waits no longer."""
        while True:
            await self.intake.keep()
            await asyncio.sleep(0.001)

    async def work(self) -> list[str]:
        """Reads and judges what waits, until nothing does; the codes of the breaks that are open."""
        [account] = self.intake.config.as_accounts()
        while await self.intake.work(account):
            pass
        return [known["code"] for known in self.shop.job.breaks() if known["status"] == "open"]

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        return self.shop.job.rows(table)


def with_webhooks(merchant: Shop, told: Hook, secrets: str = SECRETS, page: str = "") -> Path:
    """The shop's configuration, by which its page takes webhooks and somebody is told."""
    path = merchant.job.config
    (path.parent / "keys" / "alerts").write_text(told.url, encoding="utf-8")
    written = 'webhook_secret = { file = "keys/th_webhook" }'
    text = path.read_text(encoding="utf-8").replace(written, f"webhook_secret = {secrets}\nlivemode = false")
    alerts = '[alerts]\nurls = { file = "keys/alerts" }\n'
    path.write_text(f"{text}\n{alerts}[page]\nwebhooks = true\n{page}", encoding="utf-8")
    return path


@asynccontextmanager
async def taking(folder: Path, secrets: str = SECRETS) -> AsyncIterator[Intake]:
    """The intake of a shop that has nothing at noon."""
    async with shop(folder) as merchant, webhook() as told:
        config = configuration.load(with_webhooks(merchant, told, secrets), {})
        merchant.live_in_its_time()
        store = open_ready_store(config)
        made = Intake(
            merchant, WebhookIntake(config, store, merchant.clock, Teller(config, merchant.clock)), told, ""
        )

        def count(account: str, what: str) -> None:
            made.counted.append((account, what))

        async def nothing(*_: Any) -> Any:
            raise AssertionError("nobody runs anything")

        site = make_site(config, store, merchant.clock, PageRuns(nothing), Trusting(), dict)
        hooks = Webhooks(WebhookSite(made.intake.accounts, made.intake.take, count, merchant.clock))
        try:
            async with listening(make_app(dict, bytes, site, hooks), "127.0.0.1", 0, grace_s=1) as made.url:
                yield made
        finally:
            store.dispose()
