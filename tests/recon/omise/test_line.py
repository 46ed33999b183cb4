"""The way to Omise: proxies, certificates, silence; each thing that is wrong with it is told in words."""

import asyncio
import math
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web

from recon.omise.client import Limits, Unavailable, open_client
from recon.omise.line import DIRECT, Line, tls_with
from tests.kit.tls import HOST, Handler, ca_file, listening, proxy, server_tls

KEY = "skey_test_5planted"
ONCE = Limits(requests_per_second=math.inf, attempts=2, backoff_s=0.001, ceiling_s=0.004, timeout_s=5)
DAY = timedelta(days=1)
NOW = datetime.now(UTC)


async def good(_: web.Request) -> web.Response:
    return web.json_response({"ok": 1})


async def ask(url: str, line: Line = DIRECT, limits: Limits = ONCE) -> bytes:
    async with open_client(url, KEY, limits, line=line) as client:
        return await client.get("/account", {}, bytes)


async def refused(url: str, line: Line = DIRECT, limits: Limits = ONCE) -> str:
    with pytest.raises(Unavailable) as error:
        await ask(url, line, limits)
    assert KEY not in repr(error.value)
    return str(error.value)


CERTIFICATES: dict[str, tuple[Callable[[], ssl.SSLContext], str]] = {
    "expired": (lambda: server_tls(not_before=NOW - 9 * DAY, not_after=NOW - DAY), "has expired"),
    "not yet valid": (lambda: server_tls(not_before=NOW + DAY, not_after=NOW + 9 * DAY), "not valid yet"),
    "unknown CA": (lambda: server_tls(ca=trustme.CA()), "an unknown CA signed"),
    "another host": (lambda: server_tls("shop.example"), "is for another"),
}


@pytest.mark.parametrize("through_proxy", [False, True], ids=["direct", "through a proxy"])
@pytest.mark.parametrize("name", CERTIFICATES)
async def test_a_certificate_that_is_not_right_is_told_in_words_and_asked_once(
    tmp_path: Path, name: str, through_proxy: bool
) -> None:
    make, words = CERTIFICATES[name]
    tls = tls_with(str(ca_file(tmp_path)))
    async with listening(good, make()) as port, proxy(port) as between:
        line = Line(f"http://127.0.0.1:{between.port}" if through_proxy else "", tls)
        url = f"https://{HOST}" if through_proxy else f"https://127.0.0.1:{port}"
        problem = await refused(url, line)
        assert problem.startswith("GET /account: TLS: ")
        assert words in problem
        assert "tries" not in problem, "another try does not help"


async def test_a_ca_file_makes_a_gateway_s_certificate_good_and_without_it_it_is_not(tmp_path: Path) -> None:
    async with listening(good, server_tls()) as port:
        url = f"https://127.0.0.1:{port}"
        assert await ask(url, Line(tls=tls_with(str(ca_file(tmp_path))))) == b'{"ok": 1}'
        assert "give its CA as ca_file" in await refused(url)


async def test_https_at_a_plain_port_and_http_at_a_tls_port_are_told_apart() -> None:
    async with listening(good) as port:
        assert "it is a plain http:// port" in await refused(f"https://127.0.0.1:{port}")
    async with listening(good, server_tls()) as port:
        assert "the connection broke" in await refused(f"http://127.0.0.1:{port}")


async def test_what_answers_without_http_is_told() -> None:
    async def noise(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x15\x03\x01\x00\x02\x02\x0a")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(noise, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert "does not speak HTTP: https:// may be meant" in await refused(f"http://127.0.0.1:{port}")
    server.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("user", ["", "name:pass word%"])
async def test_a_proxy_leads_to_a_host_that_nothing_else_knows(tmp_path: Path, user: str) -> None:
    line = Line(tls=tls_with(str(ca_file(tmp_path))))
    async with listening(good, server_tls()) as port, proxy(port, user=user) as between:
        login = "name:pass%20word%25@" if user else ""
        line = replace(line, proxy=f"http://{login}127.0.0.1:{between.port}")
        assert await ask(f"https://{HOST}", line) == b'{"ok": 1}'
        assert between.hosts == [f"{HOST}:443"] * len(between.hosts)
        assert "word" not in repr(line)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "the proxy answered 403: it does not let us through to this host"),
        (407, "the proxy answered 407: it wants a name and a password"),
        (502, "in 2 tries; the last: GET /account: the proxy answered 502"),
        (None, "no connection within 0.2 s"),
    ],
)
async def test_a_proxy_that_refuses_or_is_silent_is_told(status: int | None, words: str) -> None:
    async with proxy(1, status) as between:
        line = Line(f"http://127.0.0.1:{between.port}")
        limits = replace(ONCE, connect_s=0.2, attempts=ONCE.attempts if status else 1)
        assert words in await refused(f"https://{HOST}", line, limits)


async def test_a_proxy_that_is_not_there_and_a_name_that_nobody_knows_are_told() -> None:
    assert "the proxy cannot be reached" in await refused(f"https://{HOST}", Line("http://127.0.0.1:1"))
    assert "no address is known of the host" in await refused(f"https://{HOST}")
    assert "nobody answers there" in await refused("https://127.0.0.1:1")


async def silent(_: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


def in_pieces(pause_s: float) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(pause_s)
        return response

    return answer


@pytest.mark.parametrize(
    ("handler", "limits", "words"),
    [
        (silent, replace(ONCE, attempts=1, silence_s=0.1), "nothing came for 0.1 s"),
        (in_pieces(20), replace(ONCE, attempts=1, silence_s=0.1), "nothing came for 0.1 s"),
        (in_pieces(0.05), replace(ONCE, attempts=1, silence_s=0.3, timeout_s=0.4), "no whole answer within 0.4 s"),
    ],
    ids=["no first byte", "it stops amid", "it drips"],
)
async def test_each_silence_has_its_own_words(
    handler: Callable[[web.Request], Awaitable[Any]], limits: Limits, words: str
) -> None:
    async with listening(handler) as port:
        assert words in await refused(f"http://127.0.0.1:{port}", limits=limits)


def test_a_ca_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        tls_with(str(tmp_path / "nothing.pem"))
    (tmp_path / "text.pem").write_text("no certificate", encoding="utf-8")
    with pytest.raises(ValueError, match="holds no certificate in PEM form"):
        tls_with(str(tmp_path / "text.pem"))


@pytest.mark.parametrize(
    ("sent", "date"),
    [
        ("Sat, 28 Nov 2026 08:00:00 GMT", datetime(2026, 11, 28, 8, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        ("Sat, 31 Dec 9999 23:59:59 -2359", None),
    ],
)
async def test_the_time_of_an_answer_is_kept_where_it_says_one(sent: str, date: datetime | None) -> None:
    async def dated(_: web.Request) -> web.Response:
        return web.json_response({}, headers={"Date": sent})

    async with listening(dated) as port, open_client(f"http://127.0.0.1:{port}", KEY, ONCE) as client:
        await client.get("/account", {}, bytes)
        assert client.date == date
