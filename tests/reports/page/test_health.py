"""The page's application before anybody logs in: health and figures for machines, nothing else, strict headers."""

import asyncio
import threading
from pathlib import Path

import aiohttp
import pytest

from reports.page.app import listening, make_app


def healthy() -> dict[str, object]:
    return {"status": "ok", "scheduler": "running"}


def broken() -> dict[str, object]:
    raise ConnectionError("THB 1,000.00 of somebody")


async def ask(path: str, health: object = healthy, metrics: bytes = b"recon_up 1\n") -> tuple[int, str, str, str]:
    """Status, text, type and policy of an answer."""
    app = make_app(health, lambda: metrics)  # type: ignore[arg-type]
    place = listening(app, "127.0.0.1", 0)
    async with place as url, aiohttp.ClientSession() as session, session.get(url + path) as got:
        return got.status, await got.text(), got.headers["Content-Type"], got.headers["Content-Security-Policy"]


async def test_health_is_json_and_503_where_it_is_not_ok() -> None:
    status, text, kind, _ = await ask("/health")
    assert (status, text) == (200, '{"status": "ok", "scheduler": "running"}')
    assert kind == "application/json; charset=utf-8"
    assert (await ask("/health", lambda: {"status": "draining"}))[0] == 503


async def test_metrics_are_prometheus_text() -> None:
    assert (await ask("/metrics"))[:3] == (200, "recon_up 1\n", "text/plain; version=0.0.4; charset=utf-8")


@pytest.mark.parametrize("path", ["/health", "/metrics", "/", "/api/breaks", "/../etc/passwd"])
async def test_every_answer_has_a_strict_policy_and_nothing_else_is_there(path: str) -> None:
    status, _, _, policy = await ask(path)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert status == (200 if path in ("/health", "/metrics") else 404)


async def test_an_error_says_nothing_of_itself() -> None:
    status, text, _, policy = await ask("/health", broken)
    assert (status, text) == (500, '{"status": "error"}')
    assert policy


async def test_a_slow_store_keeps_no_other_answer_back() -> None:
    free = threading.Event()

    def slow() -> bytes:
        free.wait(10)
        return b""

    async with listening(make_app(healthy, slow), "127.0.0.1", 0) as url, aiohttp.ClientSession() as session:
        waiting = asyncio.create_task(session.get(url + "/metrics"))
        await asyncio.sleep(0.05)
        async with session.get(url + "/health") as answer:
            assert answer.status == 200
        assert not waiting.done()
        free.set()
        (await waiting).release()


async def test_an_address_that_is_taken_is_refused() -> None:
    app, other = make_app(healthy, bytes), make_app(healthy, bytes)
    async with listening(app, "127.0.0.1", 0) as url:
        with pytest.raises(OSError, match="address already in use"):
            async with listening(other, "127.0.0.1", int(url.rpartition(":")[2])):
                pass


async def test_a_certificate_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        async with listening(make_app(healthy, bytes), "127.0.0.1", 0, tmp_path / "cert.pem"):
            pass
