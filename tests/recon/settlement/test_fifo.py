"""An account's line: its sums and stretches against plain loops, and a range's settlement from it and few rows."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon import columns as c
from recon.calendars import Calendar, days_window, local_day
from recon.model import QUARTER, Account, Books, Break, BreakStatus, KnownBreak, LedgerHistory, Result, Window
from recon.result import with_settlement
from recon.result.proofs import account_proofs
from recon.rules import CATALOGUE, find_breaks
from recon.sandbox.worlds.world import make_world
from recon.settings import Context
from recon.settlement import settle
from recon.settlement.fifo import (
    HistoryBuilder,
    NeededCredits,
    Span,
    available_at,
    held_before,
    histories_of,
    ledger_histories,
    needed_credits,
)
from tests.kit.books import ACCOUNTS, AS_OF, TH, Job, Row
from tests.kit.books import books as made_of
from tests.kit.ledgers import ACTS, START, Merchant, play, readings, signed
from tests.kit.properties import DEAR
from tests.recon.settlement.test_worlds import books_of

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
GROUPS = ("Ledger and fees", "Settlement and bank")
Said = tuple[Mapping[int, int], Mapping[int, tuple[int, int]], Sequence[tuple[str, int, int]], int]
NOTHING: Mapping[str, Any] = dict.fromkeys(
    (
        "orders",
        "charges",
        "refunds",
        "transfers",
        "transactions",
        "matched_orders",
        "expecting_orders",
        "rejected_rows",
        "ignored_rows",
    ),
    0,
)


def said(line: LedgerHistory) -> Said:
    """A line in plain values."""
    made = zip(line.credits.tolist(), line.debits.tolist(), strict=True)
    taken = zip(line.transfers, line.paid_from.tolist(), line.paid_to.tolist(), strict=True)
    return (
        dict(zip(line.available_quarters.tolist(), line.available.tolist(), strict=True)),
        dict(zip(line.booked_quarters.tolist(), made, strict=True)),
        list(taken),
        line.consumed,
    )


def naive(transactions: Iterable[Row], transfers: Sequence[Row]) -> Said:
    """The same by plain loops, one credit after another."""
    rows = list(transactions)
    free: dict[int, int] = defaultdict(int)
    made: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    own = {one["transfer_id"]: one for one in transfers}
    named = {one["transaction_id"]: one for one in transfers if one["transaction_id"]}
    for row in rows:
        amount, (credits, debits) = signed(row), made[quarter(row["created_at"])]
        made[quarter(row["created_at"])] = (credits + max(amount, 0), debits + max(-amount, 0))
        if amount > 0:
            free[quarter(came(row))] += amount
    debits_in_turn = []
    for row in rows:
        if signed(row) < 0:
            transfer = named.get(row["transaction_id"]) or own.get(row["origin"])
            turn = transfer["created_at"] if transfer else row["created_at"]
            debits_in_turn.append((turn, transfer is not None, row["transaction_id"], row, transfer))
    position, taken = 0, []
    for _, _, _, row, transfer in sorted(debits_in_turn, key=lambda one: one[:3]):
        end = position - signed(row)
        if transfer:
            there = sum(signed(one) for one in rows if signed(one) > 0 and came(one) <= row["created_at"])
            end = min(end, max(position, there))
            taken.append((transfer["transfer_id"], position, end))
        position = end
    return free, made, taken, position


def came(row: Row) -> Any:
    """From when a transaction can be paid out."""
    return max(row["transferable_at"] or row["created_at"], row["created_at"])


def quarter(moment: Any) -> int:
    """The quarter hour of a moment, in microseconds."""
    return int(moment.timestamp()) * 1_000_000 // QUARTER * QUARTER


def near(books: Books, account: Account, window: Window) -> Books:
    """What a range must have of the books as rows, and the line of all the rest."""
    lines = ledger_histories(books.transactions, books.transfers, books.readings)
    line = lines.get(account.name, LedgerHistory())
    wanted = needed_credits(line, books.transfers, window, held_before(books.readings, account.name))
    rows, charges, refunds = books.transactions, books.charges, books.refunds
    paid, unpaid = (among(rows, account, spans) for spans in wanted)
    moves = inside(rows[c.CREATED_AT], window) | c.is_in(rows[c.TRANSACTION_ID], books.transfers[c.TRANSACTION_ID])
    ours = inside(charges[c.PAID_AT].fillna(charges[c.CREATED_AT]), window) | inside(charges[c.CREATED_AT], window)
    back = inside(refunds[c.CREATED_AT], window) | c.is_in(refunds[c.REFUND_ID], rows[c.ORIGIN][moves])
    for named in (rows[c.ORIGIN][paid | moves], refunds[c.CHARGE_ID][back], books.disputes[c.CHARGE_ID]):
        ours |= c.is_in(charges[c.CHARGE_ID], named)
    back |= c.is_in(refunds[c.CHARGE_ID], charges[c.CHARGE_ID][ours])
    for named in (charges[c.TRANSACTION_ID][ours], refunds[c.TRANSACTION_ID][back]):
        moves |= c.is_in(rows[c.TRANSACTION_ID], named)
    moves |= c.is_in(rows[c.ORIGIN], books.disputes[c.DISPUTE_ID])
    return replace(
        books,
        charges=of(charges, ours),
        refunds=of(refunds, back),
        transactions=of(rows, moves | paid | unpaid),
        histories={account.name: line},
    )


def inside(moments: "pd.Series[pd.Timestamp]", window: Window) -> Any:
    return ((moments >= window.start) & (moments < window.end)).to_numpy(dtype=bool)


def among(rows: pd.DataFrame, account: Account, spans: Iterable[Span]) -> Any:
    """Which transactions an account's spans ask for, by their creation as well."""
    made, free, found = c.micros(rows[c.CREATED_AT]), available_at(rows), np.zeros(len(rows), dtype=bool)
    for span in spans:
        found |= (free >= span.first) & (free <= span.last) & (made >= span.since)
    return found & (rows[c.ACCOUNT] == account.name).to_numpy(dtype=bool)


