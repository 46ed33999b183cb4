"""How fast orders and charges are matched and judged, against peers on the same data; `make bench-match` runs it.

Each peer runs in a process of its own over the same Parquet files; loading them is not timed. The peers join orders
and charges by order id and compare amounts; ours runs every pass, triage, cases and rules, up to the list of breaks.
"""

import argparse
import gc
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.processes import answer, interpreter, memory_from_here, memory_mb

# Peers in environments of their own; datacompy needs an older pandas than ours.
APART = {"DuckDB": ("duckdb", "pandas", "pyarrow"), "datacompy": ("datacompy==1.1.*", "pandas<3.1", "pyarrow")}
ACCOUNTS = (("th", "THB", 50), ("sg", "SGD", 20), ("jp", "JPY", 20), ("my", "MYR", 10))  # name, currency, share
START, DAYS, MICROS = 1_790_812_800_000_000, 30, 1_000_000  # 2026-10-01 UTC
# Of a thousand orders: what is wrong with them. Together 30: 3 % breaks.
MISSING, STRANGE, AMOUNT, TWICE, FAILED, PENDING = 6, 6, 9, 3, 3, 3


@dataclass(frozen=True)
class Measured:
    """One peer's best time and CPU time, the memory it took over the loaded frames, and how much it found."""

    seconds: float
    cpu: float
    extra_mb: float
    found: int


def numbered(prefix: str, numbers: Any) -> Any:
    """ "TH-000000017" and the like, as an Arrow array."""
    text = pc.utf8_lpad(pa.array(numbers, pa.int64()).cast(pa.string()), 9, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), text, "")


def make(rows: int, seed: int) -> tuple[pa.Table, pa.Table]:
    """`rows` orders and about as many charges: most named in metadata, some by charge id, description or not."""
    rng = np.random.default_rng(seed)
    numbers = np.arange(rows)
    share = np.repeat(np.arange(len(ACCOUNTS)), [share for _, _, share in ACCOUNTS])
    account = share[rng.integers(0, len(share), rows)]
    amount = rng.integers(3_000, 1_500_000, rows)  # within the limits of every account's methods
    created = START + np.sort(rng.integers(0, DAYS * 86_400, rows)) * MICROS
    fate = rng.integers(0, 1000, rows)
    ends = np.cumsum([MISSING, STRANGE, AMOUNT, TWICE, FAILED, PENDING])
    kind = np.searchsorted(ends, fate, side="right")  # 0 missing, 1 strange, 2 amount, 3 twice, 4 failed, 5 pending
    way = rng.integers(0, 100, rows)
    way[kind < len(ends)] = 50  # what is broken is named in metadata
    owner = np.concatenate([numbers[(kind != 0)], numbers[kind == 3]])  # one charge each, two where paid twice
    rng.shuffle(owner)
    charge_ids = numbered("chrg_", np.arange(len(owner)))
    first = np.full(rows, -1)
    first[owner[::-1]] = np.arange(len(owner))[::-1]
    names = pa.array([name for name, _, _ in ACCOUNTS])
    currencies = pa.array([currency for _, currency, _ in ACCOUNTS])
    ids = numbered("ORD-", numbers)
    orders = {
        "account": names.take(pa.array(account)),
        "order_id": ids,
        "source": ["shop"] * rows,
        "status": pa.array(["paid", "pending"]).take(pa.array((kind == 5).astype(int))),
        "amount": amount,
        "currency": currencies.take(pa.array(account)),
        "created_at": created,
        "refunded_amount": np.zeros(rows, int),
        "payment_method": ["card"] * rows,
        "charge_id": charge_ids.take(pa.array(np.where((way < 20) & (first >= 0), first, -1), mask=(way >= 20))),
        "customer": pa.nulls(rows, pa.string()),
        "file": ["orders.csv"] * rows,
        "file_hash": ["0"] * rows,
        "row": numbers + 2,
        "seen_at": created,
        "first_seen_at": created,
    }
    return pa.table(orders), _charges(rng, owner, charge_ids, ids, orders, kind, way, amount, created)


