"""The generator of worlds: the same seed gives the same world, its truth is exact, its money adds up."""

import csv
import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from recon.calendars import days_window
from recon.sandbox.server.objects import body
from recon.sandbox.worlds.countries import ACCOUNTS
from recon.sandbox.worlds.payouts import Ledger
from recon.sandbox.worlds.world import World, make_world
from tests.recon.sandbox.test_truth import link, minor, readable, rows_of, served

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 8)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(7, FIRST, LAST, 2_000)


@pytest.fixture(scope="module")
def clean() -> World:
    """Without planted faults: Omise and the bank make no mistakes here."""
    return make_world(7, FIRST, LAST, 2_000, plant=False)


def test_the_same_seed_gives_the_same_files_and_another_seed_others(tmp_path: Path) -> None:
    def text(seed: int, name: str) -> list[str]:
        world = make_world(seed, FIRST, LAST, 300)
        world.write_truth(tmp_path / name / "truth.json")
        paths = [*world.write_orders(tmp_path / name), *world.write_bank(tmp_path / name)]
        bodies = json.dumps([served(world, kind, world.as_of) for kind in world.books["th"].kinds()])
        return [*(p.read_text() for p in paths), (tmp_path / name / "truth.json").read_text(), bodies]

    assert text(5, "a") == text(5, "b")
    assert text(5, "c") != text(6, "d")


def test_a_shop_with_a_history_is_paid_out_in_a_week_what_it_sells_in_one() -> None:
    with_history = make_world(7, FIRST, LAST, 500, history=True)
    codes_by_account = Counter((planted.account, planted.code) for planted in with_history.truth)
    assert codes_by_account.keys() == {(p.account, p.code) for p in make_world(7, FIRST, LAST, 500).truth}
    for name, books in with_history.books.items():
        window = days_window(FIRST, LAST, books.account.zone)
        start = int(window.start.timestamp())
        in_week = [row for row in books.transactions if datetime.fromtimestamp(row.created, UTC) in window]
        sales = [row.amount for row in in_week if row.key == "charge.captured.net"]
        paid_out = sum(row.amount for row in in_week if row.key == "transfer.sent.debit")
        is_paused = codes_by_account[name, "settlement_overdue"]
        assert 0.7 - is_paused / 2 < paid_out / sum(sales) < 1.5, name
        assert Ledger(books.transactions).total(start - 1) > paid_out / 2, name
        assert max(sales) < sum(sales) / 5, name


def test_refunds_agree_on_both_sides(world: World, tmp_path: Path) -> None:
    rows = [r for r in rows_of(world, tmp_path) if readable(r, world.books)]
    linked = link(rows, served(world, "charges", world.as_of))
    several = 0
    planted = {p.subject_id for p in world.truth if p.code.startswith("refund_")}
    for row in rows:
        if row["order_id"] in planted or row["status"] == "refund_requested":
            continue
        charges = [c for _, c in linked[row["order_id"]] if c["status"] == "successful"]
        at_omise, at_shop = (
            (c["refunded_amount"] for c in charges[:1]),
            minor(row["refunded_amount"], row["currency"]),
        )
        whole = row["status"] == "cancelled" and at_shop == 0
        assert whole or at_shop == sum(at_omise), row
        several += at_shop > 0
    assert several > 20


def test_every_money_move_has_its_transaction(clean: World) -> None:
    charges, refunds = served(clean, "charges", clean.as_of), served(clean, "refunds", clean.as_of)
    transfers, moves = served(clean, "transfers", clean.as_of), served(clean, "transactions", clean.as_of)
    for name in clean.books:
        by_id = {t["id"]: t for t in moves[name]}
        expected = {c["transaction"]: ("credit", c["net"]) for c in charges[name] if c["transaction"]}
        expected |= {r["transaction"]: ("debit", r["funding_amount"]) for r in refunds[name]}
        expected |= {t["transactions"][0]["id"]: ("debit", t["amount"]) for t in transfers[name] if t["sent"]}
        for dispute in served(clean, "disputes", clean.as_of)[name]:
            expected |= {t["id"]: (t["direction"], dispute["funding_amount"]) for t in dispute["transactions"]}
        assert {id: (t["direction"], t["amount"]) for id, t in by_id.items()} == expected
        assert all(c["transaction"] for c in charges[name] if c["status"] == "successful")