def of(frame: pd.DataFrame, rows: Any) -> pd.DataFrame:
    return frame.iloc[np.flatnonzero(rows)].reset_index(drop=True)


def settled(books: Books, account: Account, days: tuple[date, date]) -> tuple[Result, tuple[Break, ...]]:
    """The settlement of a range, and its breaks, which all are reported as open."""
    window = days_window(*days, account.zone)
    job = Job(window=window, context=Context(as_of=books.as_of), accounts=ACCOUNTS)
    books = replace(books, histories=histories_of(books))
    judged = job.judge_books(books)
    accounts = {account.name: account}
    made = settle(books, judged.scope.charges, accounts, job.context)
    judged = replace(judged, settled=made, accounts=accounts)
    found = find_breaks(judged, job.context, [rule for rule in CATALOGUE if rule.group in GROUPS])
    mine = tuple(one for one in found if one.account == account.name)
    reported = [KnownBreak(one, BreakStatus.OPEN, books.as_of, books.as_of) for one in mine]
    proofs = account_proofs(account, judged, window, days, reported, (), job.context).proofs
    result = Result(account, *days, as_of=books.as_of, **NOTHING)
    return with_settlement(replace(result, proofs=proofs), judged, window, Calendar(account.zone)), mine


def same(books: Books, account: Account, days: tuple[date, date]) -> Books:
    """The books of a range alone, after asserting that they say what the whole ones say."""
    part = near(books, account, days_window(*days, account.zone))
    (whole, breaks), (ours, found) = (settled(one, account, days) for one in (books, part))
    assert found == breaks
    assert ours.proofs == whole.proofs
    for name, frame in vars(whole.settlement).items():
        pd.testing.assert_frame_equal(vars(ours.settlement)[name], frame)
    return part


SLOT = st.integers(0, 6).map(lambda number: START + number * 5 * MINUTE)
MOVES = st.lists(
    st.fixed_dictionaries(
        {
            "direction": st.sampled_from(["credit", "credit", "debit"]),
            "amount": st.integers(0, 9),
            "created_at": SLOT,
            "transferable_at": st.none() | SLOT,
            "origin": st.sampled_from([None, "rfnd_1", "trsf_0", "trsf_1", "trsf_2"]),
        }
    ),
    max_size=12,
)
TRANSFERS = st.lists(st.tuples(SLOT, st.none() | st.integers(0, 11)), max_size=3)


@DEAR
@given(MOVES, TRANSFERS)
def test_a_line_is_what_plain_loops_make_of_it(
    moves: list[dict[str, Any]], left: list[tuple[datetime, int | None]]
) -> None:
    both = {"account": "th", "currency": "THB", "seen_at": AS_OF, "first_seen_at": AS_OF}
    rows = [{**both, "key": "k", **move, "transaction_id": f"trxn_{at:02d}"} for at, move in enumerate(moves)]
    transfers = [
        {
            **both,
            "transfer_id": f"trsf_{at}",
            "created_at": made,
            "transaction_id": None if of is None else f"trxn_{of:02d}",
        }
        for at, (made, of) in enumerate(left)
    ]
    known = made_of([], [], transactions=rows, transfers=transfers)
    found = ledger_histories(known.transactions, known.transfers, known.readings).get("th", LedgerHistory())
    assert said(found) == naive(rows, transfers)


@DEAR
@given(ACTS, st.randoms(use_true_random=False))
def test_the_order_and_the_pieces_do_not_matter(acts: list[tuple[str, int, int]], dice: random.Random) -> None:
    books = play([("charge", 60_000, 1), *acts]).books()
    rows = books.transactions
    created, amounts = c.micros(rows[c.CREATED_AT]), rows[c.AMOUNT].to_numpy()
    moved = np.where(rows[c.DIRECTION] == "credit", amounts, -amounts)
    texts = [pa.array(rows[name], from_pandas=True) for name in (c.TRANSACTION_ID, c.ORIGIN)]
    order = dice.sample(range(len(rows)), len(rows))
    one = HistoryBuilder(books.transfers, created)
    while order:
        some = np.array([order.pop() for _ in range(min(len(order), dice.randint(1, 5)))])
        one.add(created[some], available_at(rows)[some], moved[some], *(text.take(some) for text in texts))
    whole = ledger_histories(rows, books.transfers, books.readings)["th"]
    assert said(one.history(held_before(books.readings, "th"))) == said(whole)
    assert one.history(held_before(books.readings, "th")).longest_hold == whole.longest_hold


