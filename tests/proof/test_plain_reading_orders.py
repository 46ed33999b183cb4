"""A second, naive judge of orders, charges and refunds, from the contract's sentences alone, beside the product's.

Small random worlds are put before both; what each says must be the same. It shares nothing with the rules but the
rows; figures of the rule book that it needs are written out here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from recon.rules import CATALOGUE
from tests.kit.books import AS_OF, DAY, HOUR, MINUTE, Row, charge, order
from tests.kit.clocks import SECOND, ZONES, breaks, context, refund

pytestmark = pytest.mark.proof
WORLDS = 500
GROUPS = ("Order and charge", "Charge alone", "Refunds")
CODES = {rule.code for rule in CATALOGUE if rule.group in GROUPS}
EXPECTING = ("paid", "refunded", "refund_requested")
DEAD = ("failed", "expired", "reversed")
HOME = {"th": ("THB", 2_000, 15_000_000), "sg": ("SGD", 100, 2_000_000)}  # the country's limits
# Per method: where it is, when a charge of it ends, what it can refund, and for how many days after it was paid.
METHODS: dict[str, tuple[str, timedelta | None, str, int | None]] = {
    "card": ("th sg", 7 * DAY, "partial", 365),
    "kakaopay": ("th sg", 10 * MINUTE, "partial", 365),
    "promptpay": ("th", 24 * HOUR, "none", None),
    "truemoney": ("th", None, "full", 30),
    "newpay": ("", None, "", None),
}
THAI_HOLIDAYS = ("2026-10-13", "2026-10-23")
Said = set[tuple[str, str]]


@dataclass
class World:
    """Rows, and which charges are which order's; `seen` is the moment."""

    orders: Sequence[Row]
    charges: Sequence[Row]
    refunds: Sequence[Row]
    seen: datetime = AS_OF

    @cached_property
    def links(self) -> dict[str, list[Row]]:
        """By order: its own charge by id, what names it, then another account's, then the only pair by amount."""
        links: dict[str, list[Row]] = {row["order_id"]: [] for row in self.orders}
        free = list(self.charges)

        def give(fits: Callable[[Row, Row], bool], *, unpaid: bool = False, only: bool = False) -> None:
            open_orders = [row for row in self.orders if not (unpaid and any(map(took, links[row["order_id"]])))]
            pairs = [(ours, theirs) for theirs in free for ours in open_orders if fits(ours, theirs)]
            for ours, theirs in pairs:
                alone = sum(ours is other or theirs is charged for other, charged in pairs) == 1
                if theirs in free and (alone or not only):
                    links[ours["order_id"]].append(theirs)
                    free.remove(theirs)

        give(lambda ours, theirs: own(ours, theirs) and ours["charge_id"] == theirs["charge_id"])
        give(lambda ours, theirs: own(ours, theirs) and ours["order_id"] == theirs["order_ref"])
        give(lambda ours, theirs: own(ours, theirs) and ours["order_id"] in (theirs["description"] or "").split())
        give(lambda ours, theirs: took(theirs) and ours["charge_id"] == theirs["charge_id"], unpaid=True)
        give(
            lambda ours, theirs: (
                took(theirs)
                and ours["order_id"] == theirs["order_ref"]
                and (pays(ours, theirs) or (ours["currency"] != theirs["currency"] and near(ours, theirs)))
            ),
            unpaid=True,
            only=True,
        )
        for agreeing in (True, False):  # first the pairs whose states agree
            nameless = {row["order_id"] for row in self.orders if not links[row["order_id"]]}

            def fits(ours: Row, theirs: Row, nameless: set[str] = nameless, agreeing: bool = agreeing) -> bool:
                if ours["order_id"] not in nameless or ours["charge_id"] or theirs["order_ref"]:
                    return False
                if theirs["status"] != "successful" or not own(ours, theirs) or theirs["description"]:
                    return False
                return pays(ours, theirs) and near(ours, theirs) and (not agreeing or agree(ours, theirs))

            give(fits, only=True)
            for ours in self.orders:
                candidates = [theirs for theirs in free if fits(ours, theirs)]
                if candidates and ours["status"] in EXPECTING and not links[ours["order_id"]]:
                    self.ambiguous.setdefault(ours["order_id"], candidates)
            free = [theirs for theirs in free if theirs not in self.contested]
        return links

    @cached_property
    def ambiguous(self) -> dict[str, list[Row]]:
        """By order its equally good charges."""
        return {}

    @property
    def contested(self) -> list[Row]:
        return [row for rows in self.ambiguous.values() for row in rows]