def _charges(
    rng: Any, owner: Any, charge_ids: Any, ids: Any, orders: Any, kind: Any, way: Any, amount: Any, created: Any
) -> pa.Table:
    count, at = len(owner), pa.array(owner)
    paid = kind[owner] != 4
    taken = amount[owner] + np.where(kind[owner] == 2, 100, 0)
    made = created[owner] + rng.integers(15, 400, count) * MICROS
    name = np.where(kind[owner] == 1, "X-", "")
    ref = pc.binary_join_element_wise(pa.array(name), ids.take(at), "")
    ref = pc.if_else(pa.array((way[owner] >= 20) & (way[owner] < 23)), pa.scalar(None, pa.string()), ref)
    text = pc.binary_join_element_wise(pa.scalar("Order"), ids.take(at), " ")
    empty, zeros = pa.nulls(count, pa.string()), np.zeros(count, int)
    no_moment = pa.nulls(count, pa.int64())
    currency = orders["currency"].take(at)
    return pa.table(
        {
            "account": orders["account"].take(at),
            "charge_id": charge_ids,
            "status": pa.array(["failed", "successful"]).take(pa.array(paid.astype(int))),
            "amount": taken,
            "currency": currency,
            "captured_amount": taken,
            "funding_amount": taken,
            "funding_currency": currency,
            "fee": zeros,
            "fee_vat": zeros,
            "interest": zeros,
            "interest_vat": zeros,
            "net": taken,
            "fee_flat": empty,
            "fee_rate": empty,
            "vat_rate": empty,
            "refunded_amount": zeros,
            "method": ["card"] * count,
            "card_brand": ["Visa"] * count,
            "capture": paid,
            "authorized": paid,
            "paid": paid,
            "reversed": ~paid & paid,
            "voided": ~paid & paid,
            "created_at": made,
            "authorized_at": made,
            "paid_at": pa.array(made, mask=~paid),
            "expires_at": made + 604_800 * MICROS,
            "reversed_at": no_moment,
            "transaction_id": empty,
            "dispute_id": empty,
            "link": empty,
            "schedule": empty,
            "failure_code": empty,
            "description": pc.if_else(pa.array((way[owner] >= 20) & (way[owner] < 22)), text, empty),
            "livemode": paid,
            "order_ref": ref,
            "customer": empty,
            "seen_at": made,
            "first_seen_at": made,
        }
    )


def read(folder: Path, name: str, names: list[str] | None = None) -> pd.DataFrame:
    """A frame of those columns, as its Parquet file holds them."""
    frame: pd.DataFrame = pq.read_table(folder / f"{name}.parquet", columns=names).to_pandas()
    return frame


def bare(folder: Path) -> Callable[[], int]:
    """pandas alone: get_indexer on order ids, take, compare amount and currency."""
    names = ["amount", "currency"]
    orders, charges = read(folder, "orders", ["order_id", *names]), read(folder, "charges", ["order_ref", *names])

    def work() -> int:
        found = pd.Index(orders["order_id"]).get_indexer(pd.Index(charges["order_ref"]))
        hit = found >= 0
        ours, theirs = orders[names].take(found[hit]), charges[names][hit]
        same = ours["amount"].to_numpy() == theirs["amount"].to_numpy()
        same &= np.asarray(ours["currency"].array == theirs["currency"].array)
        missing = len(orders) - np.count_nonzero(np.bincount(found[hit], minlength=len(orders)))
        return int((~same).sum() + (~hit).sum() + missing)

    return work


def duckdb(folder: Path) -> Callable[[], int]:
    """DuckDB: a full outer join by order id over the tables, amount and currency compared."""
    import duckdb as module

    orders = pq.read_table(folder / "orders.parquet", columns=["order_id", "amount", "currency"])
    charges = pq.read_table(folder / "charges.parquet", columns=["order_ref", "amount", "currency"])
    connection = module.connect()
    connection.register("o", orders)
    connection.register("k", charges)
    query = """select count(*) from o full join k on o.order_id = k.order_ref
               where o.amount is distinct from k.amount or o.currency is distinct from k.currency"""

    def work() -> int:
        return int(connection.execute(query).fetchone()[0])

    return work


def datacompy(folder: Path) -> Callable[[], int]:
    """datacompy: its own comparison of two frames by order id."""
    import datacompy as compare

    orders = read(folder, "orders", ["order_id", "amount", "currency"])
    charges = read(folder, "charges", ["order_ref", "amount", "currency"]).rename(columns={"order_ref": "order_id"})

    def work() -> int:
        kind = getattr(compare, "PandasCompare", None) or compare.Compare
        found = kind(orders, charges, join_columns="order_id")
        return len(found.df1_unq_rows) + len(found.df2_unq_rows) + len(found.all_mismatch())

    return work


