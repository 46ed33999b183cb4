"""The whole job on a made world: sandbox, SQLite, workbooks, and what was planted against what was found."""

import errno
import json
import re
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from jobs.config import config as configuration
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions
from jobs.run.run import run
from recon import columns as c
from recon.money import Currencies
from recon.sandbox.server.app import Sandbox, serve
from recon.sandbox.worlds.world import World, make_world
from reports.documents import records

FIRST = date(2026, 10, 19)
LAST = date(2026, 10, 25)
PORT = 8484  # of a sandbox, where it is free
RECIPE = "demo.json"  # what makes a demo's world again

# The night before: only pulled, so that what turns until the moment of truth can be seen.
EARLIER = RunOptions(FIRST, LAST, by="demo", command="pull", judge=False, record=False, report=False)

Key = tuple[str, str, str, str]  # code, account, subject type, subject

# The sandbox's keys are no secrets; they stand in files because a configuration holds none.
CONFIG = """# Written by `recon demo` or `recon sandbox`: a made-up merchant on the sandbox.
[store]
url = "sqlite:///recon.db"
[omise]
base_url = "{url}"
requests_per_second = 1000
{accounts}{banks}
[orders.shop]
kind = "csv"
path = "orders/*.csv"
max_rejected = "60%"                         # rows that are spoilt on purpose are many in a small world
[orders.shop.columns]
customer = "customer_email"
[orders.shop.ignore]
payment_method = ["cod"]
[reports]
folder = "reports"
"""
ACCOUNT = """
[accounts.{name}]
region = "{region}"
currency = "{currency}"
timezone = "{zone}"
secret_key = {{ file = "keys/{name}" }}
webhook_secret = {{ file = "keys/{name}_webhook" }}
"""
BANK = """
[bank.{name}]
account = "{name}"
kind = "csv"
path = "bank/bank_{name}.csv"
"""


@dataclass(frozen=True)
class Tally:
    """Per code: how many breaks were planted, found, missed and raised without cause."""

    code: str
    planted: int
    found: int
    missed: int
    extra: int


@dataclass(frozen=True)
class Demo:
    """What the demonstration did."""

    outcome: Outcome
    table: tuple[Tally, ...]
    config: Path
    currencies: Currencies

    @property
    def story(self) -> str:
        """What was shown, in words."""
        orders = sum(result.orders for result in self.outcome.results)
        planted = sum(line.planted for line in self.table)
        missed = sum(line.missed for line in self.table)
        extra = sum(line.extra for line in self.table)
        return (
            f"A made-up merchant's week, {FIRST} to {LAST}: {orders:,} orders on {len(self.outcome.results)} Omise "
            f"accounts. {planted} faults were planted; {planted - missed if missed else 'all'} were found, and "
            f"{extra or 'nothing'} else."
        )

    @property
    def exact(self) -> bool:
        """Every planted break was found and nothing else."""
        return not any(line.missed or line.extra for line in self.table)


async def demo(out: Path, orders: int, seed: int, progress: Progress) -> Demo:
    """Make a world of about `orders` orders, serve it, run the job on it in the folder `out`, all by its clock."""
    progress.start("world", None)
    world = _demo_world(orders, seed)
    progress.finish("world")
    sandbox = Sandbox(world, lambda: world.first_look)
    async with AsyncExitStack() as stack:
        try:
            running = await stack.enter_async_context(serve(sandbox, port=PORT))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            running = await stack.enter_async_context(serve(sandbox))
        path = prepare(world, out, running.url)
        (out / RECIPE).write_text(json.dumps({"orders": orders, "seed": seed}) + "\n", encoding="utf-8")
        config = configuration.load(path, {})
        running.set_date("moment")
        await run(config, replace(EARLIER, as_of=world.first_look), lambda: world.first_look, progress)
        running.set_moment(world.as_of)
        options = RunOptions(FIRST, LAST, as_of=world.as_of, by="demo", command="demo")
        outcome = await run(config, options, lambda: world.as_of, progress)
    return Demo(outcome, compare(world, outcome), path, config.currencies())


def world_of(out: Path) -> tuple[World, int]:
    """The world of the demo in the folder `out` and the port that its configuration names. Raises JobError."""
    recipe = out / RECIPE
    path = out / "config.toml"
    again = f"recon demo --out {out} makes a demo there"
    try:
        values = json.loads(recipe.read_text(encoding="utf-8"))
        world = _demo_world(int(values["orders"]), int(values["seed"]))
    except FileNotFoundError:
        raise JobError(f"{recipe}: there is no such file: {again}") from None
    except (KeyError, TypeError, ValueError):
        raise JobError(f"{recipe}: this is not what a demo wrote: {again}") from None
    url = configuration.load(path, {}).omise.base_url
    address = re.fullmatch(r"http://127\.0\.0\.1:(\d{1,5})/?", url)
    if address is None:
        raise JobError(f"{path}: omise.base_url is not http://127.0.0.1:PORT, where a sandbox could be: {url}")
    return world, int(address[1])


def _demo_world(orders: int, seed: int) -> World:
    return make_world(seed, FIRST, LAST, orders, live=True, history=True)


def prepare(world: World, out: Path, url: str) -> Path:
    """The shop's files, the bank's, the keys, the truth and a configuration; an earlier demo's store is removed."""
    (out / "keys").mkdir(parents=True, exist_ok=True)
    for leftover in (*out.glob("recon.db*"), *out.glob(RECIPE)):
        leftover.unlink()
    accounts = []
    for name, books in world.books.items():
        account = books.account
        (out / "keys" / name).write_text(account.key + "\n", encoding="utf-8")
        (out / "keys" / f"{name}_webhook").write_text(account.webhook_secret + "\n", encoding="utf-8")
        accounts.append(
            ACCOUNT.format(name=name, region=account.region, currency=account.currency, zone=account.zone.key)
        )
    world.write_orders(out / "orders")
    world.write_bank(out / "bank")
    world.write_truth(out / "planted.json")
    path = out / "config.toml"
    banks = "".join(BANK.format(name=name) for name in world.books)
    path.write_text(CONFIG.format(url=url, accounts="".join(accounts), banks=banks), encoding="utf-8")
    return path


def compare(world: World, outcome: Outcome) -> tuple[Tally, ...]:
    """Planted against found, by code.

    Rows that could not be read and bank lines are compared by account alone: their break is named by their content.
    """
    planted = Counter(
        _key(planted.code, planted.account, planted.subject_type, planted.subject_id)
        for planted in (*world.truth, *world.truth_since_first_look)
    )
    names = [c.CODE, c.ACCOUNT, c.SUBJECT_TYPE, c.SUBJECT_ID]
    subjects = {tuple(row.values()) for result in outcome.results for row in records(result.breaks[names])}
    raised = Counter(_key(*subject) for subject in subjects)
    tallies = []
    for code in sorted({key[0] for key in planted | raised}):
        planted_here = Counter({key: count for key, count in planted.items() if key[0] == code})
        raised_here = Counter({key: count for key, count in raised.items() if key[0] == code})
        missed = (planted_here - raised_here).total()
        extra = (raised_here - planted_here).total()
        tallies.append(Tally(code, planted_here.total(), raised_here.total(), missed, extra))
    return tuple(tallies)


def _key(code: str, account: str | None, subject_type: str, subject_id: str) -> Key:
    return (code, account or "", subject_type, "" if subject_type in ("row", "bank_line") else subject_id)
