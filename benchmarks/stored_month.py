"""A month for benchmarks: orders, charges, ledger and payouts straight into a store, and its `recon report`."""

import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.history import Shop
from benchmarks.match import ACCOUNTS, MICROS, START, make
from benchmarks.scale import prepare

AS_OF = datetime(2026, 11, 30, tzinfo=UTC)


def month(rows: int, folder: Path) -> Callable[[], Any]:
    """`recon report` of the month of a store in the folder, which is made and filled where there is none."""
    import asyncio

    from jobs.batch.local import Unseen
    from jobs.config import config as configuration
    from jobs.run.outcome import RunOptions
    from jobs.run.run import run

    shops = [Shop(name, currency, "Asia/Bangkok", share) for name, currency, share in ACCOUNTS]
    config = configuration.load(prepare(folder, "sqlite:///recon.db", shops), {})
    if not (folder / "recon.db").exists():
        _fill(config, rows)
    options = RunOptions(
        date(2026, 10, 1), date(2026, 10, 31), as_of=AS_OF, pull=False, record=False, by="bench", command="report"
    )
    return lambda: asyncio.run(run(config, options, lambda: AS_OF, Unseen()))


def _fill(config: Any, rows: int) -> None:
    """The made orders and charges, straight into the store's tables, and windows that say that all was pulled."""
    from jobs.run.opening.store import open_ready_store
    from recon.model import Window
    from recon.store import bulk, tables
    from recon.store.engine import writing
    from recon.store.versions import save

    orders, charges = make(rows, seed=rows)
    charges = charges.set_column(charges.column_names.index("transaction_id"), "transaction_id", _ledger_ids(charges))
    store = open_ready_store(config)
    named = pc.binary_join_element_wise('{"order_id":"', charges["order_ref"], '"}', "")
    charges = charges.append_column("metadata", named)
    credits = _ledger(charges)
    transfers, debits = _payouts(credits)
    ledger = pa.concat_tables([credits, debits], promote_options="default")
    objects = {"charge": charges, "transaction": ledger, "transfer": transfers}
    most = max(map(len, (orders, *objects.values())))
    seen = pa.array(np.full(most, START), pa.int64())
    same = {"seen_at": seen, "first_seen_at": seen, "superseded_at": pa.nulls(most, pa.int64())}
    same |= {"digest": pa.array([b"0"] * most), "raw": pa.array([zlib.compress(b"{}")] * most)}
    tabled = [(tables.ORDER, orders), *((tables.OBJECTS[kind], table) for kind, table in objects.items())]
    with writing(store, "benchmark") as connection:
        for table, made in tabled:
            held = {name: made[name] for name in made.column_names}
            held |= {name: same[name][: len(made)] for name in same}
            empty = pa.nulls(len(made))
            lists = [held.get(column.name, empty).to_pylist() for column in table.columns]
            bulk.insert_rows(connection, table, list(zip(*lists, strict=True)))
    everything = Window(datetime(2026, 1, 1, tzinfo=UTC), AS_OF)
    for name, _, _ in ACCOUNTS:
        save.save_windows(store, name, [save.PulledWindow("charge", everything, 0, 0, AS_OF)])
    store.dispose()


def _ledger_ids(charges: pa.Table) -> Any:
    """The transaction of every charge that took money."""
    ids = pc.replace_substring(charges["charge_id"].combine_chunks(), "chrg_", "trxn_")
    return pc.if_else(charges["paid"].combine_chunks(), ids, pa.scalar(None, pa.string()))


def _ledger(charges: pa.Table) -> pa.Table:
    """The transactions themselves: credits of the charges' net, free to be paid out after a week."""
    paid = charges.filter(charges["paid"])
    words = {"direction": "credit", "key": "charge.captured"}
    same = {name: pa.array([word] * len(paid)) for name, word in words.items()}
    free = pc.add(paid["created_at"], 7 * 86_400 * MICROS)
    names = ("account", "transaction_id", "currency", "created_at", "livemode")
    shared = {name: paid[name] for name in names} | same
    return pa.table({**shared, "amount": paid["net"], "origin": paid["charge_id"], "transferable_at": free})


def _payouts(credits: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Every night a transfer of what became free on the day before, by account, and the debits of them all."""
    night = pd.Series(credits["transferable_at"].to_numpy()) // (86_400 * MICROS) + 1
    keys = [credits[name].to_pandas() for name in ("account", "currency", "livemode")]
    sums = credits["amount"].to_pandas().groupby([*keys, night]).sum().reset_index()
    sums.columns = pd.Index(["account", "currency", "livemode", "night", "amount"])
    ids = [f"trsf_{account}{night}" for account, night in zip(sums["account"], sums["night"], strict=True)]
    sent = sums["night"] * 86_400 * MICROS
    shared = {name: sums[name].tolist() for name in ("account", "currency", "livemode", "amount")}
    shared |= {"created_at": sent.tolist(), "transaction_id": [f"trxn_{id}" for id in ids]}
    none, yes, no = [0] * len(ids), [True] * len(ids), [False] * len(ids)
    done = {"sent_at": sent.tolist(), "paid_at": (sent + 3_600 * MICROS).tolist()}
    flags = {"sendable": yes, "sent": yes, "paid": yes, "deleted": no}
    money = {"fee": none, "fee_vat": none, "total_fee": none, "net": shared["amount"]}
    empty = {name: pa.nulls(len(ids), pa.string()) for name in ("failure_code", "schedule")}
    words = {"direction": ["debit"] * len(ids), "key": ["transfer.sent.debit"] * len(ids), "origin": ids}
    debits = {**shared, **words, "transferable_at": shared["created_at"]}
    return pa.table({"transfer_id": ids, **shared, **done, **flags, **money, **empty}), pa.table(debits)
