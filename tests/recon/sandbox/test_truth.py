"""The truth of a world is exact: a naive judge, plain loops that share no code with the product, finds just that."""

import csv
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recon.sandbox.server.objects import body
from recon.sandbox.worlds.countries import ACCOUNTS
from recon.sandbox.worlds.world import World, make_world
from tests.kit.naive_settlement import judge_settlement

Row = Mapping[str, str]
Body = Mapping[str, Any]
Found = tuple[str, str, str]  # code, subject type, subject id
Objects = Mapping[str, Mapping[str, list[Body]]]  # kind -> account -> objects

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 8)
CODES = {
    "wrong_account",
    "charge_missing",
    "order_paid_charge_pending",
    "order_paid_charge_failed",
    "order_missing",
    "order_not_marked_paid",
    "order_cancelled_but_charged",
    "duplicate_charge",
    "currency_mismatch",
    "amount_scale_mismatch",
    "amount_mismatch",
    "pending_stuck",
    "order_invalid",
    "authorization_expiring",
    "amount_out_of_limits",
    "method_not_in_region",
    "method_unknown",
    "refund_exceeds_charge",
    "refund_missing",
    "refund_unrecorded",
    "refund_amount_mismatch",
    "refund_not_supported",
    "refund_window_closed",
    "refund_window_closing",
    "refund_overdue",
    "refund_count_limit",
    "dispute_open",
    "dispute_lost",
    "transfer_stuck",
    "transaction_missing",
    "transaction_amount_mismatch",
    "fee_mismatch",
    "fee_vat_mismatch",
    "transaction_unexplained",
    "transfer_failed",
    "transfer_amount_mismatch",
    "bank_credit_missing",
    "bank_amount_mismatch",
    "bank_credit_unexplained",
    "settlement_overdue",
}
GRACE = timedelta(minutes=30)
DECIMALS = {"JPY": 0, "THB": 2, "SGD": 2, "MYR": 2, "USD": 2}
# Of each account: the country's smallest and largest charge, its currency, and the methods that it may meet beside
# cards; by hand from Omise's pages.
COUNTRIES = {
    "th": (
        2_000,
        15_000_000,
        "THB",
        {
            "promptpay",
            "truemoney",
            "kakaopay",
            "mobile_banking_kbank",
            "mobile_banking_scb",
            "rabbit_linepay",
            "installment_kbank",
            "installment_ktc",
        },
    ),
    "sg": (100, 2_000_000, "SGD", {"paynow", "grabpay", "kakaopay", "alipay_hk", "dana"}),
    "jp": (100, 6_000_000, "JPY", {"econtext", "paypay"}),
    "my": (100, 10_000_000, "MYR", {"fpx", "grabpay", "touch_n_go", "duitnow_qr", "boost", "installment_mbb"}),
}
CARDS = {"Visa", "MasterCard", "JCB"}
NO_REFUND = {"promptpay", "mobile_banking_kbank", "mobile_banking_scb", "econtext"}
FULL_ONLY = {"truemoney", "installment_kbank", "installment_ktc", "installment_mbb"}
STATUSES = {"paid", "pending", "cancelled", "refund_requested", "refunded"}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def minor(text: str, currency: str) -> int:
    scaled = Decimal(text) * 10 ** DECIMALS[currency]
    assert scaled == int(scaled)
    return int(scaled)


def readable(row: Row, accounts: Iterable[str]) -> bool:
    try:
        minor(row["amount"], row["currency"])
        minor(row["refunded_amount"], row["currency"])
        year = moment(row["created_at"]).year
    except (ArithmeticError, AssertionError, KeyError, ValueError):
        return False
    return row["account"] in accounts and row["status"] in STATUSES and 2000 <= year < 2100


def judge(rows: list[Row], charges: Mapping[str, list[Body]], as_of: datetime) -> list[Found]:
    """Every break of order, charge and row, by the table of the contract."""
    found: list[Found] = []
    good = [row for row in rows if readable(row, charges)]
    found += [("order_invalid", "row", row["order_id"]) for row in rows if row not in good]
    linked = link(good, charges)
    taken = {charge["id"] for group in linked.values() for _, charge in group}
    stuck = []
    for objects in charges.values():
        for charge in objects:
            if charge["status"] == "successful" and not charge["voided"] and charge["id"] not in taken:
                found.append(("order_missing", "charge", charge["id"]))
            if charge["status"] == "pending" and moment(charge["expires_at"]) + GRACE < as_of:
                stuck.append(charge["id"])
    for row in good:
        if row["payment_method"] == "cod" or minor(row["amount"], row["currency"]) == 0:
            continue
        code = judge_order(row, linked[row["order_id"]], as_of)
        if code == "order_paid_charge_pending":
            stuck = [id for id in stuck if id not in {c["id"] for _, c in linked[row["order_id"]]}]
        if code:
            found.append((code, "order", row["order_id"]))
    return found + [("pending_stuck", "charge", id) for id in stuck]


