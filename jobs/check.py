"""Proves the configuration before the first night: keys, store, orders, folder, alerts, clock."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from jobs.alerts import mail, send
from jobs.config.config import Config, ConfigError
from jobs.config.fields import closest
from jobs.config.sections import AccountSection
from jobs.logs.redaction import masked
from jobs.run.access import mismatches
from jobs.run.moments.gateway_clock import NO_DATE, ONE_QUESTION, skew
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import JobError
from jobs.service import schedule
from jobs.service.readiness import refusals
from jobs.service.site import provider_of
from jobs.service.webhooks import signing_keys
from jobs.setup.reading import FAILED, OK, WARNING, Item, bank_items, broken, orders_items
from recon import columns as c
from recon.calendars import local_day
from recon.journal.words import LedgerAccount
from recon.model import Account
from recon.omise import pull
from recon.omise.client import KeyRefused, OmiseError, open_client
from recon.omise.objects import AccountFacts
from recon.store.damage import damage, trouble
from recon.store.engine import Store
from recon.store.migrate import current
from recon.store.moments import later_words
from recon.store.queue.webhooks import delivery
from recon.store.versions import archive
from recon.store.versions.load import latest_words
from reports.documents import Document, fields
from reports.page.access.provider import LEEWAY, ProviderError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


async def check_all(
    configuration: Callable[[], Config],
    clock: Callable[[], datetime],
    *,
    send_test: bool = False,
    serve: bool = False,
    command_mistake: Callable[[str], str] = lambda _: "",
) -> list[Item]:
    """Every item in order; `configuration` reads it without asking for secrets, or raises ConfigError.

    `send_test` sends a message to each channel of alerts, and a mail to those who get the reports. `serve` adds what
    `recon serve` wants. `command_mistake` says why a command line of ours cannot be run.
    """
    try:
        config = configuration()
    except ConfigError as error:
        return [Item.of("config", FAILED, message) for message in error.messages]
    counted = f"{len(config.accounts)} account(s), {len(config.order_sources)} order source(s)"
    items = [Item.of("config", OK, counted), *_secrets(config), *_plain_passwords(config)]
    keys = await asyncio.gather(*(_key(config, name, section) for name, section in config.accounts.items()))
    items += [key.item for key in keys]
    items += await asyncio.to_thread(_store, config, clock())
    items.append(_clock([key for key in keys if key.answered], clock()))
    items += await _queue(config)
    for source in config.sources():
        items += await asyncio.to_thread(list, orders_items(config, source, clock()))
    for bank_source in config.bank_sources():
        items += await asyncio.to_thread(list, bank_items(config, bank_source))
    items.append(_folder(config.reports.folder))
    items += [*_to_come(config, clock()), *_journal(config)]
    items += await _serving(config, clock()) if serve else _schedule(config, clock())
    jobs = ((job.name, command_mistake(job.command)) for job in config.schedule.jobs)
    items += [Item.of("schedule", FAILED, f'schedule.jobs "{name}": {words}') for name, words in jobs if words]
    items += await _sign_on(config, clock()) if serve else []
    items += await asyncio.gather(*(_channel(channel, send_test) for channel in send.channels(config)))
    items += await _mail(config, send_test)
    if send_test and not send.channels(config) and not config.reports.mail:
        items.append(Item.of("alerts", WARNING, "nobody is told: [alerts] urls and [reports] mail are empty"))
    return items


def failed(items: Sequence[Item]) -> bool:
    """Whether anything must be corrected before a run."""
    return any(item.result == FAILED for item in items)


def as_document(items: Sequence[Item], command: str = "") -> Document:
    """`recon check --json`; `command` is what to run next."""
    return {
        "status": FAILED if failed(items) else OK,
        "items": [
            {
                **fields(item, "what", "result", "details"),
                "rows": [dict(zip(item.header, row, strict=True)) for row in item.rows],
                "unused": list(item.unused),
            }
            for item in items
        ],
        "next": command,
    }


def _secrets(config: Config) -> Iterator[Item]:
    """Optional secrets that nobody set; those of accounts and order sources have items of their own."""
    for message in config.unset_secrets():
        path, _, words = message.partition(": ")
        if not path.startswith(("accounts.", "orders.", "queue.")):
            is_key = path in ("store.audit_key", "privacy.hash_key")
            left = "no command can write" if is_key else "treated as absent"
            yield Item.of(path, FAILED if is_key else WARNING, f"{words}: {left}")
    hashed = [name for name, source in config.order_sources.items() if source.columns.customer]
    if hashed and config.hash_key is None:
        yield Item.of("privacy.hash_key", WARNING, f"absent: the customers of {', '.join(hashed)} are dropped")


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
        yield Item.of("journal", WARNING, f"[journal.accounts]: {'; '.join(words)}")
    else:
        yield Item.of("journal", OK, f"every account has a code; format {config.journal.format}")


def _to_come(config: Config, now: datetime) -> Iterator[Item]:
    """Accounts that go live on a day that is still to come."""
    for name, account in config.accounts_by_name().items():
        if account.go_live is not None and account.go_live > local_day(now, account.zone):
            words = f"{account.go_live} is still to come: nothing of before it is judged"
            yield Item.of(f"accounts.{name}.go_live", WARNING, words)


def _plain_passwords(config: Config) -> Iterator[Item]:
    url = config.store.url
    if url.origin == "config.toml" and masked(url.reveal()) != url.reveal():
        yield Item.of("store.url", WARNING, 'holds a password: write { env = "NAME" } instead')
    base = urlsplit(config.omise.base_url)
    if base.scheme == "http" and base.hostname not in _LOOPBACK:
        yield Item.of("omise.base_url", WARNING, "keys would travel unencrypted: use https")


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
            Item.of(what, FAILED, f"{section.secret_key.origin} is not set: put the account's secret key there")
        )
    url = config.omise.base_url
    try:
        line = config.line(url)
        async with open_client(url, section.secret_key.reveal(), ONE_QUESTION, line=line) as client:
            facts = await pull.account(client)
    except ConfigError as error:
        return _Key(Item.of(what, FAILED, str(error)))
    except KeyRefused:
        words = f"Omise refused the key in {section.secret_key.origin}: give the account's own"
        return _Key(Item.of(what, FAILED, words))
    except OmiseError as error:
        return _Key(Item.of(what, FAILED, f"Omise could not be asked at {url}: {error}"))
    return _Key(_account_item(what, section.as_account(name), section, facts), True, client.date)


def _account_item(what: str, account: Account, section: AccountSection, facts: AccountFacts) -> Item:
    wrong = mismatches(account, section.livemode, facts)
    if wrong:
        return Item.of(what, FAILED, "; ".join(wrong))
    country = facts.country or "no country named, so only the currency was compared"
    return Item.of(what, OK, f"{country}, {facts.currency}, {'live' if facts.livemode else 'test'} mode")


def _store(config: Config, now: datetime) -> list[Item]:
    try:
        store = open_ready_store(config)
    except JobError as error:
        return [Item.of("store", FAILED, message) for message in error.messages]
    except Exception as error:  # a database's own errors have no name here
        return [_broken_store(error)]
    try:
        tables = Item.of("store", OK, f"{store.dialect.name}, tables at {current(store)}")
        wrong = [Item.of("store", FAILED, words) for words in damage(store)]
        about_it = [*_archive(store), *_moments(store, now), *_webhooks(config, store, now)]
        about_it += [*_methods(config, store), *_brands(config, store)]
        return [*(wrong or [tables]), *about_it]
    except Exception as error:  # a damaged file fails wherever it is read
        return [_broken_store(error)]
    finally:
        store.dispose()


def _broken_store(error: Exception) -> Item:
    words = trouble(error)
    return Item.of("store", FAILED, words) if words else broken("store", error)


def _archive(store: Store) -> Iterator[Item]:
    """The files of old evidence, where any was moved; a run needs none of them."""
    try:
        files, size, wrong = archive.look(store)
    except archive.ArchiveError as error:
        yield from (Item.of("archive", WARNING, words) for words in error.messages)
        return
    if files and not wrong:
        yield Item.of("archive", OK, f"{files:,} file(s), {size // 1024:,} KiB, all there")
    yield from (Item.of("archive", WARNING, words) for words in wrong)


def _methods(config: Config, store: Store) -> Iterator[Item]:
    """Methods of `[methods.*]` and `[fees.*]` that neither the rule book nor a charge has: perhaps misspelt."""
    places = {f"methods.{method}": method for method in config.methods}
    places |= {f"fees.{name}.{method}": method for name, rates in config.fees.items() for method in rates}
    methods = config.method_book().written
    if not methods.issuperset(places.values()):
        methods = methods.union(*(latest_words(store, name, c.METHOD) for name in config.accounts))
    for place, method in places.items():
        if method not in methods:
            unknown = "no method of the rule book, and no charge in the store was paid by it"
            yield Item.of(place, WARNING, f"{unknown}{closest(method, methods)}: until one is, this does nothing")


def _brands(config: Config, store: Store) -> Iterator[Item]:
    """Brands of `[fees.*]` that no card has, where cards were charged: perhaps misspelt."""
    for name, rates in config.fees.items():
        brands = latest_words(store, name, c.CARD_BRAND)
        charged = {"", *(brand.casefold() for brand in brands)}
        for place, brand in dict.fromkeys((method, rate.brand) for method in rates for rate in rates[method]):
            if brands and brand.casefold() not in charged:
                unknown = f"no charge in the store was paid by a card of the brand {brand!r}{closest(brand, brands)}"
                yield Item.of(f"fees.{name}.{place}", WARNING, f"{unknown}: until one is, this rate does nothing")


def _schedule(config: Config, now: datetime) -> list[Item]:
    return [Item.of("schedule", FAILED, words) for words in schedule.mistakes(config, now)]


async def _serving(config: Config, now: datetime) -> list[Item]:
    """What `recon serve` would refuse to start for; what stands in the way of the store has an item of its own."""
    store: Store | None = None
    with suppress(Exception):
        store = await asyncio.to_thread(open_ready_store, config)
    try:
        reasons = await refusals(config, store, now)
    finally:
        if store is not None:
            store.dispose()
    page = config.page
    ready = Item.of("serve", OK, f"schedule, and the page at {page.host}:{page.port}")
    return [Item.of("serve", FAILED, words) for words in reasons] or [ready]


async def _sign_on(config: Config, now: datetime) -> list[Item]:
    """Whether the provider of single sign-on answers as the one that is configured, and its time is ours."""
    try:
        provider = provider_of(config)
        date = await provider.clock(now) if provider else None
    except (ProviderError, LookupError) as error:
        return [Item.of("page.oidc", FAILED, str(error))]
    if provider is None:
        return []
    words = skew(date, now, "the provider", LEEWAY)
    return [Item.of("page.oidc", FAILED if words else OK, words or f"{provider.sign_on.issuer} answers")]


def _webhooks(config: Config, store: Store, now: datetime) -> Iterator[Item]:
    """Of each account whether webhooks come and are signed, where the page takes them."""
    if not config.page.webhooks:
        return
    try:
        keys = signing_keys(config)
    except JobError as error:
        yield from (Item.of("webhooks", FAILED, words) for words in error.messages)
        return
    for name, own in keys.items():
        health = delivery(store, name, now)
        since = f"{health.since:%Y-%m-%d %H:%M} UTC"
        words = f"{health.missed:,} of {health.events:,} events since {since} came by no webhook"
        unsigned = "" if own else "; no webhook_secret: unsigned ones are taken as a hint"
        result = WARNING if health.missed or unsigned else OK
        yield Item.of(f"webhooks of {name}", result, f"{words}{unsigned}")


async def _queue(config: Config) -> list[Item]:
    """The queue, where one is configured, and whether anybody works."""
    if config.queue is None:
        return []
    from jobs.batch.queue import workers_seen  # late: only a queue needs procrastinate

    try:
        workers = await workers_seen(config)
    except JobError as error:
        return [Item.of("queue", FAILED, words) for words in error.messages]
    except Exception as error:  # the driver's own errors have no name here
        return [broken("queue", error)]
    if not workers:
        return [Item.of("queue", WARNING, "its tables are there, and no worker: start `recon worker` on some host")]
    return [Item.of("queue", OK, f"{workers} worker(s)")]


def _moments(store: Store, now: datetime) -> Iterator[Item]:
    words = later_words(store, now)
    if words:
        yield Item.of("store's clock", FAILED, words)


def _clock(answers: Sequence[_Key], now: datetime) -> Item:
    """This machine's clock beside Omise's, where it says the time."""
    dates = [key.date for key in answers if key.date is not None]
    words = next(filter(None, (skew(date, now) for date in dates)), "")
    if words:
        return Item.of("clock", FAILED, words)
    shown = f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if answers and not dates:
        return Item.of("clock", WARNING, f"{shown}; {NO_DATE}")
    return Item.of("clock", OK, f"{shown}, as Omise's" if dates else shown)


async def _channel(channel: send.Channel, send_test: bool) -> Item:
    what = f"{channel.place} ({channel.name})"
    if not await asyncio.to_thread(send.is_understood, channel):
        return Item.of(what, FAILED, "is no URL that Apprise understands: see the Apprise page of the service")
    if not send_test:
        return Item.of(what, OK, "understood; --send-test sends a message")
    error = await send.send_test(channel)
    return Item.of(what, FAILED if error else OK, error or "accepted the test message")


async def _mail(config: Config, send_test: bool) -> list[Item]:
    """Reports by mail, where they are asked for."""
    what = "reports.mail"
    wrong = mail.mistakes(config)
    if not config.reports.mail or wrong:
        return [Item.of(what, FAILED, words) for words in wrong]
    if not send_test:
        return [Item.of(what, OK, f"{len(config.reports.mail)} address(es); --send-test sends a mail")]
    refused = await mail.mail_test(config)
    return [Item.of(what, FAILED, words) for words in refused] or [Item.of(what, OK, "the server took the test mail")]


def _folder(folder: Path) -> Item:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        return Item.of("reports.folder", FAILED, f"{folder} cannot be written: {error.strerror}")
    return Item.of("reports.folder", OK, str(folder))