def own(ours: Row, theirs: Row) -> bool:
    return bool(ours["account"] == theirs["account"])


def took(row: Row) -> bool:
    return row["status"] == "successful" and not row["voided"]


def left(row: Row) -> int:
    return max(0, captured(row) - int(row["refunded_amount"]))


def captured(row: Row) -> int:
    return int(row["amount"] if row["captured_amount"] is None else row["captured_amount"])


def pays(ours: Row, theirs: Row) -> bool:
    return bool(ours["currency"] == theirs["currency"] and ours["amount"] == captured(theirs))


def near(ours: Row, theirs: Row) -> bool:
    return bool(abs(ours["created_at"] - theirs["created_at"]) <= 72 * HOUR)


def back_at_shop(ours: Row) -> int:
    unsaid = ours["status"] == "refunded" and not ours["refunded_amount"]
    return int(ours["amount"] if unsaid else ours["refunded_amount"])


def agree(ours: Row, theirs: Row) -> bool:
    if ours["status"] == "cancelled":
        return not left(theirs)
    return ours["status"] in EXPECTING and back_at_shop(ours) == theirs["refunded_amount"]


def power_of_ten(one: int, other: int) -> bool:
    small, large = sorted((one, other))
    while 0 < small < large:
        small *= 10
    return one != other and small == large


def plain_reading(world: World) -> Said:
    """What the contract says of a world."""
    links, linked = world.links, [row for rows in world.links.values() for row in rows]
    said: Said = set()
    told_pending: list[Row] = []
    for ours in world.orders:
        code = of_order(world, ours, links[ours["order_id"]])
        said |= {(code, ours["order_id"])} if code else set()
        told_pending += links[ours["order_id"]] if code == "order_paid_charge_pending" else []
    for theirs in world.charges:
        if took(theirs) and theirs not in linked and theirs not in world.contested:
            said |= {("order_missing", theirs["charge_id"])} if world.seen - theirs["paid_at"] >= HOUR else set()
    said |= set(of_charges(world, told_pending))
    for ours in world.orders:
        if ours["order_id"] not in world.ambiguous:
            said |= of_refunds(world, ours, links[ours["order_id"]])
    return said.union(*(of_refunds(world, None, [row]) for row in world.charges if row not in linked))


def of_order(world: World, ours: Row, charges: list[Row]) -> str:
    """Of the group "Order and charge" the first that applies."""
    good = [row for row in charges if took(row)]
    holding = [row for row in good if left(row)]
    expects = ours["status"] in EXPECTING
    if good and not any(own(ours, row) for row in good):
        return "wrong_account"
    if ours["order_id"] in world.ambiguous:
        return "match_ambiguous"
    if expects and not charges:
        return "charge_missing" if world.seen - ours["created_at"] >= HOUR else ""
    if expects and not good and any(row["status"] == "pending" for row in charges):
        return "order_paid_charge_pending"
    if expects and not good:
        refunding = ours["status"] != "paid" and any(row["voided"] for row in charges)
        return "" if refunding else "order_paid_charge_failed"
    if ours["status"] == "pending" and good and world.seen > (holding or good)[0]["paid_at"] + 30 * MINUTE:
        return "order_not_marked_paid"
    if ours["status"] == "cancelled" and holding:
        return "order_cancelled_but_charged"
    return of_sums(ours, good, holding) if expects else ""


def of_sums(ours: Row, good: list[Row], holding: list[Row]) -> str:
    split, total = ours["source"] == "split", sum(map(captured, holding))
    if len(holding) > 1 and any(pays(ours, row) for row in holding) and not (split and total == ours["amount"]):
        return "duplicate_charge"
    if split:
        counted = good if sum(map(captured, good)) == ours["amount"] else holding or good
    else:
        gone = good if back_at_shop(ours) >= ours["amount"] or not holding else []
        counted = [row for row in (*holding, *gone) if pays(ours, row)][:1] or holding or good
    if any(row["currency"] != ours["currency"] for row in counted):
        return "currency_mismatch"
    sums = [sum(map(captured, counted))] if split else [captured(row) for row in counted]
    if sums == [ours["amount"]]:
        return ""
    scaled = any(power_of_ten(ours["amount"], taken) for taken in sums) and sum(sums) != ours["amount"]
    return "amount_scale_mismatch" if scaled else "amount_mismatch"


