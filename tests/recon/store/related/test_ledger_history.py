"""Lines loaded from both databases against plain loops over the same rows, and the rows that spans ask for."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import delete, select

from recon import columns as c
from recon.model import Balance, LedgerHistory
from recon.settlement.fifo import Span
from recon.store import tables
from recon.store.engine import SQLITE, Store, reading, reading_together, to_micros, writing
from recon.store.related.ledger_days import DAY as MICROS_OF_DAY
from recon.store.related.ledger_days import bring_up_to_date, load_days, transfer_moments
from recon.store.related.ledger_history import credits_where, load_lines
from recon.store.tables.related import LEDGER_DAY
from recon.store.versions.frames import Query, fetch
from recon.store.versions.readings import load_readings
from recon.store.versions.save import save_balance, save_gone, save_objects
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


def lines(store: Store, as_of: datetime = AS_OF, accounts: tuple[str, ...] = ACCOUNTS) -> dict[str, LedgerHistory]:
    with reading_together(store, 2) as connections:
        moments = transfer_moments(connections[0], accounts)
        days = {name: load_days(connections[0], name, to_micros(as_of), moments) for name in accounts}
        return load_lines(connections, days, moments, c.READINGS.empty(), to_micros(as_of))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lines_are_what_plain_loops_make_of_the_stored_rows(store: Store, seed: int) -> None:
    known = Known(seed)
    known.save(store)
    assert {name: said(line) for name, line in lines(store).items()} == known.says(known.moves)
    assert sum(sum(line.paid_to > line.paid_from) for line in lines(store).values()) > 3
    only = lines(store, accounts=("sg",))
    assert {name: said(line) for name, line in only.items()} == {"sg": known.says(known.moves)["sg"]}


def totals(store: Store) -> list[tuple[str, int]]:
    with reading(store) as connection:
        return [tuple(row) for row in connection.execute(select(LEDGER_DAY.c.account, LEDGER_DAY.c.day)).all()]


def exactly(store: Store, as_of: datetime) -> dict[str, Any]:
    """The lines by totals and rows, which must be those by rows alone, and readings too."""
    accounts = ("th", "sg")
    bring_up_to_date(store, accounts, to_micros(as_of))
    moments = np.zeros(0, dtype=np.int64)
    with reading(store) as connection:
        days = {name: load_days(connection, name, to_micros(as_of), moments) for name in accounts}
        readings = load_readings(connection, None, days)
        pd.testing.assert_frame_equal(readings, load_readings(connection, None))
    by_totals = {name: said(line) for name, line in lines(store, as_of, accounts).items()}
    with writing(store) as connection:
        connection.execute(delete(LEDGER_DAY))
    assert by_totals == {name: said(line) for name, line in lines(store, as_of, accounts).items()}
    bring_up_to_date(store, accounts, to_micros(as_of))
    return by_totals


def test_totals_of_days_that_are_over_give_the_lines_of_all_rows(store: Store) -> None:
    known = Known(5)
    for at, one in enumerate((*known.moves, *known.transfers)):  # over six days, and what can be paid out with it
        for name in ("created_at", "transferable_at"):
            if one.get(name):
                one[name] += at % 6 * DAY
    known.save(store)
    for name in ("th", "sg"):
        for hours in (40, 90):
            balance = Balance("THB", 1_000, 1_000, 0, None)
            save_balance(store, name, balance, NOON + hours * HOUR)
    late = NOON + 40 * DAY
    lines_then = exactly(store, late)
    days = totals(store)
    assert {day for name, day in days if name == "th"} >= {to_micros(NOON) // MICROS_OF_DAY + at for at in range(6)}
    assert bring_up_to_date(store, ("th", "sg"), to_micros(late)) == 0
    exactly(store, NOON + 3 * DAY)  # in the middle of what is added up
    bring_up_to_date(store, ("th", "sg"), to_micros(late))
    # One more, one that is another now, and one that is gone.
    new = {"direction": "debit", "amount": 5, "created_at": NOON + DAY, "transferable_at": NOON + DAY, "origin": "x"}
    save = partial(save_objects, store, "th", "transaction", seen_at=late)
    for change, touched in (
        (partial(save, [row("transaction", "trxn_late", **new)]), 1),
        (partial(save, [row("transaction", "trxn_late", **new | {"created_at": NOON})]), 2),
        (partial(save_gone, store, "th", "transaction", ["trxn_late"], late), 2),
    ):
        change()
        assert len(totals(store)) == len(days) - touched
        lines_now = exactly(store, late)
        assert len(totals(store)) == len(days)
    assert lines_now == lines_then
    # A transfer that is learned of later leaves in the middle of a quarter hour that was added up.
    transfer = {"transaction_id": known.moves[7]["transaction_id"], "created_at": known.moves[7]["created_at"]}
    save_objects(store, "sg", "transfer", [row("transfer", "trsf_late", **transfer)], late)
    exactly(store, late)


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
