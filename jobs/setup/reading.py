"""What the sources of a configuration hold, as a person confirms it: how much reads, why not, the first rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from jobs.config.config import Config
from jobs.config.secrets import Secret
from jobs.logs.errors import one_line
from jobs.logs.redaction import masked
from recon import columns as c
from recon.bank.load import read as read_bank
from recon.bank.source import BankSource, LoadedBank
from recon.calendars import days_window, local_day
from recon.columnar import pd
from recon.model import Window
from recon.money import Currencies
from recon.orders.load import read
from recon.orders.source import LoadedOrders, OrderSource
from recon.tabular.faults import RejectedShare
from recon.tabular.recognition.look import Look
from recon.tabular.table import SourceMissing, SourceUnreadable

OK = "ok"
WARNING = "warning"
FAILED = "FAILED"

SHOWN_ROWS = 5
_MOST = 0.5


@dataclass(frozen=True)
class Item:
    """One thing looked at: what it is, ok, warning or FAILED, and what was seen or is to be done.

    Of a source: its first rows as they are read, and the columns of its first file that nothing uses.
    """

    what: str
    result: str
    details: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    unused: tuple[str, ...] = ()

    @classmethod
    def of(cls, what: str, result: str, details: str) -> Item:
        """Without the secrets that somebody wrote into a URL."""
        return cls(what, result, masked(details))


def broken(what: str, error: Exception) -> Item:
    """What no other answer foresees, in one line."""
    return Item.of(what, FAILED, one_line(error))


def orders_items(config: Config, source: OrderSource, now: datetime) -> Iterator[Item]:
    """Whatever there is to say of an order source as it is read for yesterday's run."""
    for secret in config.order_sources[source.name].own_keys.values():
        if isinstance(secret, Secret) and not secret.is_set:
            yield Item.of(source.place, FAILED, f"{secret.origin} is not set: put the database's URL there")
            return
    yesterday = local_day(now, source.zone) - timedelta(days=1)
    try:
        loaded = load_orders(config, source, days_window(yesterday, yesterday, source.zone))
    except (SourceMissing, SourceUnreadable) as error:
        yield Item.of(source.place, FAILED, str(error))
    except Exception as error:  # a database's own errors have no name here
        yield broken(source.place, error)
    else:
        yield from loaded_orders_items(source, loaded, config.currencies())


def load_orders(config: Config, source: OrderSource, window: Window) -> LoadedOrders:
    """All that an order source holds, of a database in a window; raises as `recon.orders.load.read` does."""
    accounts = {name: account.currency for name, account in config.accounts.items()}
    return read(source, accounts=accounts, currencies=config.currencies(), hash_key=config.hash_key, window=window)


def loaded_orders_items(
    source: OrderSource, loaded: LoadedOrders, currencies: Currencies, rows: int = SHOWN_ROWS
) -> Iterator[Item]:
    """What was read of an order source, in its first orders, and what was not."""
    details = (
        f"{len(loaded.orders):,} orders in {len(loaded.inputs)} input(s){_share_read(loaded.share)}"
        f"; times without an offset: {source.zone.key}"
        f"{_as_written(loaded.look, loaded.encodings)}{_ignored(sum(loaded.ignored.values()))}"
    )
    shown = _first_orders(loaded.orders.head(rows), source.zone, currencies)
    yield _source_item(source.place, details, shown, loaded.look)
    if len(loaded.orders) and loaded.orders[c.ORDER_ID].str.fullmatch(r"\d+\.0").mean() > _MOST:
        words = "its order ids end in .0, as spreadsheets write numbers: order_id_pattern = '(.+)\\.0' takes it off"
        yield Item.of(source.place, WARNING, words)
    yield from _kept_aside(source.place, loaded.rejected, loaded.share, loaded.lacking)


def bank_items(config: Config, source: BankSource) -> Iterator[Item]:
    """Whatever there is to say of a bank source."""
    try:
        loaded = read_bank(source, currencies=config.currencies())
    except SourceMissing as error:
        yield Item.of(source.place, FAILED, str(error))
        return
    yield from loaded_bank_items(source, loaded, config.currencies())


