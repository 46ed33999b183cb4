"""The job against a server that is not our sandbox: it answers with Omise's recorded objects, and little more."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import BasicAuth, web
from aiohttp.test_utils import TestServer

from jobs.config import config as configuration
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import RunOptions
from jobs.run.run import run
from recon.store.runs.record import list_breaks
from tests.kit.job import Silent, clock
from tests.kit.month_end import beancount_errors, faults
from tests.kit.places import FIXTURES

KEY = "skey_test_recorded"
DAYS = (date(2025, 1, 1), date(2025, 3, 31))
CONFIG = """
[store]
url = "sqlite:///recon.db"
[omise]
base_url = "{url}"
requests_per_second = 1000
[accounts.th]
region = "TH"
currency = "THB"
timezone = "Asia/Bangkok"
secret_key = {{ file = "key" }}
[orders.shop]
kind = "csv"
path = "orders.csv"
account = "th"
"""

pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded responses are not here")


def recorded(name: str) -> Any:
    """One recorded body."""
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))


async def answer(request: web.Request) -> web.Response:
    """Lists by creation time, objects by id, errors as Omise words them."""
    authorization = request.headers.get("Authorization", "")
    if not authorization or BasicAuth.decode(authorization).login != KEY:
        return web.json_response({"object": "error", "code": "authentication_failure"}, status=401)
    name = request.path.strip("/")
    if name in ("account", "balance"):
        return web.json_response(recorded(f"{name}-get.json"))
    kind, _, wanted = name.partition("/")
    if kind == "receipts":  # there are none in test mode
        return web.json_response({"object": "error", "code": "not_found"}, status=404)
    rows = recorded(f"{kind}-get.json")["data"] if (FIXTURES / f"{kind}-get.json").exists() else []
    if wanted:
        found = [row for row in rows if row["id"] == wanted]
        return web.json_response(
            found[0] if found else {"object": "error", "code": "not_found"}, status=200 if found else 404
        )
    low, high = request.query["from"], request.query["to"]
    rows = [row for row in rows if low <= row["created_at"] <= high]
    start = int(request.query.get("offset", 0))
    page = rows[start : start + int(request.query.get("limit", 20))]
    return web.json_response(
        {"object": "list", "data": page, "total": len(rows), "offset": start, "from": low, "to": high}
    )


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{name:.*}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


async def test_recorded_charges_are_orderless_but_the_one_that_names_an_order(url: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG.format(url=url), encoding="utf-8")
    (tmp_path / "key").write_text(KEY, encoding="utf-8")
    (tmp_path / "orders.csv").write_text(
        "order_id,amount,currency,status,created_at\n000000016,310.00,THB,paid,2025-01-15T13:19:00+07:00\n",
        encoding="utf-8",
    )
    config = configuration.load(tmp_path / "config.toml", {})
    options = RunOptions(*DAYS, as_of=datetime(2025, 4, 2, tzinfo=UTC))
    outcome = await run(config, options, clock, Silent())

    assert outcome.complete, outcome.messages
    successful = {row["id"] for row in recorded("charges-get.json")["data"] if row["status"] == "successful"}
    store = open_ready_store(config)
    breaks = list_breaks(store)
    store.dispose()
    orderless = {known.latest.subject_id for known in breaks if known.latest.code == "order_missing"}
    assert orderless == successful - {"chrg_test_62f161x7rdkm4u7pibg"}
    (result,) = outcome.results
    assert len(result.journal)
    assert faults(result.settlement.waterfall, result.journal) == []
    assert beancount_errors(result.settlement.waterfall, result.journal, result.account, DAYS) == []
    matched = result.matched
    assert matched.values.tolist()[0][:3] == ["000000016", "chrg_test_62f161x7rdkm4u7pibg", "metadata"]
