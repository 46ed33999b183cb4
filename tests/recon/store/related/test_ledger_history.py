"""Lines loaded from both databases against plain loops over the same rows, and the rows that spans ask for."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from recon import columns as c
from recon.model import LedgerHistory
from recon.settlement.fifo import Span
from recon.store import tables
from recon.store.engine import SQLITE, Store, reading, reading_together, to_micros, writing
from recon.store.related.ledger_history import credits_where, load_lines
from recon.store.versions.frames import Query, fetch
from recon.store.versions.save import save_objects
from tests.kit.store_samples import DATABASES, NOON, opened, row
from tests.recon.settlement.test_fifo import came, naive, said

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AS_OF = NOON + 5 * HOUR
FIRST_SEEN, CHANGED = AS_OF + DAY, AS_OF + 2 * DAY
ACCOUNTS = ("jp", "th", "sg")  # nothing was ever booked in the first


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


class Known:
    """What is in the store: transactions and transfers of some hours, in two versions."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.transfers = [self._transfer(number) for number in range(24)]
        self.moves = [self._move(number) for number in range(220)]
        odd = range(0, len(self.moves), 3)
        self.then = [
            {**row, "amount": 77, "direction": "credit"} if at in odd else row for at, row in enumerate(self.moves)
        ]

    def moment(self) -> datetime:
        """Within some hours, the last of which is later than the as-of moment; many share one."""
        return NOON + self.dice.randrange(6 * 12) * 5 * MINUTE

    def _transfer(self, number: int) -> dict[str, Any]:
        named = f"trxn_{self.dice.randrange(220):03d}" if number % 2 else None
        return {
            "account": ("th", "sg")[number % 2],
            "transfer_id": f"trsf_{number:02d}",
            "transaction_id": named,
            "created_at": self.moment(),
        }

    def _move(self, number: int) -> dict[str, Any]:
        made, origin = (
            self.moment(),
            self.dice.choice([None, "chrg_1", "rfnd_1", f"trsf_{self.dice.randrange(30):02d}"]),
        )
        free = self.dice.choice([None, made, made - HOUR, made + HOUR / 9, made + 2 * HOUR])
        return {
            "account": ("th", "sg")[number % 2],
            "transaction_id": f"trxn_{number:03d}",
            "origin": origin,
            "amount": self.dice.randrange(1_000),
            "direction": self.dice.choice(["credit", "credit", "debit"]),
            "created_at": made,
            "transferable_at": free,
        }

    def save(self, store: Store) -> None:
        """First as it was then, then as it is."""
        for rows, seen in ((self.then, FIRST_SEEN), (self.moves, CHANGED)):
            for account in ("th", "sg"):
                for kind, of in (("transaction", rows), ("transfer", self.transfers)):
                    mine = [{**one} for one in of if one["account"] == account]
                    ready = [row(kind, one.pop(f"{kind}_id"), **one) for one in mine if one.pop("account")]
                    save_objects(store, account, kind, ready, seen)
        if store.dialect.name == SQLITE:  # which reads so many row numbers at once
            with writing(store) as connection:
                connection.exec_driver_sql('UPDATE "transaction" SET rowid = rowid * 997 WHERE rowid % 4 = 0')

    def says(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Every account's line by plain loops."""
        past, transfers = ([one for one in of if one["created_at"] <= AS_OF] for of in (rows, self.transfers))
        return {name: naive([one for one in past if one["account"] == name], transfers) for name in ACCOUNTS}


def lines(store: Store, known: datetime | None = None) -> dict[str, LedgerHistory]:
    with reading_together(store, 2) as connections:
        return load_lines(
            connections, ACCOUNTS, c.READINGS.empty(), to_micros(AS_OF), to_micros(known) if known else None
        )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lines_are_what_plain_loops_make_of_the_stored_rows(store: Store, seed: int) -> None:
    known = Known(seed)
    known.save(store)
    assert {name: said(line) for name, line in lines(store).items()} == known.says(known.moves)
    assert {name: said(line) for name, line in lines(store, CHANGED - HOUR).items()} == known.says(known.then)
    assert sum(sum(line.paid_to > line.paid_from) for line in lines(store).values()) > 3
    with reading(store) as connection:
        only = load_lines([connection], ["sg"], c.READINGS.empty(), to_micros(AS_OF), None)
    assert {name: said(line) for name, line in only.items()} == {"sg": known.says(known.moves)["sg"]}


@pytest.mark.parametrize("seed", [4])
def test_a_span_finds_what_can_be_paid_out_in_it(store: Store, seed: int) -> None:
    known = Known(seed)
    known.save(store)
    table = tables.OBJECTS["transaction"]
    for _ in range(10):
        first = known.moment()
        last = first + known.dice.randrange(3 * 60) * MINUTE
        hold = max((came(one) - one["created_at"] for one in known.moves), default=0 * MINUTE)
        span = Span(*map(to_micros, (first, last, first - hold)))
        wanted = {
            one["transaction_id"] for one in known.moves if one["account"] == "th" and first <= came(one) <= last
        }
        either = credits_where({"th": (span,), "sg": ()})
        statement = select(*(table.c[name] for name in c.TRANSACTIONS.names)).where(tables.known_at(table, None))
        with reading(store) as connection:
            found = fetch(connection, Query(c.TRANSACTIONS, table, statement, (c.TRANSACTION_ID,), either))
        assert list(found[c.TRANSACTION_ID]) == sorted(wanted)


def test_nothing_stored_gives_empty_lines(store: Store) -> None:
    found = lines(store)
    assert list(found) == list(ACCOUNTS)
    assert all(said(line) == said(LedgerHistory()) for line in found.values())
    assert credits_where({"th": ()}) == []
