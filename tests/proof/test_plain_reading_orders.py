"""A second, naive judge of orders, charges, refunds and disputes (`tests.kit.plain_orders`) beside the product's.

Small random worlds, with what may be configured, are put before both; what each says must be the same.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

import pytest

from recon.money import Tolerance
from recon.rules import CATALOGUE, find_breaks
from recon.settings import MatchSettings, WithoutOrders
from tests.kit.books import AS_OF, BANGKOK, DAY, HOUR, MINUTE, Job, Row, books, charge, order
from tests.kit.clocks import ACCOUNTS, SECOND, context, dispute, refund
from tests.kit.plain_orders import HOME, METHODS, SHORT_BRANDS, World, plain_reading

pytestmark = pytest.mark.proof
WORLDS = 800
GROUPS = ("Order and charge", "Charge alone", "Refunds")
RULES = [rule for rule in CATALOGUE if rule.group in GROUPS or rule.code in ("dispute_open", "dispute_lost")]
CODES = {rule.code for rule in RULES}
STATES = {"successful": 10, "pending": 1.5, "failed": 2, "expired": 1, "reversed": 1, "voided": 1, "authorised": 1}
STATUSES = {"paid": 9, "pending": 4, "cancelled": 3, "refunded": 3, "refund_requested": 4}
WAYS = {
    "card": 6,
    "kakaopay": 2,
    "promptpay": 1,
    "truemoney": 1,
    "rabbit_linepay": 0.7,
    "paynow": 0.7,
    "internet_banking_bay": 0.5,
    "econtext": 0.5,
    "newpay": 0.5,
}
RATE = {"THB": 1, "SGD": 25, "JPY": 20, "USD": 33}  # of a minor unit, in satang


def pick(random: Random, weights: Mapping[Any, float]) -> Any:
    return random.choices(list(weights), list(weights.values()))[0]


def random_world(seed: int) -> World:
    """Up to four orders and their charges: well named or not, of other sums, refunded or not, close to an edge."""
    random = Random(seed)
    settle = random.choice((HOUR, HOUR, timedelta(0), 2 * HOUR, 4 * DAY))
    some = random.choice(((0, 0), (0, 0), (10, 0), (0, 1), (10, 1)))
    absolute, percent = (dict.fromkeys(RATE, by) for by in some)
    live = datetime.combine((AS_OF - random.choice((1, 2, 3)) * DAY).date(), time.min, BANGKOK)
    begins = {"th": live} if random.random() < 0.25 else {}
    customers = ("h1", "h2", None) if random.random() < 0.4 else (None,)
    world = World([], [], [], [], settle=settle, absolute=absolute, percent=percent, begins=begins)
    places = random.choice((("th", "th", "sg"), ("th",), ("th", "jp"), ("th", "sg", "jp")))
    for at in range(random.choice((1, 2, 2, 3, 4))):
        account, amount = random.choice(places), random.choice((10_000,) * 10 + (40_000,) * 4 + (0,))
        edges = (settle - SECOND, settle, settle + SECOND, 3 * HOUR, 30 * DAY, *(DAY * n for n in range(1, 6)))
        made = min(AS_OF - random.choice(edges), AS_OF)
        if begins and random.random() < 0.5:
            made = live + random.choice((-SECOND, 0 * SECOND, SECOND, -HOUR, -DAY))
        status = pick(random, STATUSES)
        back = pick(random, {0: 6, amount: 2, amount // 4: 2, amount + 1: 0.3}) if status != "pending" else 0
        fields = {"account": account, "currency": HOME[account][0], "created_at": made}
        ours = {**order(f"A-{at}", amount, status, **fields), "refunded_amount": back, "charge_id": None}
        taken = [row["account"] for row in world.orders if row["order_id"] == "A-0"]
        twin = random.random() < 0.1 and account not in taken  # of the same id in another account
        ours |= {"order_id": "A-0"} if twin else {}
        ours |= {"customer": random.choice(customers), "source": random.choice(("shop", "shop", "split"))}
        random_charges(random, world, ours, customers)
    world.charges.sort(key=lambda row: (row["account"], row["created_at"], row["charge_id"]))  # as the store has them
    return world


def random_charges(random: Random, world: World, ours: dict[str, Any], customers: tuple[str | None, ...]) -> None:
    """The order's charges, named in one way, and the order."""
    way = random.choice(("metadata", "metadata", "metadata", "description", "nothing", "nothing", "charge id"))
    id = ours["order_id"]
    names = {"metadata": {"order_ref": id}, "description": {"description": f"Order {id}"}}.get(way, {})
    for _ in range(random.choice((0, 1, 1, 1, 1, 2, 2, 3))):
        row = random_charge(random, f"chrg_{len(world.charges)}", ours)
        if way == "charge id":
            ours["charge_id"] = ours["charge_id"] or row["charge_id"]
        elif way == "nothing" and random.random() < 0.1:
            row[random.choice(("link", "schedule"))] = "x"
        customer = ours["customer"] if random.random() < 0.7 else random.choice(customers)
        world.charges.append({**row, **names, "customer": customer})
        random_parts(random, world, row)
    world.orders.append(ours)


