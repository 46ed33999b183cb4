"""A naive judge of orders, charges and refunds, from the contract's sentences alone: loops over rows, no frames.

It shares nothing with the rules but the rows; figures of the rule book that it needs are written out here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from fractions import Fraction
from functools import cached_property, partial
from zoneinfo import ZoneInfo

from tests.kit.books import AS_OF, DAY, HOUR, MINUTE, Row
from tests.kit.clocks import ZONES

EXPECTING = ("paid", "refunded", "refund_requested")
HOME = {"th": ("THB", 2_000, 15_000_000), "sg": ("SGD", 100, 2_000_000), "jp": ("JPY", 100, 6_000_000)}  # limits
# Per method: where it is, when a charge of it ends, what it can refund, and for how many days after it was paid.
METHODS: dict[str, tuple[str, timedelta | None, str, int | None]] = {
    "card": ("th sg jp", 7 * DAY, "partial", 365),
    "kakaopay": ("th sg", 10 * MINUTE, "partial", 365),
    "promptpay": ("th", 24 * HOUR, "none", None),
    "truemoney": ("th", None, "full", 30),
    "rabbit_linepay": ("th", None, "partial", 60),
    "paynow": ("sg", None, "partial", 180),
    "internet_banking_bay": ("th", 24 * HOUR + 5 * MINUTE, "none", None),
    "econtext": ("jp", None, "none", None),
    "newpay": ("", None, "", None),
}
TIGHTER = {"truemoney": (2_000, 10_000_000), "econtext": (200, 49_999)}  # than the country's limits
SHORT_BRANDS = ("JCB", "American Express", "Diners Club")  # 160 days to refund
HOLIDAYS = {"th": ("2026-10-13", "2026-10-23"), "sg": (), "jp": ("2026-10-12",)}
Said = set[tuple[str, str]]


@dataclass
class World:
    """Rows, and which charges are which order's; `seen` is the moment. What is configured stands beside them."""

    orders: list[Row]
    charges: list[Row]
    refunds: list[Row] = field(default_factory=list)
    disputes: list[Row] = field(default_factory=list)
    seen: datetime = AS_OF
    settle: timedelta = HOUR
    absolute: Mapping[str, int] = field(default_factory=dict)  # tolerance, minor units by currency
    percent: Mapping[str, int] = field(default_factory=dict)
    begins: Mapping[str, datetime] = field(default_factory=dict)  # by account the first moment after go-live

    @cached_property
    def links(self) -> dict[str, list[Row]]:
        """By order: its own charge by id, what names it, then another account's, then the only pair by amount."""
        links: dict[str, list[Row]] = {key(row): [] for row in self.orders}
        free = list(self.charges)

        def give(fits: Callable[[Row, Row], bool], *, unpaid: bool = False, only: bool = False) -> None:
            open_orders = [row for row in self.orders if not (unpaid and any(map(took, links[key(row)])))]
            pairs = [(ours, theirs) for theirs in free for ours in open_orders if fits(ours, theirs)]
            for ours, theirs in pairs:
                alone = sum(ours is other or theirs is charged for other, charged in pairs) == 1
                if theirs in free and (alone or not only):
                    links[key(ours)].append(theirs)
                    free.remove(theirs)

        give(lambda ours, theirs: own(ours, theirs) and ours["charge_id"] == theirs["charge_id"])
        give(lambda ours, theirs: own(ours, theirs) and ours["order_id"] == theirs["order_ref"])
        give(lambda ours, theirs: own(ours, theirs) and ours["order_id"] in (theirs["description"] or "").split())
        give(lambda ours, theirs: took(theirs) and ours["charge_id"] == theirs["charge_id"], unpaid=True)
        give(
            lambda ours, theirs: (
                took(theirs)
                and ours["order_id"] == theirs["order_ref"]
                and (self.pays(ours, theirs) or (ours["currency"] != theirs["currency"] and near(ours, theirs)))
            ),
            unpaid=True,
            only=True,
        )
        for same_customer in (True, False):
            for agreeing in (True, False):  # first the pairs whose states agree
                nameless = [row for row in self.orders if not links[key(row)] and key(row) not in self.ambiguous]
                fits = partial(self.fits, nameless, same_customer, agreeing)
                doubts = [(ours, [theirs for theirs in free if fits(ours, theirs)]) for ours in self.orders]
                give(fits, only=True)
                for ours, candidates in doubts:
                    candidates = [row for row in candidates if row in free]
                    if candidates and ours["status"] in EXPECTING and not links[key(ours)]:
                        self.ambiguous.setdefault(key(ours), candidates)
                free = [theirs for theirs in free if theirs not in self.contested]
        return links

    def fits(self, nameless: Sequence[Row], same_customer: bool, agreeing: bool, ours: Row, theirs: Row) -> bool:
        """Whether a pair without names is one by amount, currency and time, and by customers that do not differ."""
        if ours not in nameless or not ours["amount"] or any((ours["charge_id"], theirs["order_ref"])):
            return False
        if theirs["description"] or theirs["status"] != "successful" or not own(ours, theirs):
            return False
        customers = {ours["customer"], theirs["customer"]}
        known = None not in customers
        if (known and len(customers) == 2) or (same_customer and not known):
            return False
        return self.pays(ours, theirs) and near(ours, theirs) and (not agreeing or self.agree(ours, theirs))

    @cached_property
    def ambiguous(self) -> dict[str, list[Row]]:
        """By order its equally good charges."""
        return {}

    @property
    def contested(self) -> list[Row]:
        return [row for rows in self.ambiguous.values() for row in rows]

    def slack(self, ours: Row) -> int:
        part = int(ours["amount"]) * self.percent.get(ours["currency"], 0) // 100
        return max(self.absolute.get(ours["currency"], 0), part)

    def is_close(self, ours: Row, taken: int) -> bool:
        return bool(abs(ours["amount"] - taken) <= self.slack(ours))

    def pays(self, ours: Row, theirs: Row) -> bool:
        return bool(ours["currency"] == theirs["currency"] and self.is_close(ours, captured(theirs)))

    def agree(self, ours: Row, theirs: Row) -> bool:
        all_back = theirs["refunded_amount"] >= captured(theirs)
        if ours["status"] == "cancelled" or (ours["status"] == "refunded" and not ours["refunded_amount"]):
            return bool(all_back)
        return bool(ours["status"] in EXPECTING and ours["refunded_amount"] == theirs["refunded_amount"])

    def lost(self, row: Row) -> int:
        """What a lost dispute took back of a charge."""
        return sum(
            int(one["amount"])
            for one in self.disputes
            if key_of_charge(one) == key_of_charge(row) and one["status"] == "lost"
        )

    def left(self, row: Row) -> int:
        """What neither a refund nor a lost dispute took back."""
        return max(0, captured(row) - int(row["refunded_amount"]) - self.lost(row))

    def is_disputed(self, row: Row) -> bool:
        """Whether a dispute of a charge is not decided: it is the one that is told."""
        of_charge = [one["status"] for one in self.disputes if key_of_charge(one) == key_of_charge(row)]
        return "open" in of_charge or "pending" in of_charge

    def is_since_live(self, row: Row) -> bool:
        """Whether it was made since its account went live."""
        return row["account"] not in self.begins or row["created_at"] >= self.begins[row["account"]]

    def is_judged(self, ours: Row | None, charges: Sequence[Row]) -> bool:
        """Whether any part of a case was made since the account went live."""
        names = [key_of_charge(row) for row in charges]
        parts = [part for part in (*self.refunds, *self.disputes) if key_of_charge(part) in names]
        return any(map(self.is_since_live, [*([ours] if ours else []), *charges, *parts]))

    def order_of(self, theirs: Row) -> Row | None:
        return next((row for row in self.orders if theirs in self.links[key(row)]), None)

    def is_charge_judged(self, theirs: Row) -> bool:
        ours = self.order_of(theirs)
        return self.is_judged(ours, self.links[key(ours)] if ours else [theirs])


