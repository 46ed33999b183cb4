"""Proves the configuration before the first night: keys, store, orders, folder, alerts, clock."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from jobs.alerts import mail, send
from jobs.batch.queue import workers_seen
from jobs.config.config import Config, ConfigError
from jobs.config.fields import Secret
from jobs.config.sections import AccountSection
from jobs.logs.redaction import masked
from jobs.run.access import mismatches
from jobs.run.gateway_clock import NO_DATE, skew
from jobs.run.outcome import JobError
from jobs.run.run import open_ready_store
from jobs.service import schedule
from recon import columns as c
from recon.bank.load import read as read_bank
from recon.bank.source import BankMissing, BankSource
from recon.calendars import days_window, local_day
from recon.journal.words import LedgerAccount
from recon.model import Account
from recon.money import Currencies
from recon.omise import pull
from recon.omise.client import KeyRefused, Limits, OmiseError, open_client
from recon.omise.objects import AccountFacts
from recon.orders.load import preview, read
from recon.orders.source import OrderSource, SourceMissing, SourceUnreadable
from recon.store.damage import damage, trouble
from recon.store.engine import Store
from recon.store.migrate import current
from recon.store.moments import later_words
from recon.store.versions import archive
from recon.tabular.faults import RejectedShare
from reports.documents import Document, fields

OK = "ok"
WARNING = "warning"
FAILED = "FAILED"

# One question to Omise: two tries are enough to know.
_LIMITS = Limits(attempts=2, deadline_s=30, timeout_s=15, ceiling_s=2)
_ROWS = 5  # of a bank source
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Item:
    """One thing looked at: what it is, ok, warning or FAILED, and what was seen or is to be done."""

    what: str
    result: str
    details: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()  # a source's first rows


async def check_all(
    configuration: Callable[[], Config], clock: Callable[[], datetime], send_test: bool = False
) -> list[Item]:
    """Every item in order; `configuration` reads it without asking for secrets, or raises ConfigError.

    `send_test` sends a message to each channel of alerts, and a mail to those who get the reports.
    """
    try:
        config = configuration()
    except ConfigError as error:
        return [_item("config", FAILED, message) for message in error.messages]
    counted = f"{len(config.accounts)} account(s), {len(config.order_sources)} order source(s)"
    items = [_item("config", OK, counted), *_secrets(config), *_plain_passwords(config)]
    keys = await asyncio.gather(*(_key(config, name, section) for name, section in config.accounts.items()))
    items += [key.item for key in keys]
    items += await asyncio.to_thread(_store, config, clock())
    items.append(_clock([key for key in keys if key.answered], clock()))
    items += await _queue(config)
    for source in config.sources():
        items += await asyncio.to_thread(_orders, config, source, clock())
    for bank_source in config.bank_sources():
        items += await asyncio.to_thread(_bank, config, bank_source)
    items.append(_folder(config.reports.folder))
    items += _journal(config)
    mistakes = await asyncio.to_thread(schedule.mistakes, config, clock())
    items += [_item("schedule", FAILED, words) for words in mistakes]
    items += await asyncio.gather(*(_channel(channel, send_test) for channel in send.channels(config)))
    items += await _mail(config, send_test)
    return items


def failed(items: Sequence[Item]) -> bool:
    """Whether anything must be corrected before a run."""
    return any(item.result == FAILED for item in items)


def as_document(items: Sequence[Item]) -> Document:
    """`recon check --json`."""
    return {
        "status": FAILED if failed(items) else OK,
        "items": [
            {
                **fields(item, "what", "result", "details"),
                "rows": [dict(zip(item.header, row, strict=True)) for row in item.rows],
            }
            for item in items
        ],
    }


def _item(what: str, result: str, details: str) -> Item:
    return Item(what, result, masked(details))


def _broken(what: str, error: Exception) -> Item:
    """What no other answer foresees, in one line."""
    return _item(what, FAILED, trouble(error) or f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")


def _secrets(config: Config) -> Iterator[Item]:
    """Optional secrets that nobody set; those of accounts and order sources have items of their own."""
    for message in config.unset_secrets():
        path, _, words = message.partition(": ")
        if not path.startswith(("accounts.", "orders.", "queue.")):
            yield _item(path, WARNING, f"{words}: treated as absent")
    hashed = [name for name, source in config.order_sources.items() if source.columns.customer]
    if hashed and config.hash_key is None:
        yield _item("privacy.hash_key", WARNING, f"absent: the customers of {', '.join(hashed)} are dropped")


def _journal(config: Config) -> Iterator[Item]:
    """Which accounts of the journal have no code; without any nobody wants one."""
    lacking: dict[str, list[str]] = {}
    for name in config.accounts:
        codes = config.journal.codes(name).accounts
        missing = ", ".join(account for account in LedgerAccount if account not in codes)
        lacking.setdefault(missing, []).append(name)
    if not any(config.journal.codes(name).accounts for name in config.accounts):
        return
    words = [f"no code for {missing} (account {', '.join(names)})" for missing, names in lacking.items() if missing]
    if words:
        yield _item("journal", WARNING, f"[journal.accounts]: {'; '.join(words)}")
    else:
        yield _item("journal", OK, f"every account has a code; format {config.journal.format}")


def _plain_passwords(config: Config) -> Iterator[Item]:
    url = config.store.url
    if url.origin == "config.toml" and masked(url.reveal()) != url.reveal():
        yield _item("store.url", WARNING, 'holds a password: write { env = "NAME" } instead')
    base = urlsplit(config.omise.base_url)
    if base.scheme == "http" and base.hostname not in _LOOPBACK:
        yield _item("omise.base_url", WARNING, "keys would travel unencrypted: use https")


@dataclass(frozen=True)
class _Key:
    """What was seen of an account's key; whether Omise answered, and by which time."""

    item: Item
    answered: bool = False
    date: datetime | None = None