def random_charge(random: Random, id: str, ours: Row) -> dict[str, Any]:
    """A charge for an order, now and then of another account, sum or currency."""
    other = [name for name in HOME if name != ours["account"]]
    account = ours["account"] if random.random() < 0.93 else random.choice(other)
    due, back, (home, low, high) = ours["amount"], ours["refunded_amount"], HOME[account]
    near = (due + 7, due + 10, due - 10, due + 11, due + due // 100, due + due // 100 + 1)
    amount = due if random.random() < 0.6 else random.choice((*near, due * 10, due // 2, due * 100, due // 100))
    amount = max(0, amount)
    after = random.choice((SECOND, 5 * MINUTE, 2 * HOUR, 72 * HOUR, 72 * HOUR + SECOND, -5 * MINUTE))
    made = min(ours["created_at"] + after, AS_OF)
    state, method = pick(random, STATES), pick(random, WAYS)
    brand = random.choice(("Visa", *SHORT_BRANDS)) if method == "card" else None
    paid = max(made, AS_OF - random.choice((30 * MINUTE - SECOND, 30 * MINUTE, 30 * MINUTE + SECOND, 400 * DAY)))
    if random.random() < (0.5 if ours["status"] == "refund_requested" else 0.1):  # at an edge of its refund window
        days = 160 if brand in SHORT_BRANDS else METHODS[method][3] or 100
        edge = random.choice((-SECOND, 0 * SECOND, SECOND, 14 * DAY, 14 * DAY + SECOND))
        paid = made = AS_OF - days * DAY + edge
    stuck, lapses = AS_OF - 30 * MINUTE, AS_OF + DAY
    expires = random.choice((None, None, made + 7 * DAY, stuck, stuck - SECOND, lapses, lapses + SECOND))
    status = {"voided": "successful", "authorised": "pending"}.get(state, state)
    whole = amount if status != "successful" or random.random() < 0.88 else random.choice((amount * 2, amount * 1000))
    gone = pick(random, {0: 5, back: 3, amount: 2, amount // 3: 1, amount + 1: 0.3}) if state == "successful" else 0
    currency = home if random.random() < 0.92 else random.choice(("USD", "JPY"))
    funding = amount if currency == home else amount * RATE[currency] // RATE[home]
    if currency != home and random.random() < 0.5:
        funding = random.choice((low - 1, low, high, high + 1))
    return {
        **charge(id, None, whole, status=status, created_at=made, method=method, account=account, currency=currency),
        "captured_amount": amount if status == "successful" or random.random() < 0.5 else None,
        "funding_amount": funding,
        "funding_currency": home,
        "description": None,
        "link": None,
        "schedule": None,
        "card_brand": brand,
        "paid_at": paid if status == "successful" else None,
        "expires_at": expires,
        "authorized": state in ("successful", "voided", "authorised"),
        "voided": state == "voided",
        "refunded_amount": amount if state == "voided" else gone,
        "was_failed": random.random() < 0.05,
    }


def random_parts(random: Random, world: World, row: Row) -> None:
    """Refunds of a charge, pending or many, and its disputes."""
    id, gone = row["charge_id"], row["refunded_amount"]
    fields = {"account": row["account"], "currency": row["currency"]}
    if gone and not row["voided"] and random.random() < 0.5:
        waits = {"status": "pending", "created_at": AS_OF - random.randrange(5, 10) * DAY}
        world.refunds.append(refund(f"rfnd_{id}", id, gone, **fields, **waits))
    for n in range(random.choice((12, 13, 14, 15)) if random.random() < 0.05 else 0):
        ending = {"status": random.choice(("closed", "closed", "pending", "failed")), "created_at": AS_OF - 2 * DAY}
        world.refunds.append(refund(f"rfnd_{id}_{n}", id, 1, **fields, **ending))
    rest = max(0, (row["captured_amount"] or 0) - gone)
    if row["status"] != "successful" or not rest or random.random() > 0.2:
        return
    for n in range(random.choice((1, 1, 2))):
        part = random.choice((rest, rest // 3)) or rest
        status = random.choice(("open", "pending", "won", "lost", "lost"))
        world.disputes.append(
            dispute(f"dspt_{id}_{n}", id, part, status=status, created_at=AS_OF - 2 * DAY, **fields)
        )
        rest -= part
        if not rest:
            return


def product(world: World) -> set[tuple[str, str]]:
    """What the rules say of it; judging all cases must find what judging the triaged ones finds."""
    tolerance = Tolerance(world.absolute, {currency: by * 10_000 for currency, by in world.percent.items()})
    split = frozenset({"split"})
    using = context(world.seen, split_sources=split, tolerance=tolerance, settle=world.settle)
    using = replace(using, without_orders=WithoutOrders(frozenset({"link", "schedule"})))
    live = {name: begins.date() for name, begins in world.begins.items()}
    accounts = {name: replace(one, go_live=live.get(name)) for name, one in ACCOUNTS.items()}
    job = Job(MatchSettings(tolerance=tolerance, split_sources=split), using, accounts=accounts)
    parts = {"refunds": world.refunds, "disputes": world.disputes}
    few, every = job.triaged(books(world.orders, world.charges, world.seen, **parts), False, True)
    found, same = (list(find_breaks(judged, using, RULES)) for judged in (few, every))
    assert sorted(one.id for one in found) == sorted(one.id for one in same), "triage hides a break"
    return {(one.code, f"{one.account} {one.subject_id}") for one in found}


def test_both_judges_say_the_same() -> None:
    told: set[str] = set()
    for seed in range(WORLDS):
        world = random_world(seed)
        raised = product(world)
        assert raised == plain_reading(world), f"world {seed}: {world}"
        told |= {code for code, _ in raised}
    assert told == CODES, "a world of silence proves nothing"