def key(ours: Row) -> str:
    return f"{ours['account']} {ours['order_id']}"


def key_of_charge(row: Row) -> str:
    return f"{row['account']} {row['charge_id']}"


def own(ours: Row, theirs: Row) -> bool:
    return bool(ours["account"] == theirs["account"])


def took(row: Row) -> bool:
    return row["status"] == "successful" and not row["voided"]


def captured(row: Row) -> int:
    return int(row["amount"] if row["captured_amount"] is None else row["captured_amount"])


def near(ours: Row, theirs: Row) -> bool:
    return bool(abs(ours["created_at"] - theirs["created_at"]) <= 72 * HOUR)


def back_at_shop(ours: Row) -> int:
    unsaid = ours["status"] == "refunded" and not ours["refunded_amount"]
    return int(ours["amount"] if unsaid else ours["refunded_amount"])


def power_of_ten(one: int, other: int) -> bool:
    small, large = sorted((one, other))
    while 0 < small < large:
        small *= 10
    return one != other and small == large


def plain_reading(world: World) -> Said:
    """What the contract says of a world: each code with the account and the id of its subject."""
    said: Said = set()
    told_pending: list[Row] = []
    idle: list[Row] = []  # charges of orders over nothing, that took nothing either
    for ours in world.orders:
        charges = world.links[key(ours)]
        if not ours["amount"] and not any(took(row) and captured(row) for row in charges):
            idle += charges
        elif world.is_judged(ours, charges):
            code = of_order(world, ours, charges)
            said |= {(code, key(ours))} if code else set()
            told_pending += charges if code == "order_paid_charge_pending" else []
            said |= of_refunds(world, ours, charges) if key(ours) not in world.ambiguous else set()
    for theirs in world.charges:
        if world.order_of(theirs) is None and world.is_charge_judged(theirs):
            said |= of_refunds(world, None, [theirs])
            needs_none = theirs["link"] or theirs["schedule"] or theirs in world.contested
            if took(theirs) and not needs_none and world.is_since_live(theirs):
                old = world.seen - theirs["paid_at"] >= world.settle
                said |= {("order_missing", key_of_charge(theirs))} if old else set()
    return said | set(of_charges(world, told_pending, idle)) | of_disputes(world, idle)