def judge_clocks(objects: Objects, rows: list[Row], as_of: datetime) -> list[Found]:
    """Every break of clocks, methods, refunds, disputes and transfers; weeks stand for business days."""
    found: list[Found] = []
    good = [row for row in rows if readable(row, objects["charges"]) and row["payment_method"] != "cod"]
    linked = link(good, objects["charges"])
    order_of = {charge["id"]: row for row in good for _, charge in linked[row["order_id"]]}
    for account, charges in objects["charges"].items():
        found += [(code, "charge", c["id"]) for c in charges if (code := judge_charge(c, account, as_of))]
    for refund in itertools.chain(*objects["refunds"].values()):
        if refund["status"] == "pending" and moment(refund["created_at"]) + timedelta(days=14) < as_of:
            found.append(("refund_overdue", "refund", refund["id"]))
    for dispute in itertools.chain(*objects["disputes"].values()):
        if dispute["status"] in ("open", "pending"):
            found.append(("dispute_open", "dispute", dispute["id"]))
        elif dispute["status"] == "lost" and order_of[dispute["charge"]]["status"] == "paid":
            found.append(("dispute_lost", "dispute", dispute["id"]))
    for transfer in itertools.chain(*objects["transfers"].values()):
        if transfer["sent"] and not transfer["paid"] and moment(transfer["sent_at"]) + timedelta(days=9) < as_of:
            found.append(("transfer_stuck", "transfer", transfer["id"]))
    codes = ((row, judge_refunds(row, linked[row["order_id"]], as_of)) for row in good)
    return found + [(code, "order", row["order_id"]) for row, code in codes if code]


def judge_charge(charge: Body, account: str, as_of: datetime) -> str | None:
    paid, method = charge["status"] == "successful", kind_of(charge)
    low, high, currency, methods = COUNTRIES[account]
    if charge["status"] == "pending" and charge["authorized"]:
        return "authorization_expiring" if moment(charge["expires_at"]) - as_of <= timedelta(hours=24) else None
    if method not in methods | CARDS:
        elsewhere = any(method in names for _, _, _, names in COUNTRIES.values())
        return "method_not_in_region" if elsewhere else "method_unknown"
    if paid and charge["currency"] == currency and not low <= charge["amount"] <= high:
        return "amount_out_of_limits"
    if paid and charge["refunded_amount"] > charge["captured_amount"]:
        return "refund_exceeds_charge"
    return "refund_count_limit" if len(charge["refunds"]["data"]) >= 13 else None


def kind_of(charge: Body) -> str:
    return str(charge["source"]["type"] if charge["source"] else charge["card"]["brand"])


def judge_refunds(row: Row, group: list[tuple[str, Body]], as_of: datetime) -> str | None:
    paying = [c for _, c in group if c["status"] == "successful"]
    kept = [c for c in paying if c["refunded_amount"] < c["captured_amount"]]
    if not paying or paying[0]["refunded_amount"] > paying[0]["captured_amount"]:
        return None
    charge = (kept or paying)[0]
    shop, omise = minor(row["refunded_amount"], row["currency"]), charge["refunded_amount"]
    if row["status"] == "refund_requested":
        left = moment(charge["paid_at"]) + timedelta(days=160 if kind_of(charge) == "JCB" else 365) - as_of
        if kind_of(charge) in NO_REFUND or (shop and kind_of(charge) in FULL_ONLY):
            return "refund_not_supported"
        if left < timedelta(days=14):
            return "refund_window_closing" if left >= timedelta(0) else "refund_window_closed"
        return None
    if shop and not omise:
        return "refund_missing"
    if omise and not shop:
        whole = omise >= charge["captured_amount"]
        return None if row["status"] == "cancelled" and whole else "refund_unrecorded"
    return "refund_amount_mismatch" if omise != shop else None


def link(rows: list[Row], charges: Mapping[str, list[Body]]) -> dict[str, list[tuple[str, Body]]]:
    """The charges of every order, in whatever account they stand: by charge id, metadata, description."""
    ids = {row["order_id"] for row in rows}
    by_charge = {row["charge_id"]: row["order_id"] for row in rows if row["charge_id"]}
    found: dict[str, list[tuple[str, Body]]] = defaultdict(list)
    for account, objects in charges.items():
        for charge in objects:
            words = [w.strip(",.") for w in (charge["description"] or "").split()]
            named = [by_charge.get(charge["id"]), charge["metadata"].get("order_id"), *words]
            order = next((n for n in named if n in ids), None)
            if order is not None:
                found[order].append((account, charge))
    return found


def judge_order(row: Row, group: list[tuple[str, Body]], as_of: datetime) -> str | None:
    paying = [(a, c) for a, c in group if c["status"] == "successful" and not c["voided"]]
    kept = [(a, c) for a, c in paying if c["refunded_amount"] < c["captured_amount"]]
    if any(account != row["account"] for account, _ in paying):
        return "wrong_account"
    if row["status"] in ("paid", "refunded") and not group:
        return "charge_missing"
    if row["status"] == "paid" and not paying:
        pending = any(c["status"] == "pending" for _, c in group)
        return "order_paid_charge_pending" if pending else "order_paid_charge_failed"
    if row["status"] == "pending" and any(moment(c["paid_at"]) + GRACE < as_of for _, c in paying):
        return "order_not_marked_paid"
    if row["status"] == "cancelled" and kept:
        return "order_cancelled_but_charged"
    if len(kept) > 1:
        return "duplicate_charge"
    if row["status"] in ("paid", "refunded", "refund_requested", "pending"):
        for _, charge in (kept or paying)[:1]:
            return judge_money(row, charge)
    return None


