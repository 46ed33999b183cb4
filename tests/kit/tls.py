"""Servers on loopback with certificates of our own making, and a CONNECT proxy that leads any name to them."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import trustme
from aiohttp import web

HOST = "api.omise.test"  # no name server knows it: only a proxy leads there
CA = trustme.CA()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def ca_file(folder: Path) -> Path:
    """The CA of our certificates as a PEM file."""
    path = folder / "ca.pem"
    CA.cert_pem.write_to_path(path)
    return path


def server_tls(
    *hosts: str, ca: trustme.CA = CA, not_before: datetime | None = None, not_after: datetime | None = None
) -> ssl.SSLContext:
    """A server's side with a certificate for these hosts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*(hosts or ("127.0.0.1", HOST)), not_before=not_before, not_after=not_after).configure_cert(context)
    return context


@asynccontextmanager
async def listening(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server that answers everything with one handler."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@dataclass
class ConnectProxy:
    """A proxy that leads every CONNECT to one port; `status` other than 200 refuses, None never answers."""

    to_port: int
    status: int | None = 200
    user: str = ""  # NAME:PASSWORD that it asks for
    port: int = 0
    hosts: list[str] = field(default_factory=list)  # HOST:PORT that were asked for
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.hosts.append(head.split(" ")[1])
            given = base64.b64encode(self.user.encode()).decode()
            status = 407 if self.user and f"Basic {given}" not in head else self.status
            if status is None:
                await asyncio.sleep(60)
            writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode())
            if status == 200:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
                try:
                    await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
                finally:
                    far_writer.close()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxy(to_port: int, status: int | None = 200, user: str = "") -> AsyncIterator[ConnectProxy]:
    """A CONNECT proxy on loopback."""
    made = ConnectProxy(to_port, status, user)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)
