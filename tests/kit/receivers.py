"""Real receivers on loopback for the tests of alerts: an SMTP server and a webhook, which keep what they got."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiohttp import web


@dataclass
class Post:
    """An SMTP server: whole mails as they came; `refuse` answers every recipient with 550."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    refuse: bool = False

    @property
    def messages(self) -> list[EmailMessage]:
        found = [message_from_bytes(mail, policy=policy.default) for mail in self.mails]
        return [one for one in found if isinstance(one, EmailMessage)]


@asynccontextmanager
async def post_office() -> AsyncIterator[Post]:
    """An SMTP server until the block ends."""
    post = Post()
    open_: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_.add(writer)
        try:
            await _converse(post, reader, writer)
        finally:
            open_.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()
        for writer in list(open_):
            writer.close()
        await server.wait_closed()


async def _converse(post: Post, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 post\r\n")
    while line := await reader.readline():
        word = line[:4].upper()
        if word == b"DATA":
            writer.write(b"354 go on\r\n")
            lines = []
            while (text := await reader.readline()) not in (b".\r\n", b""):
                lines.append(text.removeprefix(b".") if text.startswith(b"..") else text)
            post.mails.append(b"".join(lines))
            writer.write(b"250 taken\r\n")
        elif word == b"RCPT" and post.refuse:
            writer.write(b"550 nobody of that name\r\n")
        elif word == b"QUIT":
            writer.write(b"221 bye\r\n")
            await writer.drain()
            return
        else:
            writer.write(b"250 post\r\n")
        await writer.drain()


@dataclass
class Hook:
    """A webhook: paths with their JSON bodies as they came; `status` is its answer, `delay_s` how long it takes."""

    port: int = 0
    calls: list[tuple[str, Any]] = field(default_factory=list)
    status: int = 200
    delay_s: float = 0.0

    @property
    def url(self) -> str:
        """As Apprise has it."""
        return f"json://127.0.0.1:{self.port}"

    def at(self, path: str) -> list[Any]:
        """What came to one path."""
        return [body for where, body in self.calls if where == path]


@asynccontextmanager
async def webhook() -> AsyncIterator[Hook]:
    """A webhook until the block ends."""
    hook = Hook()

    async def answer(request: web.Request) -> web.Response:
        if request.method == "POST":
            hook.calls.append((request.path, await request.json()))
        else:
            hook.calls.append((request.path, None))
        await asyncio.sleep(hook.delay_s)
        return web.Response(status=hook.status)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.port = runner.addresses[0][1]
    try:
        yield hook
    finally:
        await runner.cleanup()


def nobody() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
