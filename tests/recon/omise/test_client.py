"""The client against a small loopback Omise that fails on purpose: busy, broken, cut, slow, refusing."""

import asyncio
import base64
import json
import math
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from recon.omise import client as client_module
from recon.omise.client import (
    KeyRefused,
    Limits,
    NotFound,
    OmiseError,
    RequestRefused,
    Unavailable,
    open_client,
)
from recon.omise.objects import BadAnswer, decode_list

KEY = "skey_test_5planted"
FAST = Limits(requests_per_second=math.inf, deadline_s=20, attempts=6, backoff_s=0.001, ceiling_s=0.004, timeout_s=5)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serve(handler: Handler) -> AsyncIterator[str]:
    """A server that answers everything with one handler; its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("/"))
    finally:
        await server.close()


async def drop(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def fault(kind: str, request: web.Request, whole: bytes) -> web.StreamResponse:
    """One of the ways in which an answer goes wrong."""
    match kind:
        case "busy":
            return web.Response(status=429, text="Too Many Requests")
        case "gateway":
            return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
        case "page":
            return web.Response(text="<html>Maintenance</html>", content_type="text/html")
        case "cut":
            return web.Response(body=whole[: len(whole) // 2], content_type="application/json")
        case "backend":
            return web.json_response({"object": "error", "code": "backend_error"}, status=400)
        case "short":
            answer = web.StreamResponse(headers={"Content-Length": str(len(whole))})
            await answer.prepare(request)
            await answer.write(whole[:-1])
    return await drop(request)


FAULTS = ("busy", "gateway", "page", "cut", "backend", "short", "dropped")


def parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise BadAnswer("the answer is not whole JSON") from None


async def good(_: web.Request) -> web.Response:
    return web.json_response({"ok": 1})


def failing(times: float, kind: str) -> Handler:
    """Fails so many times, then answers."""
    seen = Counter[str]()

    async def answer(request: web.Request) -> web.StreamResponse:
        seen["asked"] += 1
        if seen["asked"] <= times:
            return await fault(kind, request, b'{"ok": 1}')
        return web.json_response({"ok": 1, "asked": seen["asked"]})

    return answer


def refusing(status: int, code: str | None = None, **headers: str) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        body = json.dumps({"object": "error", "code": code, "message": f"no, {KEY}"}) if code else "<html>no</html>"
        return web.Response(status=status, text=body, headers=headers)

    return answer


async def ask(handler: Handler, limits: Limits = FAST) -> Any:
    async with serve(handler) as url, open_client(url, KEY, limits) as client:
        return await client.get("/charges", {"offset": 0}, parse)


async def test_who_asks_and_for_which_version() -> None:
    heard: list[web.Request] = []

    async def listen(request: web.Request) -> web.Response:
        heard.append(request)
        return web.json_response({})

    async with serve(listen) as url:
        for base in (url, url + "v1", url + "v1/"):
            async with open_client(base, KEY, FAST) as client:
                await client.get("/charges", {"limit": 100, "from": "2026-01-01T00:00:00Z"}, parse)
    assert [request.path for request in heard] == ["/charges", "/v1/charges", "/v1/charges"]
    assert dict(heard[0].query) == {"limit": "100", "from": "2026-01-01T00:00:00Z"}
    assert heard[0].headers["Omise-Version"] == "2019-05-29"
    assert base64.b64decode(heard[0].headers["Authorization"].removeprefix("Basic ")).decode() == f"{KEY}:"


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_passing_fault_is_asked_again(kind: str) -> None:
    assert await ask(failing(3, kind)) == {"ok": 1, "asked": 4}


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_lasting_fault_ends_after_so_many_tries(kind: str) -> None:
    with pytest.raises(Unavailable, match="in 6 tries"):
        await ask(failing(math.inf, kind))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "authentication_failure", KeyRefused),
        (403, None, KeyRefused),
        (404, "not_found", NotFound),
        (404, None, NotFound),
        (400, "bad_request", RequestRefused),
        (422, None, RequestRefused),
    ],
)
async def test_a_refusal_is_not_asked_again(status: int, code: str | None, error: type[OmiseError]) -> None:
    asked = Counter[str]()

    async def answer(request: web.Request) -> web.StreamResponse:
        asked["times"] += 1
        return await refusing(status, code)(request)

    with pytest.raises(error) as told:
        await ask(answer)
    assert asked["times"] == 1
    assert str(status) in str(told.value)
    assert getattr(told.value, "code", code) == code


async def test_a_redirect_is_refused_and_the_key_stays_here() -> None:
    with pytest.raises(RequestRefused, match="302"):
        await ask(refusing(302, Location="https://elsewhere.example/"))


async def test_the_key_is_in_no_message_and_no_traceback() -> None:
    hosts = [
        refusing(401, "authentication_failure"),
        refusing(400, "bad_request"),
        failing(math.inf, "gateway"),
        drop,
    ]
    for handler in [*hosts, failing(math.inf, "cut")]:
        with pytest.raises(OmiseError) as told:
            await ask(handler)
        shown = "".join(traceback.TracebackException.from_exception(told.value, capture_locals=True).format())
        assert KEY not in f"{told.value!r}{shown}"
        assert base64.b64encode(f"{KEY}:".encode()).decode() not in shown
    with pytest.raises(ZeroDivisionError) as bug:
        async with open_client("http://127.0.0.1:1", KEY, Limits(requests_per_second=0)):
            pass
    frames = list(traceback.TracebackException.from_exception(bug.value, capture_locals=True).stack)
    assert "open_client" in {frame.name for frame in frames}
    assert KEY not in "".join(str(frame.locals) for frame in frames)
    async with open_client("http://127.0.0.1:1", KEY, FAST) as client:
        assert KEY not in f"{client!r}{vars(client)}"
        with pytest.raises(Unavailable, match="the connection broke"):
            await client.get("/charges", {}, parse)


async def test_the_last_answer_can_be_named_to_omise() -> None:
    with pytest.raises(Unavailable, match="502, request abc-1"):
        await ask(refusing(502, **{"X-Request-Id": "abc-1"}))


async def test_the_deadline_ends_a_silence() -> None:
    async def silent(_: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.Response()

    started = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable, match="deadline"):
        await ask(silent, Limits(deadline_s=0.2))
    assert asyncio.get_running_loop().time() - started < 2


async def test_a_slow_answer_is_asked_again() -> None:
    asked = Counter[str]()

    async def slow_once(_: web.Request) -> web.Response:
        asked["times"] += 1
        await asyncio.sleep(1 if asked["times"] == 1 else 0)
        return web.json_response({})

    limits = Limits(requests_per_second=math.inf, backoff_s=0.001, timeout_s=0.1)
    assert await ask(slow_once, limits) == {}
    assert asked["times"] == 2


async def test_a_wait_beyond_the_deadline_is_not_waited() -> None:
    started = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable, match="in 1 tries"):
        await ask(refusing(503, **{"Retry-After": "3600"}))
    async with serve(refusing(503, **{"Retry-After": "3600"})) as url, open_client(url, KEY, FAST) as client:
        calls = (client.get("/charges", {}, parse) for _ in range(20))
        told = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(error, Unavailable) for error in told)
    assert asyncio.get_running_loop().time() - started < 1


async def test_everyone_waits_when_the_server_says_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for = client_module._retry_after_s
    monkeypatch.setattr(client_module, "_retry_after_s", lambda headers: asked_for(headers) / 10)  # seconds are short
    in_seconds = {"Retry-After": "1"}
    as_a_date = {"Date": "Sun, 01 Feb 2026 00:00:00 GMT", "Retry-After": "Sun, 01 Feb 2026 00:00:01 GMT"}
    await asyncio.gather(_everyone_waits(in_seconds), _everyone_waits(as_a_date))


async def _everyone_waits(headers: dict[str, str]) -> None:
    times: list[float] = []

    async def busy_once(_: web.Request) -> web.Response:
        times.append(asyncio.get_running_loop().time())
        if len(times) == 1:
            return web.Response(status=429, headers=headers)
        return web.json_response({})

    async with serve(busy_once) as url, open_client(url, KEY, FAST) as client:
        first = asyncio.create_task(client.get("/charges", {}, parse))
        while not client.retries:
            await asyncio.sleep(0.001)
        await asyncio.gather(first, *(client.get("/charges", {}, parse) for _ in range(3)))
    assert len(times) == 5
    assert times[1] - times[0] >= 0.099


async def test_the_limiter_lets_no_burst_through() -> None:
    times: list[float] = []

    async def note(_: web.Request) -> web.Response:
        times.append(asyncio.get_running_loop().time())
        return web.json_response({})

    limits = Limits(requests_per_second=50, concurrency=10)
    async with serve(note) as url, open_client(url, KEY, limits) as client:
        await asyncio.gather(*(client.get("/charges", {}, parse) for _ in range(15)))
    assert times[-1] - times[0] >= 14 * 0.02 * 0.9
    assert max(sum(start <= at < start + 0.1 for at in times) for start in times) <= 7


async def test_so_many_are_in_flight_and_no_more() -> None:
    flying = Counter[str]()

    async def note(_: web.Request) -> web.Response:
        flying["now"] += 1
        flying["most"] = max(flying["most"], flying["now"])
        await asyncio.sleep(0.02)
        flying["now"] -= 1
        return web.json_response({})

    limits = Limits(requests_per_second=math.inf, concurrency=3)
    async with serve(note) as url, open_client(url, KEY, limits) as client:
        await asyncio.gather(*(client.get("/charges", {}, parse) for _ in range(12)))
    assert flying["most"] == 3


async def test_whole_json_that_nobody_asked_for_is_given_up_soon_and_in_words() -> None:
    asked: list[web.Request] = []

    async def gateway(request: web.Request) -> web.Response:
        asked.append(request)
        return web.json_response({"message": "welcome, somchai"})

    async with serve(gateway) as url, open_client(url, KEY, FAST) as client:
        with pytest.raises(Unavailable, match=r"in 2 tries.*GET /charges: 200.*another shape.*`total`") as told:
            await client.get("/charges", {}, decode_list)
    assert len(asked) == 2
    assert "somchai" not in str(told.value)
