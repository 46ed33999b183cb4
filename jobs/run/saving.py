"""Stores rows while the next ones are read."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence

from recon.model import ObjectRow

ROWS = 1000  # that wait at most: the reader then waits for the writer
SaveRows = Callable[[Sequence[ObjectRow], Mapping[str, bytes]], Coroutine[None, None, None]]


class Saver:
    """Hands rows to `save_rows` in order, all that came meanwhile at once, and lets it end, whatever ends reading.

    An async context: what was handed over is stored when it is left, unless the reading failed.
    """

    def __init__(self, save_rows: SaveRows) -> None:
        self._save_rows = save_rows
        self._rows: list[ObjectRow] = []
        self._marks: dict[str, bytes] = {}
        self._under_way: asyncio.Task[None] | None = None

    async def save(self, rows: Sequence[ObjectRow], marks: Mapping[str, bytes]) -> None:
        """Begins to store rows, with their marks by id, at the latest once what is under way is stored."""
        self._rows += rows
        self._marks.update(marks)
        if self._under_way is not None and (self._under_way.done() or len(self._rows) >= ROWS):
            await self.saved(begun=True)
        if self._under_way is None and self._rows:
            self._under_way = asyncio.create_task(self._save_rows(self._rows, self._marks))
            self._rows = []
            self._marks = {}

    async def saved(self, begun: bool = False) -> None:
        """Everything handed over is stored, or what was `begun`; raises what went wrong with it."""
        if self._under_way is not None:
            await asyncio.shield(self._under_way)
            self._under_way = None
        if not begun and self._rows:
            await self.save((), {})
            await self.saved()

    async def __aenter__(self) -> None:
        """Nothing is under way yet."""

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            await self.saved()
        elif self._under_way is not None:
            await asyncio.gather(self._under_way, return_exceptions=True)