def of_disputes(world: World, idle: list[Row]) -> Said:
    said: Said = set()
    for one in world.disputes:
        (theirs,) = [row for row in world.charges if key_of_charge(row) == key_of_charge(one)]
        ours = world.order_of(theirs)
        subject = f"{one['account']} {one['dispute_id']}"
        if theirs in idle or not world.is_charge_judged(theirs):
            continue
        if one["status"] in ("open", "pending"):
            said.add(("dispute_open", subject))
        elif one["status"] == "lost" and ours and lacks(world, ours) and not world.is_disputed(theirs):
            said.add(("dispute_lost", subject))
    return said


def lacks(world: World, ours: Row) -> bool:
    """Whether the order stands as paid, and no longer is: less is held of it than the shop counts as paid."""
    asks_for_all = ours["status"] == "refund_requested" and not ours["refunded_amount"]
    counts = 0 if ours["status"] not in EXPECTING or asks_for_all else ours["amount"] - back_at_shop(ours)
    good = [row for row in world.links[key(ours)] if took(row)]
    same = all(row["currency"] == ours["currency"] for row in good)
    return counts > 0 and not (
        same and sum(map(world.left, good)) >= counts - world.slack({**ours, "amount": counts})
    )


def of_order(world: World, ours: Row, charges: list[Row]) -> str:
    """Of the group "Order and charge" the first that applies."""
    good = [row for row in charges if took(row)]
    holding = [row for row in good if world.left(row)]
    expects = ours["status"] in EXPECTING
    if good and not any(own(ours, row) for row in good):
        return "wrong_account"
    if key(ours) in world.ambiguous:
        return "match_ambiguous"
    if expects and not charges:
        return "charge_missing" if world.seen - ours["created_at"] >= world.settle else ""
    if expects and not good and any(row["status"] == "pending" for row in charges):
        return "order_paid_charge_pending"
    if expects and not good:
        refunding = ours["status"] != "paid" and any(row["voided"] for row in charges)
        return "" if refunding else "order_paid_charge_failed"
    if ours["status"] == "pending" and good and world.seen > (holding or good)[0]["paid_at"] + 30 * MINUTE:
        return "order_not_marked_paid"
    if ours["status"] == "cancelled" and holding:
        return "order_cancelled_but_charged"
    return of_sums(world, ours, good, holding) if expects else ""