def judge_money(row: Row, charge: Body) -> str | None:
    ordered, charged = minor(row["amount"], row["currency"]), charge["captured_amount"]
    if row["currency"] != charge["currency"]:
        return "currency_mismatch"
    if ordered == charged:
        return None
    ratio = Decimal(max(ordered, charged)) / Decimal(min(ordered, charged))
    return "amount_scale_mismatch" if ratio.normalize().as_tuple().digits == (1,) else "amount_mismatch"


def judge_all(world: World, folder: Path) -> list[Found]:
    """Both judges on a world at its moment of truth."""
    rows = rows_of(world, folder)
    kinds = ("charges", "refunds", "disputes", "transfers", "transactions")
    objects = {kind: served(world, kind, world.as_of) for kind in kinds}
    orders = judge(rows, objects["charges"], world.as_of) + judge_clocks(objects, rows, world.as_of)
    return orders + judge_settlement(objects, world, folder)


def rows_of(world: World, folder: Path) -> list[Mapping[str, str]]:
    found: list[Mapping[str, str]] = []
    for path in world.write_orders(folder):
        with path.open(encoding="utf-8", newline="") as file:
            found += list(csv.DictReader(file))
    return found


def served(world: World, kind: str, at: datetime) -> dict[str, list[Mapping[str, Any]]]:
    now = int(at.timestamp())
    return {
        name: [body(row, now) for row in books.kinds()[kind] if row.created <= now]
        for name, books in world.books.items()
    }


@pytest.mark.parametrize("seed", range(20))
def test_a_naive_judge_finds_exactly_the_truth(seed: int, tmp_path: Path) -> None:
    world = make_world(seed, FIRST, LAST, 500)
    found = judge_all(world, tmp_path)
    assert Counter(found) == Counter((p.code, p.subject_type, p.subject_id) for p in world.truth)


def test_every_code_is_planted_in_every_account() -> None:
    world = make_world(7, FIRST, LAST, 2_000)
    planted = {(p.account, p.code) for p in world.truth}
    rare = {("sg", "refund_not_supported"), ("th", "settlement_overdue"), ("sg", "settlement_overdue")}
    assert planted >= {(name, code) for name in ACCOUNTS for code in CODES} - rare
    assert {p.code for p in world.truth} == CODES


def test_what_turned_successful_late_is_known_to_who_looked_before() -> None:
    for seed in range(5):
        world = make_world(seed, FIRST, LAST, 400)
        before = served(world, "charges", world.first_look)
        failed = {c["id"] for rows in before.values() for c in rows if c["status"] in ("failed", "expired")}
        now = {c["id"]: c["status"] for rows in served(world, "charges", world.as_of).values() for c in rows}
        assert {p.subject_id for p in world.truth_since_first_look} == {
            id for id in failed if now[id] == "successful"
        }
        assert {p.account for p in world.truth_since_first_look} == set(ACCOUNTS)


def test_a_live_world_has_receipts_that_add_up_and_one_balance_that_comes_off() -> None:
    world, plain = make_world(5, FIRST, LAST, 400, live=True), make_world(5, FIRST, LAST, 400)
    assert [(p.code, p.subject_id) for p in world.truth] == [(p.code, p.subject_id) for p in plain.truth]
    (off,) = [p for p in world.truth_since_first_look if p.code == "balance_mismatch"]
    assert [name for name, books in world.books.items() if books.balance_error != (0, 0)] == [off.account]
    assert all(not books.receipts for books in plain.books.values())
    for name, receipts in served(world, "receipts", world.as_of).items():
        rate = ACCOUNTS[name].vat_rate
        assert receipts
        assert all(r["total"] == r["subtotal"] + r["vat"] for r in receipts)
        assert all(abs(r["vat"] * 10_000 - r["subtotal"] * rate) <= 5_000 for r in receipts)


def test_nothing_is_planted_when_not_asked(tmp_path: Path) -> None:
    world = make_world(3, FIRST, LAST, 400, plant=False)
    assert world.truth == ()
    assert judge_all(world, tmp_path) == []


def test_one_account_alone_has_no_wrong_account() -> None:
    world = make_world(3, FIRST, LAST, 200, accounts=("jp",))
    assert {p.code for p in world.truth} == CODES - {"wrong_account"}


def test_more_orders_have_more_breaks_but_slowly() -> None:
    small, large = (make_world(1, FIRST, LAST, n, accounts=("th",)) for n in (200, 9_000))
    assert len(small.truth) < len(large.truth) < 5 * len(small.truth)
