"""Writes what a run changes of the recorded links, and what it leaves behind for the next runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sqlalchemy import Connection, select, update

from recon import columns as c
from recon.columnar import np, pd
from recon.model import Window
from recon.store import bulk, tables
from recon.store.engine import Store, from_micros, reading, to_micros
from recon.store.tables.related import UNMATCHED_CHARGE

_CHARGE = [c.CHARGE_ACCOUNT, c.CHARGE_ID]


@dataclass(frozen=True)
class Links:
    """Of the orders and charges that a run looked at: their links now, and as they were recorded (`columns.LINKS`).

    `unmatched` are successful charges (account, id) that nothing links and that name no order. `judged`: by account
    the creation times whose links later runs may trust.
    """

    now: pd.DataFrame = field(default_factory=c.LINKS.empty)
    before: pd.DataFrame = field(default_factory=c.LINKS.empty)
    unmatched: Sequence[tuple[str, str]] = ()
    judged: Mapping[str, Sequence[Window]] = field(default_factory=dict)


def write(connection: Connection, links: Links, run_id: int) -> None:
    """Writes the difference alone: a night's run of a settled month finds the links that it found before.

    A charge whose links differ has those of now: a fresh link takes it from the order that held it, be that an order
    of another account's run.
    """
    once = ~pd.concat([links.before, links.now], ignore_index=True).duplicated(keep=False).to_numpy()
    removed = links.before[once[: len(links.before)]]
    fresh = links.now[once[len(links.before) :]]
    touched = pd.concat([removed, fresh], ignore_index=True)[_CHARGE].drop_duplicates()
    name = bulk.quoted(connection, tables.MATCH)
    where = " AND ".join(f"{column} = ?" for column in _CHARGE)
    bulk.execute_many(connection, f"DELETE FROM {name} WHERE {where}", _tuples(touched))
    of_touched = pd.MultiIndex.from_frame(links.now[_CHARGE]).isin(pd.MultiIndex.from_frame(touched))
    rows = list(zip(*bulk.to_lists(links.now[of_touched], c.LINKS), strict=True)) if len(touched) else []
    bulk.insert_rows(connection, tables.MATCH, rows)
    _write_unmatched(connection, links, fresh)
    part = tables.RUN_ACCOUNT
    for account, windows in links.judged.items():
        text = json.dumps([[to_micros(window.start), to_micros(window.end)] for window in windows])
        of_account = (part.c.run_id == run_id) & (part.c.account == account)
        connection.execute(update(part).where(of_account).values(judged=text))


def judged_windows(store: Store) -> dict[str, tuple[Window, ...]]:
    """By account the creation times whose charges and orders earlier runs looked at."""
    part = tables.RUN_ACCOUNT.c
    by_account: dict[str, list[str]] = {}
    statement = select(part.account, part.judged).where(part.judged.is_not(None))
    with reading(store) as connection:
        for account, text in connection.execute(statement):
            by_account.setdefault(account, []).append(text)
    # All at once: each night leaves a text.
    runs = {account: json.loads(f"[{','.join(texts)}]") for account, texts in by_account.items()}
    return {account: tuple(_joined([*chain.from_iterable(of)])) for account, of in runs.items()}


def _joined(windows: list[list[int]]) -> Iterator[Window]:
    """The same moments as few windows; as integers, since each night leaves one."""
    if not windows:
        return
    windows.sort()
    starts, ends = np.array(windows, dtype=np.int64).reshape(-1, 2).T
    reached = np.maximum.accumulate(ends)
    begins = np.flatnonzero(np.append(True, starts[1:] > reached[:-1]))
    for first, last in zip(starts[begins].tolist(), np.maximum.reduceat(ends, begins).tolist(), strict=True):
        yield Window(from_micros(first), from_micros(last))


def _write_unmatched(connection: Connection, links: Links, fresh: pd.DataFrame) -> None:
    linked = _tuples(fresh[_CHARGE].drop_duplicates())
    bulk.execute_many(connection, f"DELETE FROM {UNMATCHED_CHARGE} WHERE account = ? AND charge_id = ?", linked)
    insert = f"INSERT INTO {UNMATCHED_CHARGE} (account, charge_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
    bulk.execute_many(connection, insert, list(links.unmatched))


def _tuples(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame.itertuples(index=False, name=None))