def of_charges(world: World, told_pending: list[Row]) -> Iterator[tuple[str, str]]:
    """Of the group "Charge alone" the first that applies to each charge; of strange methods one for each account."""
    strange: set[tuple[str, str]] = set()
    for row in sorted(world.charges, key=lambda row: (row["created_at"], row["charge_id"])):
        place, ends_after, *_ = METHODS[row["method"]]
        here = row["account"] in place
        ends: datetime | None = row["expires_at"]
        if ends is None and here and ends_after:
            ends = row["created_at"] + ends_after
        currency, low, high = HOME[row["account"]]
        high = 10_000_000 if row["method"] == "truemoney" else high
        known = here and row["currency"] == currency and row["status"] == "successful"
        late = world.seen - ends if ends and row["status"] == "pending" else None
        if late is not None and late > 30 * MINUTE and row not in told_pending:
            yield "pending_stuck", row["charge_id"]
        elif late is not None and row["authorized"] and -DAY <= late <= 30 * MINUTE:
            yield "authorization_expiring", row["charge_id"]
        elif row["was_failed"] and row["status"] == "successful":
            yield "late_success", row["charge_id"]
        elif known and not low <= row["amount"] <= high:
            yield "amount_out_of_limits", row["charge_id"]
        elif not here and (row["account"], row["method"]) not in strange:
            strange.add((row["account"], row["method"]))
            yield "method_not_in_region" if place else "method_unknown", row["charge_id"]


def of_refunds(world: World, ours: Row | None, charges: list[Row]) -> Said:
    """Of the group "Refunds" the first that applies."""
    over = {row["charge_id"] for row in charges if took(row) and row["refunded_amount"] > captured(row)}
    code = of_order_refund(world, ours, charges) if ours and not over else ""
    if ours and code:
        return {(code, ours["order_id"])}
    parts = [part for part in world.refunds if part["charge_id"] in {row["charge_id"] for row in charges} - over]
    late = {("refund_overdue", part["refund_id"]) for part in parts if is_late(part, world.seen)}
    return {("refund_exceeds_charge", name) for name in over} | late


def is_late(part: Row, seen: datetime) -> bool:
    """Still pending when its fifth business day is over."""
    day = part["created_at"].astimezone(ZoneInfo(ZONES[part["account"]][1])).replace(hour=0, minute=0, second=0)
    days = 0
    while days < 5:
        day += DAY
        days += day.weekday() < 5 and not (part["account"] == "th" and day.date().isoformat() in THAI_HOLIDAYS)
    return bool(part["status"] == "pending" and seen > day + DAY)


def of_order_refund(world: World, ours: Row, charges: list[Row]) -> str:
    status, shop = ours["status"], back_at_shop(ours)
    good = [row for row in charges if took(row)]
    if not good and status in ("refunded", "refund_requested", "cancelled"):
        good = [row for row in charges if row["status"] == "successful"]
    payers = [row for row in good if left(row)] or good
    whole = [rows for rows in (good, payers) if sum(map(captured, rows)) == ours["amount"]]
    if ours["source"] == "split" and (whole or not any(pays(ours, row) for row in payers)):
        payers = (whole or [payers])[0]
    else:
        doubts = [
            (not pays(ours, r), r["charge_id"] != ours["charge_id"], r["refunded_amount"] != shop) for r in payers
        ]
        payers = [payers[doubts.index(min(doubts))]] if payers else []
    omise = sum(row["refunded_amount"] for row in payers)
    same = all(row["currency"] == ours["currency"] for row in payers)
    if shop and not omise and status != "refund_requested" and (payers or status not in EXPECTING):
        return "refund_missing" if charges or world.seen - ours["created_at"] >= HOUR else ""
    if omise and not shop:
        return "" if status == "cancelled" and not any(map(left, payers)) else "refund_unrecorded"
    if omise and shop and same and omise != shop:
        return "refund_amount_mismatch"
    held = [row for row in payers if took(row) and left(row)]
    if status != "refund_requested" or not held:
        return ""
    place, _, can, days = METHODS[held[0]["method"]]
    in_part = same and omise < shop < omise + left(held[0])
    if held[0]["account"] in place and not omise and (can == "none" or (can == "full" and in_part)):
        return "refund_not_supported"
    if days is None or held[0]["account"] not in place:
        return ""
    end = held[0]["paid_at"] + days * DAY
    return "refund_window_closed" if world.seen > end else "refund_window_closing" * (world.seen >= end - 14 * DAY)


STATES = {"successful": 10, "pending": 2, "failed": 2, "expired": 1, "reversed": 1, "voided": 1, "authorised": 1}


def pick(random: Random, weights: Mapping[Any, float]) -> Any:
    return random.choices(list(weights), list(weights.values()))[0]


