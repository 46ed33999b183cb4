"""Stands between a job and the sandbox and may change any answer: lie, refuse, or let something happen meanwhile."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

Said = bytes | int  # another body, or a status without one
Alter = Callable[[web.Request, bytes], Said | Awaitable[Said]]


@asynccontextmanager
async def altered(url: str, alter: Alter, key: str = "") -> AsyncIterator[str]:
    """The address of a server that answers as the one at `url` does, but for what `alter` makes of it.

    With `key` it takes any key for that one.
    """
    ours = {"Authorization": aiohttp.encode_basic_auth(key, "")} if key else {}
    async with aiohttp.ClientSession(url) as session:

        async def answer(request: web.Request) -> web.Response:
            headers = {"Authorization": request.headers["Authorization"]} | ours
            async with session.get(request.path, params=request.query, headers=headers) as asked:
                body, status = await asked.read(), asked.status
            told = alter(request, body)
            said = told if isinstance(told, bytes | int) else await told
            if isinstance(said, int):
                return web.Response(status=said)
            return web.Response(status=status, body=said, content_type="application/json")

        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        server = TestServer(app)
        await server.start_server()
        try:
            yield str(server.make_url("/"))
        finally:
            await server.close()
