"""A machine of pulls for Hypothesis: over an account that changes, a complete pull is the truth, whatever was before.

Objects change as time passes, arrive late, are changed by hand, vanish; answers fail; pulls are cut short anywhere.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import event

from jobs.run.pulled import Pulled
from recon.sandbox.forms import stamp
from recon.sandbox.worlds.world import make_world
from tests.kit.pulls import DAY, Known, PulledStore, asked, objects, truth
from tests.kit.sandbox import Faults, serve

T = TypeVar("T")

NAME = "th"
WORLD = make_world(7, date(2026, 3, 2), date(2026, 3, 8), 60, (NAME,))
START = datetime(2026, 3, 3, tzinfo=UTC)
OLDEST = START - 800 * DAY  # nothing of the world was made before
FAULTS = (Faults(), Faults(too_many=5), Faults(bad_gateway=5), Faults(drop=5), Faults(cut=5))


class Cut(Exception):
    """What ends a pull in the middle of a write."""


class Pulls(RuleBasedStateMachine):
    """Pulls into one store, each from where the last complete one ended."""

    def __init__(self) -> None:
        super().__init__()
        self.loop, self.stack = asyncio.Runner(), AsyncExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="recon-pulls-"))
        self.moment, self.last = START, OLDEST
        self.server = self.loop.run(self.stack.enter_async_context(serve(WORLD, moment=START)))
        self.store = PulledStore(self.server.url, self.folder, NAME)
        self.history: dict[datetime, Known] = {}
        self.names = 0
        self.faults = Faults()

    def teardown(self) -> None:
        """Nothing of one example stays."""
        self.store.store.dispose()
        self.loop.run(self.stack.aclose())
        self.loop.close()
        shutil.rmtree(self.folder)

    @rule(hours=st.integers(1, 12 * 24))
    def time_passes(self, hours: int) -> None:
        self.moment += timedelta(hours=hours)
        self.server.set_moment(self.moment)

    @rule(faults=st.sampled_from(FAULTS))
    def answers_fail(self, faults: Faults) -> None:
        self.faults = faults
        self.server.set_faults(faults)

    @rule(hours=st.integers(0, 3 * 24 - 1))
    def a_charge_arrives_late(self, hours: int) -> None:
        made = {"id": self.name("chrg"), "created_at": self.stamp(self.moment - timedelta(hours=hours))}
        plain = {"transaction": None, "dispute": None, "status": "failed", "refunds": {"object": "list", "data": []}}
        self.server.put(NAME, "charges", {**self.listed("charge")[0], **plain, **made})

    @rule(choice=st.integers(0))
    def a_charge_of_any_age_is_changed(self, choice: int) -> None:
        charges = self.listed("charge")
        changed = charges[choice % len(charges)] | {"description": self.name("Order")}
        self.server.put(NAME, "charges", changed)
        told = {"key": "charge.update", "created_at": self.stamp(self.moment), "data": changed, "livemode": False}
        self.server.put(NAME, "events", {"object": "event", "id": self.name("evnt"), **told})

    @rule(kind=st.sampled_from(("charge", "transfer")), choice=st.integers(0))
    def an_object_vanishes(self, kind: str, choice: int) -> None:
        """One the next pull notices: young, or not final. A charge with refunds stays, since they would stay."""
        found = [one for one in self.listed(kind) if self.noticed(one) and not one.get("refunds", {}).get("data")]
        if found:
            self.server.drop(NAME, f"{kind}s", found[choice % len(found)]["id"])

    @rule(requests=st.integers(1, 40))
    def a_pull_is_cancelled(self, requests: int) -> None:
        self.loop.run(self.cancelled(requests))
        self.past_stands()

    @rule(statements=st.integers(1, 12))
    def a_pull_ends_in_a_write(self, statements: int) -> None:
        with self.breaking(statements):
            try:
                self.loop.run(self.store.pull(self.last, self.moment))
            except Cut:
                pass
            else:
                self.last = self.moment  # there was less to write
        self.past_stands()

    @rule()
    def a_pull_is_complete(self) -> None:
        pulled, held = self.loop.run(self.complete())
        assert (pulled.failure, pulled.short) == ("", [])
        assert self.store.known() == held
        self.past_stands()

    @rule()
    def a_second_pull_finds_nothing_new(self) -> None:
        self.loop.run(self.complete())
        before = self.store.rows()
        pulled, held = self.loop.run(self.complete())
        assert (pulled.new, pulled.changed, pulled.gone) == (0, 0, 0)
        assert self.store.rows() == before
        assert self.store.known() == held

    async def complete(self) -> tuple[Pulled, Known]:
        pulled = await self.store.pull(self.last, self.moment)
        self.last = self.moment
        return pulled, await self.undisturbed(truth(self.server, NAME))

    async def cancelled(self, requests: int) -> None:
        """A pull that is cancelled after so many requests, if it has not ended by then."""
        pull = asyncio.ensure_future(self.store.pull(self.last, self.moment))
        await asked(self.server, requests, pull)
        if pull.done():
            self.last = self.moment
        pull.cancel()
        await asyncio.gather(pull, return_exceptions=True)

    @contextmanager
    def breaking(self, statements: int) -> Iterator[None]:
        """The store's connection fails at a statement that writes."""
        left = iter(range(statements))

        def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:  # noqa: ARG001
            if statement.startswith(("INSERT", "UPDATE")) and next(left, None) is None:
                raise Cut

        event.listen(self.store.store, "before_cursor_execute", count)
        yield
        event.remove(self.store.store, "before_cursor_execute", count)

    def past_stands(self) -> None:
        """Every moment still gives what it gave; this one is remembered."""
        for moment, known in self.history.items():
            assert self.store.known(moment) == known
        self.history[self.store.clock()] = self.store.known()

    def noticed(self, one: dict[str, Any]) -> bool:
        # A window ends before its last moment: what was made at it belongs to the next pull's.
        young = self.stamp(self.moment - self.store.lookback) <= one["created_at"] < self.stamp(self.moment)
        on_its_way = one["object"] == "transfer" and not one["paid"] and one["failure_code"] is None
        return young or on_its_way or one.get("status") == "pending"

    def listed(self, kind: str) -> list[dict[str, Any]]:
        return self.loop.run(self.undisturbed(objects(self.server, NAME, kind)))

    async def undisturbed(self, asked: Awaitable[T]) -> T:
        self.server.set_faults(Faults())
        try:
            return await asked
        finally:
            self.server.set_faults(self.faults)

    def name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}_test_made{self.names}"

    @staticmethod
    def stamp(moment: datetime) -> str:
        return stamp(int(moment.timestamp()))