@DEAR
@given(ACTS, st.data())
def test_a_range_needs_its_rows_and_the_line(acts: list[tuple[str, int, int]], data: st.DataObject) -> None:
    any_range(acts, data)


def any_range(acts: list[tuple[str, int, int]], data: st.DataObject) -> None:
    """Compares both ways for some range of a merchant to whom strange things may happen, too."""
    merchant = play([("charge", 50_000, 1), *acts])
    for what in data.draw(st.lists(st.sampled_from(["beyond", "strange", "unit"]), max_size=2)):
        if what == "beyond":
            merchant.wait(DAY)
            merchant.pay_out(max(merchant.free(), 0) + 7_000)
        elif what == "strange":
            merchant.move(
                data.draw(st.sampled_from([-300, 900])), data.draw(st.sampled_from([None, "adjs_1", "chrg_0"]))
            )
        else:
            data.draw(st.sampled_from(merchant.transactions))["amount"] += 1
    before = data.draw(st.sampled_from([0, 0, 40_000, -5_000]))
    books = merchant.books(readings=readings((START, 0, 0), (AS_OF, 1, merchant.total())).assign(before=before))
    first = local_day(START, TH.zone) + data.draw(st.integers(-1, 50)) * DAY
    same(books, TH, (first, first + data.draw(st.integers(0, 9)) * DAY))


def test_a_range_is_spared_what_was_paid_out_before_it() -> None:
    merchant = Merchant()
    for _ in range(50):
        merchant.charge(10_000)
        merchant.wait(DAY)
        if merchant.free() > 0:
            merchant.pay_out()
    day = local_day(START, TH.zone) + 40 * DAY
    part = same(merchant.books(), TH, (day, day))
    paid_that_day, not_paid, made_that_day = 1, 6, 1
    assert sum(part.transactions[c.DIRECTION] == "credit") == paid_that_day + not_paid + made_that_day
    assert len(part.charges) == paid_that_day + made_that_day


def test_spans_are_whole_quarter_hours_and_near_ones_are_one() -> None:
    merchant = Merchant()
    for hold in (0, 1, 40, 41, 30 * 24 * 60):
        row = merchant.charge(10_000)
        merchant.transactions[-1]["transferable_at"] = START + hold * MINUTE
    merchant.wait(2 * 60 * MINUTE)
    merchant.pay_out(3 * row["net"])
    books = merchant.books()
    line = ledger_histories(books.transactions, books.transfers, books.readings)["th"]
    start, hold = quarter(START), quarter(START + 30 * DAY) - quarter(START)
    free = Span(start, start + 3 * QUARTER - 1, start - hold)
    window = Window(merchant.now, merchant.now + MINUTE)
    later = Window(merchant.now + MINUTE, merchant.now + DAY)
    left = tuple(Span(at, end + QUARTER - 1, at - hold) for at, end in [(start + 2 * QUARTER, start + hold)])
    assert needed_credits(line, books.transfers, window, None) == NeededCredits((free,), left)
    assert needed_credits(line, books.transfers, later, None) == NeededCredits((), left)


def test_credits_that_are_missing_are_noticed() -> None:
    merchant = Merchant()
    merchant.charge(10_000)
    merchant.charge(20_000)
    merchant.wait(8 * DAY)
    merchant.pay_out(9_610)
    books = merchant.books()
    lines = ledger_histories(books.transactions, books.transfers, books.readings)
    day = local_day(merchant.now, TH.zone)
    for lacks, words in ((0, "paid out are missing"), (1, "not paid out are missing")):
        part = replace(books, histories=lines, transactions=of(books.transactions, np.arange(3) != lacks))
        with pytest.raises(AssertionError, match=words):
            settled(part, TH, (day, day))
    with pytest.raises(AssertionError, match="does not know"):
        settled(replace(books, histories={"th": LedgerHistory()}), TH, (day, day))
    with pytest.raises(AssertionError, match="quarter hour"):
        lines["th"].booked_before(np.array([QUARTER // 2]))


@pytest.mark.parametrize("seed", [9021])
def test_ranges_of_a_world_need_their_rows_and_the_line(seed: int) -> None:
    first = date(2026, 3, 2)
    world = make_world(seed, first, first + 13 * DAY, 200)
    books = books_of(world)
    for days in ((0, 0), (3, 6)):
        part = same(books, TH, (first + days[0] * DAY, first + days[1] * DAY))
        assert 0 < len(part.transactions) < len(books.transactions)
