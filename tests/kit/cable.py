"""A cable between a worker and its database that can be cut: what goes through it breaks, or only stands still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Cable:
    """Forwards connections to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._whole = asyncio.Event()
        self._whole.set()
        self._refuses = False
        self._ends: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.refused = 0

    def hold(self) -> None:
        """Nothing goes through any more, and nobody is told; what was sent arrives later."""
        self._whole.clear()

    def cut(self) -> None:
        """Every connection breaks, and none is taken any more."""
        self._refuses = True
        for end in self._ends:
            end.transport.abort()

    def mend(self) -> None:
        """As before."""
        self._refuses = False
        self._whole.set()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        if self._refuses:
            self.refused += 1
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        self._ends |= {writer, back}
        try:
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        finally:
            self._ends -= {writer, back}

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def cable(port: int) -> AsyncIterator[Cable]:
    """For the block."""
    one = Cable(port)
    server = await asyncio.start_server(one.take, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        one.mend()
        one.cut()