def ours(folder: Path) -> Callable[[], int]:
    """All passes, scope, triage, cases and rules, over the frames of the store."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from recon import columns as c
    from recon.matching import match
    from recon.model import Account, Books, Window
    from recon.rules import case_rules, judge
    from recon.settings import Context, MatchSettings
    from recon.triage import triage
    from recon.triage.scope import Range, scope

    def load(frame: c.Frame, name: str) -> pd.DataFrame:
        table = pq.read_table(folder / f"{name}.parquet").combine_chunks()  # as the store hands them over
        absent = pa.array(np.zeros(len(table), dtype=bool))
        found = {one.name: table[one.name] if one.name in table.column_names else absent for one in frame.columns}
        return pd.DataFrame({one.name: _typed(found[one.name], one.dtype, c.MOMENT) for one in frame.columns})

    as_of = datetime.fromtimestamp((START // MICROS) + (DAYS + 2) * 86_400, UTC)
    known = Books(
        as_of,
        c.ORDERS.check(load(c.ORDERS, "orders")),
        c.CHARGES.check(load(c.CHARGES, "charges")),
        c.REFUNDS.empty(),
        c.TRANSFERS.empty(),
        c.TRANSACTIONS.empty(),
        c.DISPUTES.empty(),
        c.REJECTED.empty(),
    )
    zone = ZoneInfo("Asia/Bangkok")
    accounts = {name: Account(name, name.upper(), currency, zone) for name, currency, _ in ACCOUNTS}
    what = Range(accounts, dict.fromkeys(accounts, Window(datetime(2026, 1, 1, tzinfo=UTC), as_of)))
    context = Context(as_of, regions={name: name.upper() for name in accounts})
    rules = case_rules(context)

    def work() -> int:
        gc.disable()  # as jobs.judging does
        try:
            return found()
        finally:
            gc.enable()

    def found() -> int:
        matching = match(known.orders, known.charges, MatchSettings())
        seen = scope(known, matching, what)
        return sum(1 for _ in judge(triage(known, matching, seen, context, rules).cases, context))

    return work


def _typed(column: Any, dtype: str, moment: str) -> Any:
    """A flag that the made data do not know is false."""
    if dtype == moment:
        return column.cast(pa.timestamp("us", "UTC")).to_pandas()
    return column.to_pandas().astype(dtype)


PEERS: dict[str, Callable[[Path], Callable[[], int]]] = {
    "bare pandas get_indexer": bare,
    "DuckDB": duckdb,
    "datacompy": datacompy,
    "omise-recon": ours,
}


def measure(peer: str, folder: Path, rounds: int) -> Measured:
    """The best of some rounds, in this process; the peak of memory is counted from the loaded frames."""
    work = PEERS[peer](folder)
    before, times, cpus, found = memory_from_here(), [], [], 0
    for _ in range(rounds):
        begun, used = perf_counter(), process_time()
        found = work()
        times.append(perf_counter() - begun)
        cpus.append(process_time() - used)
    return Measured(min(times), min(cpus), memory_mb("VmHWM") - before, found)


def compare(rows: int, rounds: int, large: int) -> None:
    """Prints every peer's figures at `rows`, and ours at `large`."""
    with tempfile.TemporaryDirectory() as place:
        found = {}
        for size in dict.fromkeys((rows, large)):
            folder = Path(place) / str(size)
            folder.mkdir()
            orders, charges = make(size, seed=size)
            pq.write_table(orders, folder / "orders.parquet")
            pq.write_table(charges, folder / "charges.parquet")
            del orders, charges
            for peer in PEERS if size == rows else ("omise-recon",):
                words = ("--peer", peer, "--data", folder, "--rounds", rounds)
                python = interpreter(peer, APART.get(peer, ()))
                found[peer, size] = Measured(**answer(python, "-m", "benchmarks.match", *words))
    base, mine = found["bare pandas get_indexer", rows], found["omise-recon", rows]
    print(f"| {rows:,} orders and charges, 3 % breaks | seconds | CPU seconds | x bare join | extra MB | found |")
    print("|---|---|---|---|---|---|")
    for (peer, size), one in found.items():
        name = peer if size == rows else f"{peer}, {size:,}"
        times = f"{one.seconds:.2f} | {one.cpu:.2f} | {one.seconds / base.seconds:.2f}"
        print(f"| {name} | {times} | {one.extra_mb:.0f} | {one.found:,} |")
    if large != rows:
        ratio = found["omise-recon", large].seconds / mine.seconds
        print(f"\n{large:,} take {ratio:.2f} times the time of {rows:,}.")


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", choices=list(PEERS))
    parser.add_argument("--data", type=Path)
    asked = parser.parse_args()
    if asked.peer:
        print(json.dumps(measure(asked.peer, asked.data, asked.rounds).__dict__))
    else:
        compare(asked.rows, asked.rounds, asked.large)


if __name__ == "__main__":
    main()