def loaded_bank_items(
    source: BankSource, loaded: LoadedBank, currencies: Currencies, rows: int = SHOWN_ROWS
) -> Iterator[Item]:
    """What a bank source holds, in its first payouts; a folder without a file is none that a run can go by."""
    place = source.place
    payouts = int(loaded.lines[c.PAYOUT].sum())
    details = (
        f"{len(loaded.lines):,} lines in {len(loaded.inputs)} file(s), {payouts:,} of them payouts by their text"
    )
    details += _share_read(loaded.share)
    details += f"; {loaded.proved:,} statement(s) add up" if loaded.proved else ""
    details += _as_written(loaded.look, loaded.encodings) + _ignored(loaded.ignored)
    yield _source_item(place, details, _first_lines(loaded.lines, currencies, rows), loaded.look)
    if loaded.accounts > 1:
        as_one = (
            f"its files are of {loaded.accounts} bank accounts, which are read as one: statement_of names the one"
        )
        yield Item.of(place, WARNING, as_one)
    if len(loaded.lines) and not payouts:
        yield Item.of(place, WARNING, "no line matches payout_pattern: set it to what the bank writes for Omise")
    codes = sorted(loaded.lines[c.CURRENCY].unique())
    if codes and source.currency not in codes:
        words = f"its lines are in {', '.join(codes)}, and account {source.account} settles in {source.currency}"
        yield Item.of(place, WARNING, f"{words}: no payout can be found in them")
    yield from (Item.of(place, WARNING, note.removeprefix(f"{place}: ")) for note in (*loaded.repeated, *loaded.gaps))
    yield from (Item.of(place, FAILED, words.removeprefix(f"{place}: ")) for words in loaded.unreadable)
    yield from _kept_aside(place, loaded.rejected, loaded.share, loaded.lacking)


def _source_item(place: str, details: str, shown: list[dict[str, str]], look: Look | None) -> Item:
    header = tuple(shown[0]) if shown else ()
    rows = tuple(tuple(row[name] for name in header) for row in shown)
    return Item(place, OK, masked(details), header, rows, look.unused if look else ())


def _share_read(share: RejectedShare) -> str:
    """How much of the rows that count is read; nothing is said where there are none, or a share is no help."""
    if not share.rows:
        return ""
    percent = 100 * (share.rows - share.rejected) // share.rows
    return f"; {percent} % of {share.rows:,} rows read"


def _as_written(look: Look | None, encodings: Sequence[str]) -> str:
    """How the first file is written, and in what all are encoded."""
    words = f"; {look.name}: {look.words}" if look and look.words else ""
    return words + (f"; encoding: {', '.join(encodings)}" if encodings else "")


def _ignored(count: int) -> str:
    return f"; {count:,} row(s) ignored" if count else ""


def _first_orders(orders: pd.DataFrame, zone: ZoneInfo, currencies: Currencies) -> list[dict[str, str]]:
    """Orders as they are read, moments on the source's own clock; without the columns that none of them fills."""
    frame = orders.astype(object).where(orders.notna(), "")
    shown = [
        {
            **{name: row[name] for name in (c.ORDER_ID, c.STATUS)},
            c.AMOUNT: currencies.show(row[c.AMOUNT], row[c.CURRENCY]),
            c.CURRENCY: row[c.CURRENCY],
            c.CREATED_AT: f"{row[c.CREATED_AT].astimezone(zone):%Y-%m-%d %H:%M:%S}",
            c.REFUNDED_AMOUNT: row[c.REFUNDED_AMOUNT] and currencies.show(row[c.REFUNDED_AMOUNT], row[c.CURRENCY]),
            **{name: row[name] for name in (c.PAYMENT_METHOD, c.CHARGE_ID, c.REFERENCE)},
        }
        for row in frame.to_dict("records")
    ]
    filled = [name for name in (shown[0] if shown else ()) if any(row[name] for row in shown)]
    return [{name: str(row[name] or "") for name in filled} for row in shown]


def _first_lines(lines: pd.DataFrame, currencies: Currencies, rows: int) -> list[dict[str, str]]:
    """The first payouts, else the first lines; a text that is not kept is empty."""
    header = [c.BOOKED_ON, c.AMOUNT, c.CURRENCY, c.DESCRIPTION, c.REFERENCE]
    chosen = lines[lines[c.PAYOUT]] if lines[c.PAYOUT].any() else lines
    cells = chosen[header].head(rows).astype(object).fillna("").itertuples(index=False, name=None)
    return [
        dict(zip(header, (on, currencies.show(amount, code), code, *texts), strict=True))
        for on, amount, code, *texts in cells
    ]


def _kept_aside(what: str, rejected: pd.DataFrame, share: RejectedShare, lacking: Sequence[str]) -> Iterator[Item]:
    """Rows that cannot be read, by their reasons: too many of them fail."""
    yield from (Item.of(what, FAILED, words.removeprefix(f"{what}: ")) for words in lacking)
    if share.passed:
        yield Item.of(what, FAILED, share.words.removeprefix(f"{what}: "))
    elif len(rejected):
        first = rejected.iloc[0]
        where = f"{first[c.FILE]}, row {first[c.ROW]}{' first' if share.rejected > 1 else ''}"
        counted = f"{share.rejected:,} row(s) cannot be read and are kept aside"
        yield Item.of(what, WARNING, f"{counted}; {where}: {'; '.join(share.reasons)}")
