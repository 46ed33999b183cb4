"""Lives of a small merchant, night by night, beside a plain reading of what is there after each night.

Orders are sent again with other amounts, states and refunds, charges are paid late, refunded, voided and disputed;
each night is of one day, and what is open after it must be what the naive judge says of all that is known by then.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from jobs.run.opening.store import open_ready_store
from recon import columns as c
from recon.rules import RULE_OF
from recon.store.versions.save import save_objects
from tests.kit.books import HOUR, charge, order
from tests.kit.clocks import dispute, refund
from tests.kit.plain_orders import World, plain_reading
from tests.kit.small_merchant import DAY, MIDNIGHT, MINUTE, merchant, night, open_breaks
from tests.kit.store_samples import row

pytestmark = pytest.mark.proof
HEADER = "order_id,amount,currency,status,created_at,refunded_amount,charge_id"
GROUPS = ("Order and charge", "Charge alone", "Refunds", "Disputes and data")
KINDS = ("amount", "status", "back", "again", "pay", "refund", "void", "dispute")
LIVES, NIGHTS = 8, 5
Fields = dict[str, Any]


class Life:
    """A merchant whose shop and payments change by chance."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = Random(seed)
        self.folder = folder
        self.config = merchant(folder, "")
        self.orders: list[Fields] = []
        self.charges: list[Fields] = []
        self.refunds: list[Fields] = []
        self.disputes: list[Fields] = []
        self.seen: dict[str, str] = {}  # status by charge, as the last night saw it

    def order(self, morning: datetime) -> None:
        """An order of a day, mostly with its charge, which a name or nothing but its sum says."""
        random = self.random
        made = morning + random.choice((0, 3, 12, 22)) * HOUR + random.choice((0, 30, 59)) * MINUTE
        status = random.choice(("paid", "paid", "paid", "pending", "pending", "cancelled"))
        ours = {**order(f"A-{len(self.orders)}", 0, status, created_at=made), "customer": None, "charge_id": None}
        ours |= {"named": random.choice(("order_ref", "order_ref", "description", "")), "number": len(self.orders)}
        ours["amount"] = self.sum(ours)
        self.orders.append(ours)
        for _ in range(random.choice((0, 1, 1, 1, 1, 2 if ours["named"] else 1))):
            self.charge(ours, made + random.choice((1, 5, 20, 20 * 60)) * MINUTE)

    def sum(self, ours: Fields) -> int:
        """Without a name no two orders are over the same: a night keeps what an earlier one linked by its sum."""
        return int(self.random.choice((10_000, 40_000)) + (0 if ours["named"] else 13 * (ours["number"] + 1)))

    def charge(self, ours: Fields, at: datetime) -> None:
        random = self.random
        amount = random.choice((*[ours["amount"]] * 8, ours["amount"] + 700, ours["amount"] * 10)) or 5_000
        status = random.choice(("successful",) * 7 + ("pending",) * 5 + ("failed", "failed", "expired"))
        theirs = {**charge(f"chrg_{len(self.charges)}", None, amount, status=status, created_at=at)}
        theirs |= {"customer": None, "link": None, "schedule": None, "was_failed": False, "card_brand": "Visa"}
        theirs |= {"description": None, "method": random.choice(("card", "card", "kakaopay", "promptpay"))}
        theirs |= {ours["named"]: ours["order_id"]} if ours["named"] else {}
        self.charges.append(theirs | {"expires_at": at + random.choice((DAY, 7 * DAY))})

    def change(self, now: datetime) -> None:
        """Something of an order or of a charge that was there the night before."""
        random = self.random
        ours = random.choice(self.orders)
        known = [row for row in self.charges if row["charge_id"] in self.seen]
        kind = random.choice((*KINDS, "status", "pay", "pay", "pay"))
        if kind == "amount":
            ours["amount"] = random.choice((self.sum(ours), self.sum(ours), ours["amount"] + 700, 0))
        elif kind == "status":
            ours["status"] = random.choice(("paid", "cancelled", "refunded", "refund_requested", "pending"))
        elif kind == "back":
            ours["refunded_amount"] = random.choice((0, ours["amount"], ours["amount"] // 4))
        elif kind == "again" and ours["named"]:
            self.charge(ours, now - random.choice((2, 3, 20)) * HOUR)
        elif known:
            self.move(kind, random.choice(known), now)

    def move(self, kind: str, theirs: Fields, now: datetime) -> None:
        random = self.random
        taken = theirs["status"] == "successful" and not theirs["voided"]
        left = theirs["amount"] - theirs["refunded_amount"]
        at = max(now - HOUR, theirs["created_at"])
        if kind == "pay" and theirs["status"] != "successful":
            theirs["was_failed"] = self.seen[theirs["charge_id"]] in ("failed", "expired")
            paid = max(now - random.choice((10 * MINUTE, 20 * MINUTE, 3 * HOUR)), theirs["created_at"])
            theirs |= {"status": "successful", "paid_at": paid, "captured_amount": theirs["amount"]}
        elif kind == "void" and taken and left == theirs["amount"]:
            theirs |= {"voided": True, "refunded_amount": left}
        elif kind == "refund" and taken and left:
            part = random.choice((left, left // 4 or left))
            theirs["refunded_amount"] += part
            made = {"status": random.choice(("closed", "pending")), "created_at": at}
            self.refunds.append({**refund(f"rfnd_{len(self.refunds)}", theirs["charge_id"], part, **made)})
        elif kind == "dispute" and taken:
            own = [one for one in self.disputes if one["charge_id"] == theirs["charge_id"]]
            if own:
                own[0]["status"] = random.choice(("lost", "won"))
            elif left:
                id = f"dspt_{len(self.disputes)}"
                self.disputes.append({**dispute(id, theirs["charge_id"], left, created_at=at)})

    def say(self, now: datetime) -> None:
        """The shop's file, and Omise's objects, as they are."""
        lines = [
            f"{ours['order_id']},{ours['amount'] / 100:.2f},THB,{ours['status']},{ours['created_at'].isoformat()},"
            f"{ours['refunded_amount'] / 100:.2f},"
            for ours in self.orders
        ]
        (self.folder / "orders.csv").write_text("\n".join((HEADER, *lines, "")), encoding="utf-8")
        store = open_ready_store(self.config)
        for kind, rows in (("charge", self.arrived(now)), ("refund", self.refunds), ("dispute", self.disputes)):
            names = c.KINDS[kind].names[1:]
            of_kind = [row(kind, one[f"{kind}_id"], **_values(one, names)) for one in rows]
            save_objects(store, "th", kind, of_kind, now - MINUTE)
        store.dispose()
        self.seen |= {one["charge_id"]: one["status"] for one in self.arrived(now)}

    def arrived(self, now: datetime) -> list[Fields]:
        return [one for one in self.charges if one["created_at"] < now]

    def world(self, now: datetime) -> World:
        """What is known, as the naive judge takes it."""
        charges = sorted(self.arrived(now), key=lambda one: (one["created_at"], one["charge_id"]))
        return World([*self.orders], [*charges], [*self.refunds], [*self.disputes], seen=now)


def _values(one: Fields, names: list[str]) -> Fields:
    """Of an object what the store's columns have; the order that it names stands in its metadata."""
    values = {name: one[name] for name in names if name in one}
    named = one.get("order_ref")
    return values | ({"metadata": json.dumps({"order_id": named})} if named else {})


@pytest.mark.parametrize("part", range(5))
async def test_each_night_leaves_open_what_is_wrong_by_then(tmp_path: Path, part: int) -> None:
    for seed in range(LIVES * part, LIVES * part + LIVES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        life = Life(folder, seed)
        for number in range(NIGHTS):
            morning = MIDNIGHT + number * DAY
            now = morning + DAY + life.random.choice((HOUR, 90 * MINUTE)) + timedelta(seconds=1)
            for _ in range(life.random.choice((1, 2))):
                life.order(morning)
            for _ in range(life.random.choice((1, 2, 3, 4, 5)) if number else 0):
                life.change(now)
            life.say(now)
            await night(life.config, now, (morning + 7 * HOUR).date())
            found = {one for one in open_breaks(life.config) if RULE_OF[one.split()[0]].group in GROUPS}
            said = {f"{code} {subject.removeprefix('th ')}" for code, subject in plain_reading(life.world(now))}
            assert found == said, f"life {seed}, night {number}: {life.world(now)}"
