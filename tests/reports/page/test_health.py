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


async def drip(*parts: bytes) -> tuple[bytes, float]:
    """What is answered to a client that sends part after part, and when the connection has ended."""
    async with listening(make_app(healthy, bytes), "127.0.0.1", 0) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        began = asyncio.get_running_loop().time()
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0.05 if len(parts) > 1 else 0)
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return answer, asyncio.get_running_loop().time() - began


async def test_headers_that_drip_in_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.page.app._HEADERS_SECONDS", 0.3)
    answer, seconds = await drip(b"GET /health HTTP/1.1\r\n", *[b"X-A: b\r\n"] * 3)
    assert answer == b""
    assert seconds < 2


@pytest.mark.parametrize(
    "sent", [b"GET /a secret\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\r\n: x\r\n\r\n"]
)
async def test_a_malformed_request_leaves_one_line_and_learns_nothing(
    sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer, _ = await drip(sent)
    assert answer.startswith(b"HTTP/1.0 400")
    assert b"Server: omise-recon\r\n" in answer
    assert not any(word in answer.lower() for word in (b"aiohttp", b"python"))
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("malformed request from 127.0.0.1: Bad")
    assert record.exc_info is None