def of_sums(world: World, ours: Row, good: list[Row], holding: list[Row]) -> str:
    split, total = ours["source"] == "split", sum(map(captured, holding))
    if (
        len(holding) > 1
        and any(world.pays(ours, row) for row in holding)
        and not (split and world.is_close(ours, total))
    ):
        return "duplicate_charge"
    if split:
        counted = good if world.is_close(ours, sum(map(captured, good))) else holding or good
    else:
        gone = good if back_at_shop(ours) >= ours["amount"] or not holding else []
        counted = [row for row in (*holding, *gone) if world.pays(ours, row)][:1] or holding or good
    if any(row["currency"] != ours["currency"] for row in counted):
        return "currency_mismatch"
    sums = [sum(map(captured, counted))] if split else [captured(row) for row in counted]
    if len(sums) == 1 and world.is_close(ours, sums[0]):
        return ""
    scaled = any(power_of_ten(ours["amount"], taken) for taken in sums) and not world.is_close(ours, sum(sums))
    return "amount_scale_mismatch" if scaled else "amount_mismatch"


def of_charges(world: World, told_pending: list[Row], idle: list[Row]) -> Iterator[tuple[str, str]]:
    """Of the group "Charge alone" the first that applies to each charge; of strange methods one for each account."""
    strange: set[tuple[str, str]] = set()
    for row in sorted(world.charges, key=lambda row: (row["created_at"], row["charge_id"])):
        place = METHODS[row["method"]][0]
        if not world.is_charge_judged(row):
            continue
        if code := "" if row in idle else of_charge(world, row, told_pending):
            yield code, key_of_charge(row)
        elif row["account"] not in place and (row["account"], row["method"]) not in strange:
            strange.add((row["account"], row["method"]))
            yield "method_not_in_region" if place else "method_unknown", key_of_charge(row)


def of_charge(world: World, row: Row, told_pending: list[Row]) -> str:
    place, ends_after, *_ = METHODS[row["method"]]
    here = row["account"] in place
    ends: datetime | None = row["expires_at"]
    if ends is None and here and ends_after:
        ends = row["created_at"] + (30 * DAY if (row["account"], row["method"]) == ("jp", "card") else ends_after)
    late = world.seen - ends if ends and row["status"] == "pending" else None
    if late is not None and late > 30 * MINUTE and row not in told_pending:
        return "pending_stuck"
    if late is not None and row["authorized"] and -DAY <= late <= 30 * MINUTE:
        return "authorization_expiring"
    if row["was_failed"] and row["status"] == "successful":
        return "late_success"
    return "amount_out_of_limits" if here and row["status"] == "successful" and is_out_of_limits(row) else ""


def is_out_of_limits(row: Row) -> bool:
    """Of the whole amount, in a foreign currency as converted."""
    currency, low, high = HOME[row["account"]]
    low, high = TIGHTER.get(row["method"], (low, high))
    if row["currency"] == currency:
        return not low <= row["amount"] <= high
    if row["funding_currency"] != currency or not row["amount"]:
        return False
    whole = Fraction(row["funding_amount"] * row["amount"], captured(row) or row["amount"])
    return not low <= whole <= high