def test_fee_and_vat_round_half_up_and_net_is_what_is_left(clean: World) -> None:
    checked = 0
    for charge in served(clean, "charges", clean.as_of)["th"]:
        fees = charge["transaction_fees"]
        base, rate = charge["funding_amount"], int(fees["fee_rate"].replace(".", "").ljust(3, "0"))
        assert charge["fee"] == (base * rate + 5_000) // 10_000
        assert charge["fee_vat"] == (charge["fee"] * 7 + 50) // 100
        lost = charge["fee"] + charge["fee_vat"] + charge["interest"] + charge["interest_vat"]
        assert charge["net"] == base - lost
        checked += 1
    assert checked > 500


def test_the_balance_is_credits_less_debits_and_transfers_take_only_what_is_free(clean: World) -> None:
    for books in clean.books.values():
        ledger, seen = Ledger(books.transactions), 0
        end = int(clean.as_of.timestamp())
        for move in books.transactions:
            seen += (move.amount if move.direction == "credit" else -move.amount) if move.created <= end else 0
        assert ledger.total(end) == seen
        assert books.transfers
        for transfer in books.transfers:
            assert transfer.net > 0
            assert ledger.transferable(transfer.sent_at) >= 0
            assert transfer.created < transfer.sent_at < transfer.paid_at


def test_the_bank_shows_every_paid_transfer_net(clean: World, tmp_path: Path) -> None:
    end = int(clean.as_of.timestamp())
    for path, books in zip(clean.write_bank(tmp_path), clean.books.values(), strict=True):
        with path.open(encoding="utf-8", newline="") as file:
            credits = [r for r in csv.DictReader(file) if "OMISE" in r["description"]]
        amounts = [minor(r["amount"], r["currency"]) for r in credits]
        assert amounts == [t.net for t in books.transfers if t.paid_at <= end]


def test_charges_stay_within_their_country_and_currency(world: World) -> None:
    planted = {p.subject_id for p in world.truth if p.code == "amount_out_of_limits"}
    for books in world.books.values():
        for charge in books.charges:
            if charge.id in planted:
                continue
            funded = charge.funding(charge.created)
            assert books.account.charge_min <= funded <= books.account.charge_max
            assert (
                charge.method.low <= charge.amount or charge.currency != books.account.currency or not charge.capture
            )


def test_orders_stand_at_the_edges_of_the_range(world: World) -> None:
    zone = ACCOUNTS["th"].zone
    times = {datetime.fromtimestamp(o.created, zone) for o in world.orders if o.account.name == "th"}
    assert datetime(2026, 3, 2, 0, 0, 0, tzinfo=zone) in times
    assert datetime(2026, 3, 8, 23, 59, 59, tzinfo=zone) in times


def test_objects_change_around_the_moment_of_truth_and_events_say_so(world: World) -> None:
    after, before = world.as_of + timedelta(days=30), datetime(2026, 3, 1, tzinfo=UTC)
    words: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for change in world.changes(world.as_of, after):
        row = next(r for r in world.books[change.account].kinds()[change.kind] if r.id == change.id)
        at = int(change.moment.timestamp())
        if change.kind in ("charges", "refunds", "disputes"):
            words[change.kind].add((body(row, at - 1)["status"], body(row, at)["status"]))
        else:
            words[change.kind].add(("sent", str(body(row, at)["sent"])))
    assert words["charges"] >= {("pending", "successful"), ("failed", "successful"), ("pending", "expired")}
    assert ("pending", "closed") in words["refunds"]
    assert words["disputes"] >= {("open", "pending"), ("pending", "won"), ("pending", "lost")}
    assert words["transfers"] == {("sent", "True")}
    assert world.changes(before, world.as_of)
    told = {e.key for books in world.books.values() for e in books.events}
    assert told >= {
        "charge.create",
        "charge.complete",
        "charge.capture",
        "refund.create",
        "transfer.pay",
        "dispute.close",
    }


@pytest.mark.parametrize(("noise", "low", "high"), [(0, 0, 0), (1, 5, 15), (2, 35, 60)])
def test_noise_takes_the_name_from_a_share_of_the_charges(noise: int, low: int, high: int, tmp_path: Path) -> None:
    world = make_world(9, FIRST, LAST, 2_000, noise=noise)
    before = make_world(9, FIRST, LAST, 2_000)
    assert Counter(one.code for one in world.truth) == Counter(one.code for one in before.truth)
    assert len(world.links) == len({link.charge_id for link in world.links})
    named = [sum("order_id" in c.metadata for b in w.books.values() for c in b.charges) for w in (before, world)]
    lost = 100 * (named[0] - named[1]) // named[0]
    assert low <= lost <= high
    assert len(rows_of(world, tmp_path)) == len(rows_of(before, tmp_path / "before"))