async def _key(config: Config, name: str, section: AccountSection) -> _Key:
    what = f"key of {name}"
    if not section.secret_key.is_set:
        return _Key(
            _item(what, FAILED, f"{section.secret_key.origin} is not set: put the account's secret key there")
        )
    url = config.omise.base_url
    try:
        line = config.line(url)
        async with open_client(url, section.secret_key.reveal(), _LIMITS, line=line) as client:
            facts = await pull.account(client)
    except ConfigError as error:
        return _Key(_item(what, FAILED, str(error)))
    except KeyRefused:
        words = f"Omise refused the key in {section.secret_key.origin}: give the account's own"
        return _Key(_item(what, FAILED, words))
    except OmiseError as error:
        return _Key(_item(what, FAILED, f"Omise could not be asked at {url}: {error}"))
    return _Key(_account_item(what, section.as_account(name), section, facts), True, client.date)


def _account_item(what: str, account: Account, section: AccountSection, facts: AccountFacts) -> Item:
    wrong = mismatches(account, section.livemode, facts)
    if wrong:
        return _item(what, FAILED, "; ".join(wrong))
    country = facts.country or "no country named, so only the currency was compared"
    return _item(what, OK, f"{country}, {facts.currency}, {'live' if facts.livemode else 'test'} mode")


def _store(config: Config, now: datetime) -> list[Item]:
    try:
        store = open_ready_store(config)
    except JobError as error:
        return [_item("store", FAILED, message) for message in error.messages]
    except Exception as error:  # a database's own errors have no name here
        return [_broken("store", error)]
    try:
        tables = _item("store", OK, f"{store.dialect.name}, tables at {current(store)}")
        wrong = [_item("store", FAILED, words) for words in damage(store)]
        return [*(wrong or [tables]), *_archive(store), *_moments(store, now)]
    except Exception as error:  # a damaged file fails wherever it is read
        return [_broken("store", error)]
    finally:
        store.dispose()


def _archive(store: Store) -> Iterator[Item]:
    """The files of old evidence, where any was moved; a run needs none of them."""
    try:
        files, size, wrong = archive.look(store)
    except archive.ArchiveError as error:
        yield from (_item("archive", WARNING, words) for words in error.messages)
        return
    if files and not wrong:
        yield _item("archive", OK, f"{files:,} file(s), {size // 1024:,} KiB, all there")
    yield from (_item("archive", WARNING, words) for words in wrong)


async def _queue(config: Config) -> list[Item]:
    """The queue, where one is configured, and whether anybody works."""
    if config.queue is None:
        return []
    try:
        workers = await workers_seen(config)
    except JobError as error:
        return [_item("queue", FAILED, words) for words in error.messages]
    except Exception as error:  # the driver's own errors have no name here
        return [_broken("queue", error)]
    if not workers:
        return [_item("queue", WARNING, "its tables are there, and no worker: start `recon worker` on some host")]
    return [_item("queue", OK, f"{workers} worker(s)")]


def _moments(store: Store, now: datetime) -> Iterator[Item]:
    words = later_words(store, now)
    if words:
        yield _item("store's clock", FAILED, words)


def _clock(answers: Sequence[_Key], now: datetime) -> Item:
    """This machine's clock beside Omise's, where it says the time."""
    dates = [key.date for key in answers if key.date is not None]
    words = next(filter(None, (skew(date, now) for date in dates)), "")
    if words:
        return _item("clock", FAILED, words)
    shown = f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if answers and not dates:
        return _item("clock", WARNING, f"{shown}; {NO_DATE}")
    return _item("clock", OK, f"{shown}, as Omise's" if dates else shown)