def of_refunds(world: World, ours: Row | None, charges: list[Row]) -> Said:
    """Of the group "Refunds" the first that applies."""
    over = {key_of_charge(row) for row in charges if took(row) and row["refunded_amount"] > captured(row)}
    code = of_order_refund(world, ours, charges) if ours and not over else ""
    if ours and code:
        return {(code, key(ours))}
    said = {("refund_exceeds_charge", name) for name in over}
    for row in charges:
        parts = [part for part in world.refunds if key_of_charge(part) == key_of_charge(row)]
        late = {
            ("refund_overdue", f"{part['account']} {part['refund_id']}")
            for part in parts
            if is_late(part, world.seen)
        }
        if key_of_charge(row) in over:
            continue
        said |= late
        if not late and sum(part["status"] != "failed" for part in parts) >= 13:
            said.add(("refund_count_limit", key_of_charge(row)))
    return said


def is_late(part: Row, seen: datetime) -> bool:
    """Still pending when its fifth business day is over."""
    zone = ZoneInfo(ZONES[part["account"]][1])
    day = part["created_at"].astimezone(zone).date()
    days = 0
    while days < 5:
        day += DAY
        days += day.weekday() < 5 and day.isoformat() not in HOLIDAYS[part["account"]]
    return bool(part["status"] == "pending" and seen > datetime.combine(day + DAY, time.min, zone))


def of_order_refund(world: World, ours: Row, charges: list[Row]) -> str:
    status, shop = ours["status"], back_at_shop(ours)
    good = [row for row in charges if took(row)]
    if not good and status in ("refunded", "refund_requested", "cancelled"):
        good = [row for row in charges if row["status"] == "successful"]
    payers = [row for row in good if world.left(row)] or good
    whole = [rows for rows in (good, payers) if world.is_close(ours, sum(map(captured, rows)))]
    if ours["source"] == "split" and (whole or not any(world.pays(ours, row) for row in payers)):
        payers = (whole or [payers])[0]
    else:
        doubts = [
            (not world.pays(ours, r), r["charge_id"] != ours["charge_id"], r["refunded_amount"] != shop)
            for r in payers
        ]
        payers = [payers[doubts.index(min(doubts))]] if payers else []
    omise = sum(row["refunded_amount"] for row in payers)
    lost = sum(world.lost(row) for row in payers)
    same = all(row["currency"] == ours["currency"] for row in payers)
    as_due = same and world.is_close(ours, sum(map(captured, payers)))  # all of an amount within the tolerance
    all_back = as_due and bool(payers) and not any(map(world.left, payers)) and shop >= ours["amount"]
    if shop and not omise and status != "refund_requested" and (payers or status not in EXPECTING):
        if lost >= shop or all_back:
            return ""
        return "refund_missing" if charges or world.seen - ours["created_at"] >= world.settle else ""
    if omise and not shop:
        return "" if status == "cancelled" and not any(map(world.left, payers)) else "refund_unrecorded"
    if omise and shop and same and not omise <= shop <= omise + lost and not all_back:
        return "refund_amount_mismatch"
    held = [row for row in payers if took(row) and world.left(row)]
    if status != "refund_requested" or not held:
        return ""
    place, _, can, days = METHODS[held[0]["method"]]
    in_part = same and omise < shop < omise + world.left(held[0]) and not (as_due and shop >= ours["amount"])
    if held[0]["account"] in place and not omise and (can == "none" or (can == "full" and in_part)):
        return "refund_not_supported"
    if days is None or held[0]["account"] not in place:
        return ""
    if held[0]["method"] == "card" and held[0]["card_brand"] in SHORT_BRANDS:
        days = 160
    end = held[0]["paid_at"] + days * DAY
    return "refund_window_closed" if world.seen > end else "refund_window_closing" * (world.seen >= end - 14 * DAY)