def random_world(seed: int) -> World:
    """Up to three orders and their charges: well named or not, of other sums, refunded or not, close to an edge."""
    random = Random(seed)
    orders: list[Row] = []
    charges: list[Row] = []
    refunds: list[Row] = []
    for at in range(random.choice((1, 2, 2, 3))):
        account = random.choice(("th", "th", "sg"))
        amount = random.choice((10_000, 10_000, 40_000))
        made = AS_OF - random.choice((HOUR - SECOND, HOUR, 3 * HOUR, 30 * DAY, *(DAY * n for n in range(1, 6))))
        status = pick(random, {"paid": 9, "pending": 4, "cancelled": 3, "refunded": 3, "refund_requested": 4})
        back = pick(random, {0: 6, amount: 2, amount // 4: 2}) if status != "pending" else 0
        name = random.choice(("metadata", "metadata", "metadata", "description", "nothing", "charge id"))
        first = len(charges)
        for _ in range(random.choice((0, 1, 1, 1, 1, 2, 2, 3))):
            row, parts = random_charge(random, len(charges), account, amount, made, back)
            named = {"metadata": {"order_ref": f"A-{at}"}, "description": {"description": f"Order A-{at}"}}
            charges.append({**row, **named.get(name, {})})
            refunds += parts
        own_id = f"chrg_{first}" if name == "charge id" and len(charges) > first else None
        ours = order(f"A-{at}", amount, status, account=account, currency=HOME[account][0], created_at=made)
        source = random.choice(("shop", "shop", "split"))
        orders.append({**ours, "refunded_amount": back, "charge_id": own_id, "source": source})
    charges.sort(key=lambda row: (row["account"], row["created_at"], row["charge_id"]))  # as the store gives them
    return World(orders, charges, refunds)


def random_charge(
    random: Random, number: int, account: str, amount: int, made: datetime, back: int
) -> tuple[Row, list[Row]]:
    """A charge for an order, now and then of another account, sum or currency, and its refunds."""
    account = account if random.random() < 0.93 else {"th": "sg", "sg": "th"}[account]
    sums = {amount: 12, amount + 7: 1, amount * 10: 1, amount // 2: 2, amount * 100: 0.5, amount // 100: 0.5}
    amount = pick(random, sums)
    made = min(made + random.choice((SECOND, 5 * MINUTE, 2 * HOUR, 72 * HOUR, 72 * HOUR + SECOND)), AS_OF)
    state = pick(random, STATES)
    method = pick(random, {"card": 6, "kakaopay": 2, "promptpay": 1, "truemoney": 1, "newpay": 0.5})
    window = (METHODS[method][3] or 100) * DAY
    paid = max(made, AS_OF - random.choice((30 * MINUTE - SECOND, 30 * MINUTE, 30 * MINUTE + SECOND, 400 * DAY)))
    if random.random() < 0.2:
        paid = made = AS_OF - window + random.choice((-SECOND, 0 * SECOND, 14 * DAY, 14 * DAY + SECOND))
    expires = random.choice((None, made + 7 * DAY, AS_OF - 30 * MINUTE, AS_OF - 30 * MINUTE - SECOND, AS_OF + DAY))
    status = {"voided": "successful", "authorised": "pending"}.get(state, state)
    gone = pick(random, {0: 5, back: 3, amount: 2, amount // 3: 1, amount + 1: 0.3}) if state == "successful" else 0
    fields = {"account": account, "currency": HOME[account][0] if random.random() < 0.95 else "USD"}
    row = {
        **charge(f"chrg_{number}", None, amount, status=status, created_at=made, method=method, **fields),
        "description": None,
        "paid_at": paid if status == "successful" else None,
        "expires_at": expires,
        "authorized": state in ("successful", "voided", "authorised"),
        "voided": state == "voided",
        "refunded_amount": amount if state == "voided" else gone,
        "was_failed": random.random() < 0.05,
    }
    if not gone or random.random() < 0.5:
        return row, []
    waits = {"status": "pending", "created_at": AS_OF - random.randrange(5, 10) * DAY}
    return row, [refund(f"rfnd_{number}", f"chrg_{number}", gone, **fields, **waits)]


def test_both_judges_say_the_same() -> None:
    using = context(AS_OF, split_sources=frozenset({"split"}))
    told: set[str] = set()
    for seed in range(WORLDS):
        world = random_world(seed)
        found = breaks(AS_OF, world.orders, world.charges, using=using, refunds=world.refunds)
        raised = {(one.code, one.subject_id) for one in found if one.code in CODES}
        assert raised == plain_reading(world), f"world {seed}: {world}"
        told |= {code for code, _ in raised}
    assert told == CODES - {"refund_count_limit"}, "a world of silence proves nothing"