def _orders(config: Config, source: OrderSource, now: datetime) -> Iterator[Item]:
    what = f"orders.{source.name}"
    for secret in config.order_sources[source.name].own_keys.values():
        if isinstance(secret, Secret) and not secret.is_set:
            yield _item(what, FAILED, f"{secret.origin} is not set: put the database's URL there")
            return
    yesterday = local_day(now, source.zone) - timedelta(days=1)
    window = days_window(yesterday, yesterday, source.zone)
    accounts = {name: account.currency for name, account in config.accounts.items()}
    try:
        first_rows = preview(source, window=window)
        loaded = read(
            source, accounts=accounts, currencies=config.currencies(), hash_key=config.hash_key, window=window
        )
    except (SourceMissing, SourceUnreadable) as error:
        yield _item(what, FAILED, str(error))
        return
    except Exception as error:  # a database's own errors have no name here
        yield _broken(what, error)
        return
    orders = f"{len(loaded.orders):,} orders in {len(loaded.inputs)} input(s)"
    details = f"{orders}; times without an offset: {source.zone.key}"
    details += _as_read(loaded.encodings, sum(loaded.ignored.values()))
    yield Item(what, OK, masked(details), first_rows.header, first_rows.rows)
    yield from _kept_aside(what, loaded.rejected, loaded.share, loaded.lacking)


def _bank(config: Config, source: BankSource) -> Iterator[Item]:
    """What a bank source holds, in its first payouts; a folder without a file is none that a run can go by."""
    place = source.place
    try:
        loaded = read_bank(source, currencies=config.currencies())
    except BankMissing as error:
        yield _item(place, FAILED, str(error))
        return
    payouts = int(loaded.lines[c.PAYOUT].sum())
    proved = sum(statement.closing is not None for statement in loaded.statements)
    details = (
        f"{len(loaded.lines):,} lines in {len(loaded.inputs)} file(s), {payouts:,} of them payouts by their text"
    )
    details += f"; {proved:,} statement(s) add up" if proved else ""
    details += _as_read(loaded.encodings, loaded.ignored)
    yield Item(place, OK, masked(details), *_first_lines(loaded.lines, config.currencies()))
    if len(loaded.lines) and not payouts:
        yield _item(place, WARNING, "no line matches payout_pattern: set it to what the bank writes for Omise")
    yield from (_item(place, WARNING, note.removeprefix(f"{place}: ")) for note in (*loaded.repeated, *loaded.gaps))
    yield from (_item(place, FAILED, words.removeprefix(f"{place}: ")) for words in loaded.unreadable)
    yield from _kept_aside(place, loaded.rejected, loaded.share, loaded.lacking)


def _as_read(encodings: Sequence[str], ignored: int) -> str:
    """What else a person should know of how files were read; nothing where all was plain."""
    odd = [encoding for encoding in encodings if encoding != "utf-8"]
    words = f"; encoding: {', '.join(odd)}" if odd else ""
    return words + (f"; {ignored:,} row(s) ignored" if ignored else "")


def _first_lines(lines: pd.DataFrame, currencies: Currencies) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The first payouts, else the first lines; a text that is not kept is empty."""
    header = (c.BOOKED_ON, c.AMOUNT, c.CURRENCY, c.DESCRIPTION, c.REFERENCE)
    chosen = lines[lines[c.PAYOUT]] if lines[c.PAYOUT].any() else lines
    cells = chosen[list(header)].head(_ROWS).astype(object).fillna("")
    rows = cells.itertuples(index=False, name=None)
    return header, tuple((on, currencies.show(amount, code), code, *texts) for on, amount, code, *texts in rows)


def _kept_aside(what: str, rejected: pd.DataFrame, share: RejectedShare, lacking: Sequence[str]) -> Iterator[Item]:
    """Rows that cannot be read, by their reasons: too many of them fail."""
    yield from (_item(what, FAILED, words.removeprefix(f"{what}: ")) for words in lacking)
    if share.passed:
        yield _item(what, FAILED, share.words.removeprefix(f"{what}: "))
    elif len(rejected):
        first = rejected.iloc[0]
        where = f"{first[c.FILE]}, row {first[c.ROW]}{' first' if len(rejected) > 1 else ''}"
        reasons = "; ".join(share.reasons)
        yield _item(what, WARNING, f"{len(rejected):,} row(s) cannot be read and are kept aside; {where}: {reasons}")


async def _channel(channel: send.Channel, send_test: bool) -> Item:
    what = f"{channel.place} ({channel.name})"
    if not await asyncio.to_thread(send.is_understood, channel):
        return _item(what, FAILED, "is no URL that Apprise understands: see the Apprise page of the service")
    if not send_test:
        return _item(what, OK, "understood; --send-test sends a message")
    error = await send.send_test(channel)
    return _item(what, FAILED if error else OK, error or "accepted the test message")


async def _mail(config: Config, send_test: bool) -> list[Item]:
    """Reports by mail, where they are asked for."""
    what = "reports.mail"
    wrong = mail.mistakes(config)
    if not config.reports.mail or wrong:
        return [_item(what, FAILED, words) for words in wrong]
    if not send_test:
        return [_item(what, OK, f"{len(config.reports.mail)} address(es); --send-test sends a mail")]
    refused = await mail.mail_test(config)
    return [_item(what, FAILED, words) for words in refused] or [_item(what, OK, "the server took the test mail")]


def _folder(folder: Path) -> Item:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        return _item("reports.folder", FAILED, f"{folder} cannot be written: {error.strerror}")
    return _item("reports.folder", OK, str(folder))
