"""A store in which months of nights have run: rows put straight into it, as pulls, files and runs leave them."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update

from benchmarks.history import Shop, fill, months_before
from benchmarks.scale import prepare
from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import Outcome, RunOptions
from jobs.run.run import run
from recon import columns as c
from recon.model import Break, BreakStatus, KnownBreak, OrderStatus, Severity, Window
from recon.model.rulings import RulingKind, RulingState, Standing
from recon.store import bulk, tables
from recon.store.engine import SQLITE, Store, from_micros, writing
from recon.store.runs.break_rows import break_row
from recon.store.tables.desk import RULING, WORKBOOK
from recon.store.tables.nights import ATTEMPT
from recon.store.versions import save
from tests.kit.job import Silent

SHOPS = (Shop("th", "THB", "Asia/Bangkok", 50), Shop("my", "MYR", "Asia/Kuala_Lumpur", 50))
LAST = date(2026, 10, 31)
DAY = timedelta(days=1)
_SWEPT = ("charge", "refund", "transfer", "transaction", "dispute", "receipt", "event")
_BALANCE = tables.BALANCE


def clock() -> datetime:
    """The evening after the last day."""
    return datetime(2026, 10, 31, 21, tzinfo=UTC)


def years(folder: Path, url: str, months: int, monthly: int) -> Config:
    """A configured store whose last so many months, up to the day before LAST, were pulled and judged by night."""
    config = configuration.load(prepare(folder, url, SHOPS), {})
    spans = months_before(LAST + DAY, months)
    store = open_ready_store(config)
    fill(store, SHOPS, spans, monthly, clock(), nightly=True)
    nights = [spans[0][0] + number * DAY for number in range((LAST - spans[0][0]).days)]
    with writing(store) as connection:
        _answer_requests(connection)
        _link(connection)
        _close_breaks(connection, nights)
    _pull(store, nights)
    night(config, LAST - DAY)
    with writing(store) as connection:
        _repeat_runs(connection, nights)
    store.dispose()
    return config


def night(config: Config, day: date) -> Outcome:
    """A night's run over what was pulled."""
    options = RunOptions(day, day, pull=False, by="night")
    return asyncio.run(run(config, options, clock, Silent()))


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 20, tzinfo=UTC)


def _answer_requests(connection: Connection) -> None:
    """No order waits for a refund."""
    status = tables.ORDER.c[c.STATUS]
    asked = status == OrderStatus.REFUND_REQUESTED.value
    connection.execute(update(tables.ORDER).where(asked).values({c.STATUS: OrderStatus.PAID.value}))


def _link(connection: Connection) -> None:
    """What names an order is linked to it."""
    order = tables.ORDER.c
    charge = tables.OBJECTS["charge"].c
    accounts = dict(connection.execute(select(order[c.ORDER_ID], order[c.ACCOUNT])).all())
    rows = [
        (accounts[order_id], order_id, account, charge_id, "metadata")
        for account, charge_id, metadata in connection.execute(
            select(charge[c.ACCOUNT], charge[c.CHARGE_ID], charge[c.METADATA]).where(charge[c.PAID])
        )
        if (order_id := json.loads(metadata).get("order_id")) in accounts
    ]
    bulk.insert_rows(connection, tables.MATCH, rows)


def _close_breaks(connection: Connection, nights: Sequence[date]) -> None:
    """Of each night and account one break that closed by itself and one that somebody resolved."""
    for number, (day, shop) in enumerate((day, shop) for day in nights for shop in SHOPS):
        for code, status in (("charge_missing", BreakStatus.AUTO_CLOSED), ("order_missing", BreakStatus.RESOLVED)):
            subject = f"{shop.name}-{day}"
            found = Break(
                code, Severity.HIGH, shop.name, "order", subject, "words", "words", shop.currency, 100, 0, 100
            )
            resolved = status == BreakStatus.RESOLVED
            standing = Standing(number + 1, RulingKind.RESOLVE.value, "anna", "paid in cash", None, None)
            known = KnownBreak(found, status, _at(day), _at(day), standing=standing if resolved else None)
            connection.execute(insert(tables.BREAK), break_row(known))
            event = {"break_id": found.id, "at": _at(day), "recorded_at": _at(day), "who": "anna", "detail": "words"}
            ends = ("opened", "resolved" if resolved else "auto_closed")
            connection.execute(insert(tables.BREAK_EVENT), [{**event, "what": what} for what in ends])
        ruling = {"id": number + 1, "break_id": found.id, "kind": RulingKind.RESOLVE.value, "who": "anna"}
        ruling |= {"at": _at(day), "reason": "paid in cash", "before": "", "standing": RulingState.STANDS.value}
        connection.execute(insert(RULING), ruling)


def _pull(store: Store, nights: Sequence[date]) -> None:
    """The windows and the balance that each night's pull leaves."""
    for shop in SHOPS:
        windows = [
            save.PulledWindow(kind, Window(_at(day - DAY), _at(day)), 0, 0, _at(day))
            for day in nights
            for kind in _SWEPT
        ]
        save.save_windows(store, shop.name, windows)
        with writing(store) as connection:
            connection.execute(insert(_BALANCE), list(_balances(connection, shop, nights)))


def _balances(connection: Connection, shop: Shop, nights: Sequence[date]) -> Iterator[dict[str, Any]]:
    table = tables.OBJECTS["transaction"].c
    amounts = func.sum(table[c.AMOUNT])
    statement = select(table[c.FIRST_SEEN_AT], table[c.DIRECTION], amounts).where(table[c.ACCOUNT] == shop.name)
    sums = connection.execute(statement.group_by(table[c.FIRST_SEEN_AT], table[c.DIRECTION])).all()
    by_night: dict[datetime, int] = defaultdict(int)
    for seen, direction, amount in sums:
        by_night[from_micros(seen)] += int(amount) * (1 if direction == "credit" else -1)
    total = sum(amount for seen, amount in by_night.items() if seen < _at(nights[0]))
    for day in nights:
        total += by_night[_at(day)]
        yield {
            "account": shop.name,
            "read_at": _at(day),
            "currency": shop.currency,
            "total": total,
            "transferable": total,
            "reserve": 0,
            "on_hold": None,
        }


def _repeat_runs(connection: Connection, nights: Sequence[date]) -> None:
    """Of each night what the run of the last one left: its row, those of its accounts, its attempts and workbooks."""
    for table in (tables.RUN, tables.RUN_ACCOUNT, ATTEMPT, WORKBOOK):
        rows = [row._mapping for row in connection.execute(select(table)).all()]
        copies = [
            {name: _moved(name, row[name], number, LAST - DAY - day) for name in row}
            for number, day in enumerate(nights, start=2)
            for row in rows
        ]
        for copy in copies if table is ATTEMPT else ():
            del copy["id"]
        connection.execute(insert(table), copies)
    if connection.dialect.name != SQLITE:  # its next number is counted apart from the rows
        connection.execute(text("SELECT setval(pg_get_serial_sequence('run', 'id'), max(id)) FROM run"))
        connection.execute(text("ANALYZE"))  # as autovacuum does when so much has come


def _moved(name: str, value: Any, run_id: int, by: timedelta) -> Any:
    """A value of a run's rows as one that ran so long before has it."""
    if name in ("run_id", "id"):
        return run_id
    if name == "sha256":
        return f"{run_id}-{value}"
    if name == "judged":
        return json.dumps([[edge - by // c.MICROSECOND for edge in window] for window in json.loads(value)])
    return value - by if isinstance(value, date) else value
