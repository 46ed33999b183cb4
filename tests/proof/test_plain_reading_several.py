"""One charge that pays several orders: nothing that lacks is silent, and nothing that agrees is accused.

The sums alone judge: what the shop may count as kept of its orders against what Omise holds of the charge.
"""

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from tests.kit.books import AS_OF, DAY, MINUTE, Row, charge, order
from tests.kit.clocks import breaks, dispute

pytestmark = pytest.mark.proof
WORLDS = 1_000
EXPECTING = ("paid", "refunded", "refund_requested")
BY_METHOD = {"refund_window_closing", "refund_window_closed", "refund_not_supported", "amount_out_of_limits"}
STATUSES = ("paid",) * 10 + ("pending",) * 4 + ("cancelled",) * 6 + ("refunded",) * 3 + ("refund_requested",) * 3
World = tuple[list[Row], Row, list[Row]]  # orders, their charge, its disputes


def random_world(seed: int) -> World:
    """Two to four orders, a charge for all or for some of them, and what went back of it."""
    random = Random(seed)
    made = AS_OF - 2 * DAY
    orders: list[Row] = []
    for number in range(random.choice((2, 2, 3, 4))):
        amount, status = random.choice((10_000, 20_000, 30_000, 12_345, 7_000, 4_000)), random.choice(STATUSES)
        back = random.choice((0, 0, amount, amount // 4)) if status != "pending" else 0
        fields: dict[str, Any] = {"refunded_amount": back, "created_at": made}
        orders.append(order(f"A-{number}", amount, status, **fields))
    whole = total(orders)
    charged = [ours for ours in orders if ours["status"] in EXPECTING or random.random() < 0.6]
    taken = random.choice((whole, whole, total(charged) or whole, total(charged) or whole, whole + 7, whole * 10))
    state = random.choice(("successful",) * 12 + ("failed", "pending"))
    cancelled = total(ours for ours in charged if ours["status"] == "cancelled")
    said = sum(map(given_back, orders))
    gone = min(taken, random.choice((0, 0, said, said, cancelled, said + cancelled, taken, orders[0]["amount"])))
    ids = ",".join(ours["order_id"] for ours in orders)
    fields = {"status": state, "refunded_amount": gone if state == "successful" else 0, "expires_at": AS_OF + DAY}
    theirs = charge("chrg_1", ids, taken, created_at=made + 5 * MINUTE, **fields)
    lost = random.choice((taken - gone, orders[-1]["amount"]))
    if state != "successful" or random.random() > 0.15 or not 0 < lost <= taken - gone:
        return orders, theirs, []
    return orders, theirs, [dispute(amount=lost, status=random.choice(("lost", "lost", "won")))]


def total(orders: Iterable[Row]) -> int:
    return sum(int(ours["amount"]) for ours in orders)


def given_back(ours: Row) -> int:
    unsaid = ours["status"] == "refunded" and not ours["refunded_amount"]
    return int(ours["amount"] if unsaid else ours["refunded_amount"])


def sums(choices: Iterable[tuple[int, ...]]) -> set[int]:
    """All that one of each may come to."""
    found = {0}
    for some in choices:
        found = {one + other for one in found for other in some}
    return found


def kept(ours: Row) -> tuple[int, ...]:
    """What the shop may count as kept of an order: a refund that is asked for may be made or not."""
    amount, back = int(ours["amount"]), given_back(ours)
    if ours["status"] == "refund_requested":
        return amount - back, amount, *([] if back else [0])
    return (amount - back if ours["status"] in EXPECTING else 0,)


def returned(ours: Row) -> tuple[int, ...]:
    if ours["status"] == "refund_requested":
        return 0, given_back(ours)
    silent = ours["status"] == "cancelled" and not ours["refunded_amount"]
    return (0, int(ours["amount"])) if silent else (given_back(ours),)


def test_what_lacks_is_told_and_what_agrees_is_not() -> None:
    quiet = loud = 0
    for seed in range(WORLDS):
        orders, theirs, disputes = random_world(seed)
        found = {one.code for one in breaks(AS_OF, orders, [theirs], disputes=disputes)} - BY_METHOD
        if theirs["status"] != "successful":
            assert found or not any(ours["status"] in EXPECTING for ours in orders), f"world {seed} is silent"
            continue
        gone = theirs["refunded_amount"] + sum(one["amount"] for one in disputes if one["status"] == "lost")
        agrees = theirs["amount"] - gone in sums(map(kept, orders))
        assert agrees or found, f"world {seed} is silent: {orders}, {theirs}, {disputes}"
        paid = [
            (ours["amount"],) if ours["status"] in EXPECTING or ours["refunded_amount"] else (0, ours["amount"])
            for ours in orders
        ]
        if agrees and theirs["amount"] in sums(paid) and gone in sums(map(returned, orders)):
            assert found <= {"order_not_marked_paid"}, f"world {seed}: {found} {orders}, {theirs}, {disputes}"
            quiet += 1
        loud += not agrees
    assert quiet > WORLDS // 10 < loud, "both sides are asked"
