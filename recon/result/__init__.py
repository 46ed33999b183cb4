"""Sums up what a run found for one account: counts, totals, proofs, the matched pairs; judges nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from recon import columns as c
from recon.arrays import Ints, Mask, Positions
from recon.calendars import Calendar
from recon.columnar import np, pa, pc, pd
from recon.journal import lost_without_a_day
from recon.model import (
    CLOSED,
    Account,
    Books,
    Break,
    CurrencyTotals,
    InputFile,
    KnownBreak,
    Matching,
    Note,
    NoteKind,
    Proof,
    Result,
    Window,
)
from recon.money import Money
from recon.result.listing import details
from recon.result.not_judged import not_judged
from recon.result.reasons import ORDER_AND_CHARGE
from recon.result.trust import not_read
from recon.result.waiting import not_yet_due, waiting
from recon.rules import exposure_of, title_of
from recon.rules.receipts import differing, waits_for_lists
from recon.rules.settlement import credits_waiting
from recon.settings import Context
from recon.settlement import of_range
from recon.settlement.ledger import KEYS
from recon.settlement.receipts import day_window, issued_on, receipt_lines
from recon.triage import Judged

# What of a charge a matched pair shows.
_OF_CHARGE = list({c.STATUS, c.CURRENCY, *c.MATCHED.names} & set(c.CHARGES.names))
# What of a charge's sums is parted among the orders that it pays; its net follows from them.
_PARTED = [c.REFUNDED_AMOUNT, c.FUNDING_AMOUNT, c.FEE, c.FEE_VAT]
_OF_BREAK = [name for name in c.BREAKS.names if hasattr(Break, name)]


@dataclass(frozen=True)
class Intake:
    """What came in for one account beside the books."""

    window: Window
    first_day: date
    last_day: date
    ignored_rows: int = 0
    duplicate_rows: int = 0
    inputs: tuple[InputFile, ...] = ()
    lacking: Sequence[str] = ()  # what is not complete, in words
    rate_known: bool = True
    unassigned: bool = True  # rows that name no known account are shown here; one account of a run shows them
    notes: Sequence[Note] = ()


@dataclass(frozen=True)
class Lives:
    """The account's breaks as this run leaves them."""

    reported: Sequence[KnownBreak] = field(default_factory=tuple)
    opened: int = 0
    closed: int = 0
    proofs: tuple[Proof, ...] = ()


def summarise(account: Account, judged: Judged, intake: Intake, lives: Lives, context: Context) -> Result:
    """The result of one account; every count is of what was created in the range unless it says otherwise."""
    books = judged.books
    in_range = {name: c.created_in(frame, account.name, intake.window) for name, frame in _frames(books).items()}
    broken = _broken(judged, account.name, lives.reported)
    expecting = in_range["orders"] & _expecting(judged)
    matched = expecting & ~broken
    accounts = books.rejected[c.ACCOUNT]
    rejected = books.rejected[(accounts == account.name) | (accounts.isna() & intake.unassigned)]
    pairs = _matched_pairs(judged, matched, context)
    notes = [*_notes(judged, intake, account.name), *not_yet_due(judged, account.name, context)]
    return Result(
        account=account,
        first_day=intake.first_day,
        last_day=intake.last_day,
        as_of=books.as_of,
        orders=int(in_range["orders"].sum()),
        charges=int(in_range["charges"].sum()),
        refunds=int(in_range["refunds"].sum()),
        transfers=int(in_range["transfers"].sum()),
        transactions=int(in_range["transactions"].sum()),
        matched_orders=int(matched.sum()),
        expecting_orders=int(expecting.sum()),
        rejected_rows=len(rejected),
        ignored_rows=intake.ignored_rows,
        notes={note.words: note.count for note in notes},
        note_kinds={note.words: note.kind for note in notes},
        currencies=_currencies(books, in_range, matched, lives.reported),
        proofs=lives.proofs,
        inputs=intake.inputs,
        breaks_new=lives.opened,
        breaks_closed=lives.closed,
        not_read=not_read(rejected, intake.lacking),
        complete=not intake.lacking,
        rate_known=intake.rate_known,
        matched=pairs,
        waiting=waiting(judged, account.name, context),
        breaks=breaks_frame(lives.reported, account, books.as_of),
        rejected=rejected.reset_index(drop=True),
        details=details(judged, account, intake.window, context),
    )


def with_settlement(result: Result, judged: Judged, window: Window, calendar: Calendar) -> Result:
    """A result with its part of the settlement; `calendar` has the account's business days."""
    account = result.account
    days = (result.first_day, result.last_day)
    settled = judged.settled
    transfers = frozenset(judged.books.transfers[c.TRANSFER_ID][judged.scope.transfers])
    settlement = of_range(
        settled.settlement, judged.books, settled.ledger, account, window, days, calendar, transfers
    )
    receipts = _receipt_days(judged, account.name, days)
    settlement = replace(settlement, receipts=receipts, receipt_lines=receipt_lines(judged.books.receipts, receipts))
    movements = int(settlement.moves[c.ROWS][~settlement.moves[c.KEY].isin(KEYS)].sum())
    # Of a kind that is known; another kind is a break.
    new_keys = "movements of the balance under a name of Omise that is new here (Balance proof)"
    return replace(
        result,
        settlement=settlement,
        notes={**result.notes, new_keys: movements},
        note_kinds={**result.note_kinds, new_keys: NoteKind.IN_ORDER},
    )


def _receipt_days(judged: Judged, account: str, days: tuple[date, date]) -> pd.DataFrame:
    """The range's part of RECEIPT_DAYS, with what keeps a day from being held against its receipts."""
    every = judged.settled.receipts
    receipts = judged.books.receipts
    first, last = (day.isoformat() for day in days)
    mine = c.of_account(every, account) & ((every[c.DAY] >= first) & (every[c.DAY] <= last)).to_numpy(dtype=bool)
    shown = every[mine].reset_index(drop=True)
    if not len(shown):
        return shown
    open_days = [day for day in shown[c.DAY].unique() if day_window(day).end > judged.books.as_of]
    waiting = judged.scope.unread_receipts | waits_for_lists(judged)
    unread = set(issued_on(receipts)[waiting & c.of_account(receipts, account)])
    shown.loc[(shown[c.MATCH] == c.DIFFERS) & shown[c.DAY].isin(unread), c.MATCH] = c.WAITS
    shown.loc[shown[c.DAY].isin(open_days), c.MATCH] = c.NOT_CLOSED
    return shown


def breaks_frame(breaks: Sequence[KnownBreak], account: Account, as_of: datetime) -> pd.DataFrame:
    """Breaks shaped `columns.BREAKS`, in the order given; the names are those of the public JSON."""
    cells = [_cells(known_break, account, as_of) for known_break in breaks]
    return c.BREAKS.build({name: [of_break[name] for of_break in cells] for name in c.BREAKS.names})


def _cells(known_break: KnownBreak, account: Account, as_of: datetime) -> dict[str, Any]:
    break_ = known_break.latest
    return {
        **{name: getattr(break_, name) for name in _OF_BREAK},
        c.SEVERITY: break_.severity.word,
        c.STATUS: known_break.status.value,
        c.REGION: account.region if break_.account else None,
        c.FIRST_SEEN: known_break.first_seen,
        c.LAST_SEEN: known_break.last_seen,
        c.AGE_DAYS: known_break.age_days(as_of, account.zone),
        c.KNOWN_DAYS: known_break.known_days(as_of, account.zone),
        c.OWNER: known_break.owner,
        c.TITLE: title_of(break_.code),
        c.EXPOSURE: exposure_of(break_.code, break_.expected, break_.actual),
        c.OCCURRED_ON: break_.occurred_on and break_.occurred_on.isoformat(),
    }


def _frames(books: Books) -> dict[str, pd.DataFrame]:
    return {
        "orders": books.orders,
        "charges": books.charges,
        "refunds": books.refunds,
        "transfers": books.transfers,
        "transactions": books.transactions,
    }


def _expecting(judged: Judged) -> Mask:
    """Orders that were judged and expect a charge by now: not over zero, of days that were pulled, not too young."""
    expects = c.expects_charge(judged.books.orders) & ~judged.triage.columns.orders_that_wait
    return np.asarray(expects & judged.scope.orders & ~judged.triage.zero)


def _broken(judged: Judged, account: str, reported: Sequence[KnownBreak]) -> Mask:
    """Orders with an open break of the group "Order and charge", on them or on one that shares a charge with them."""
    orders = judged.books.orders
    root = judged.matching.stands_for
    ids = [
        known_break.latest.order_id
        for known_break in reported
        if known_break.latest.code in ORDER_AND_CHARGE
        and known_break.latest.order_id
        and known_break.status not in CLOSED
    ]
    named = c.is_in(orders[c.ORDER_ID], ids) & c.of_account(orders, account)
    return c.mask_at(root[named], len(orders))[root]


def _notes(judged: Judged, intake: Intake, account: str) -> Iterator[Note]:
    """What was counted and not judged, by reason."""
    orders = c.of_account(judged.books.orders, account)
    charges = c.of_account(judged.books.charges, account)
    yield Note("orders with an amount of zero", int((judged.triage.zero & orders).sum()), NoteKind.IN_ORDER)
    unpulled = int((judged.scope.unpulled & orders).sum())
    yield Note("orders of days that were not pulled", unpulled, NoteKind.NOT_JUDGED)
    yield from not_judged(judged, account)
    outside = judged.books.outside.get(account, 0)
    yield Note("stored rows left out: an amount or a moment that nothing can have", outside, NoteKind.NOT_JUDGED)
    by_design = int((judged.triage.by_design & charges).sum())
    yield Note("charges without an order by design", by_design, NoteKind.IN_ORDER)
    yield Note("order rows replaced by a newer row", intake.duplicate_rows, NoteKind.IN_ORDER)
    yield Note(
        "days whose receipts wait: the day has not closed, or not all of it was read",
        _waiting_receipts(judged, account),
        NoteKind.NOT_JUDGED,
    )
    yield Note(
        "transfers not judged: their credit may stand in what could not be read of the bank",
        credits_waiting(judged, account),
        NoteKind.NOT_JUDGED,
    )
    if undated := int(lost_without_a_day(judged.books, judged.accounts[account], intake.window.end).sum()):
        yield Note("lost disputes to be booked by hand: Omise does not say when they were closed", undated)
    yield from intake.notes


def _waiting_receipts(judged: Judged, account: str) -> int:
    """Days of receipts that were not judged, and those that differ where a list does not add up."""
    receipts = judged.books.receipts
    if not len(receipts):
        return 0
    unread = judged.scope.unread_receipts & c.of_account(receipts, account)
    doubted = differing(judged, judged.scope.receipts & waits_for_lists(judged) & c.of_account(receipts, account))
    return len({*issued_on(receipts)[unread], *doubted[c.DAY]})


def _currencies(
    books: Books, in_range: Mapping[str, Mask], matched: Mask, reported: Sequence[KnownBreak]
) -> tuple[CurrencyTotals, ...]:
    """Totals per presentment currency that occurs in the range or in an open break."""
    orders = books.orders
    charges = books.charges
    at_risk: dict[str, int] = {}
    for known_break in reported:
        if known_break.latest.currency and known_break.status not in CLOSED:
            at_risk[known_break.latest.currency] = at_risk.get(known_break.latest.currency, 0) + (
                known_break.latest.amount_at_risk or 0
            )
    order_currency = orders[c.CURRENCY]
    charge_currency = charges[c.CURRENCY]
    present = {*order_currency[in_range["orders"]].unique(), *charge_currency[in_range["charges"]].unique(), *at_risk}
    result = []
    for currency in sorted(present):
        of_order = (order_currency == currency).to_numpy(dtype=bool)
        of_charge = (charge_currency == currency).to_numpy(dtype=bool)
        result.append(
            CurrencyTotals(
                currency,
                orders=int((in_range["orders"] & of_order).sum()),
                charges=int((in_range["charges"] & of_charge).sum()),
                matched_orders=int((matched & of_order).sum()),
                amount_matched=int(orders[c.AMOUNT].to_numpy(dtype=np.int64)[matched & of_order].sum()),
                amount_open=at_risk.get(currency, 0),
            )
        )
    return tuple(result)


def _matched_pairs(judged: Judged, matched: Mask, context: Context) -> pd.DataFrame:
    """One row per matched order and the charge that pays it, shaped `columns.MATCHED`.

    Amounts add up once: of several charges that pay one order each row carries its own part as the order's amount,
    and of several orders that one charge pays each row carries the order's part of the charge's amount, fee and net.
    """
    books = judged.books
    matching = judged.matching
    # A refunded order may be matched with a voided charge.
    successful = c.successful(books.charges)
    pairs = np.flatnonzero(matched[matching.orders] & successful[matching.charges])
    pairs = _counted_pairs(books, matching, pairs, context)
    pairs = pairs[_by_order(books, matching, pairs)]
    orders = matching.orders[pairs]
    charges = matching.charges[pairs]
    order_rows = books.orders[[c.ORDER_ID, c.STATUS, c.CREATED_AT]].iloc[orders]
    charge_rows = books.charges[_OF_CHARGE].iloc[charges]
    captured = c.captured_amounts(books.charges)[charges]
    order_amounts = books.orders[c.AMOUNT].to_numpy(dtype=np.int64)[orders]
    split = np.bincount(orders, minlength=len(books.orders))[orders] > 1
    shared = np.bincount(matching.charges, minlength=len(books.charges))[charges] > 1
    taken = {
        c.ORDER_ID: order_rows[c.ORDER_ID],
        c.CHARGE_ID: charge_rows[c.CHARGE_ID],
        c.MATCHED_BY: pd.Series(matching.matched_by[pairs], dtype=c.TEXT),
        c.ORDER_STATUS: order_rows[c.STATUS],
        c.CHARGE_STATUS: charge_rows[c.STATUS],
        c.ORDER_AMOUNT: pd.Series(np.where(split, captured, order_amounts), dtype=c.MINOR),
        c.CHARGE_AMOUNT: pd.Series(np.where(shared, order_amounts, captured), dtype=c.MINOR),
        c.ORDER_CREATED_AT: order_rows[c.CREATED_AT],
        c.IMPLIED_RATE: _implied_rates(charge_rows, captured, context),
        **(_parts_of_shared(books, matching, pairs, context) if shared.any() else {}),
    }
    return c.MATCHED.of_columns({**{name: charge_rows[name] for name in _OF_CHARGE}, **taken})


def _parts_of_shared(
    books: Books, matching: Matching, pairs: Positions, context: Context
) -> dict[str, pd.Series[int]]:
    """What of its charge's sums falls to each pair: of a charge that pays several orders a part by their amounts.

    Rounded so that the parts of all orders that expect a charge, in the order of their ids, come to the whole; but
    what was taken for others, cancelled or not yet marked as paid, is no part of theirs.
    """
    orders = books.orders
    amounts = np.where(c.expects_charge(orders), orders[c.AMOUNT].to_numpy(dtype=np.int64), 0)
    several = np.flatnonzero(np.bincount(matching.charges, minlength=len(books.charges))[matching.charges] > 1)
    members = matching.orders[several]
    shares = pd.DataFrame({c.CHARGE_ID: matching.charges[several], c.ORDER_AMOUNT: amounts[members]}, index=several)
    shares = shares.assign(**{c.ORDER_ID: orders[c.ORDER_ID].iloc[members].array})
    of_charge = shares.sort_values([c.CHARGE_ID, c.ORDER_ID]).groupby(c.CHARGE_ID)[c.ORDER_AMOUNT]
    upto = of_charge.cumsum().reindex(pairs, fill_value=1).to_numpy()
    begin = upto - shares[c.ORDER_AMOUNT].reindex(pairs, fill_value=1).to_numpy()
    expected = of_charge.transform("sum").reindex(several).to_numpy(dtype=np.int64)
    captured = c.captured_amounts(books.charges)[matching.charges[several]]
    more = captured > expected + c.slack(orders[c.CURRENCY].iloc[members], expected, context.tolerance)
    of_all = pd.Series(np.where(more, captured, expected), index=several)
    whole = np.maximum(of_all.reindex(pairs, fill_value=1).to_numpy(), 1)

    def part(sums: Ints) -> Ints:
        return c.portion(sums, upto, whole) - c.portion(sums, begin, whole)

    sums = books.charges[[*_PARTED, c.NET]].iloc[matching.charges[pairs]].reset_index(drop=True)
    taken = {name: part(sums[name].to_numpy()) for name in _PARTED}
    kept_beside = sums[c.FUNDING_AMOUNT] - sums[c.FEE] - sums[c.FEE_VAT] - sums[c.NET]
    taken[c.NET] = taken[c.FUNDING_AMOUNT] - taken[c.FEE] - taken[c.FEE_VAT] - part(kept_beside.to_numpy())
    return {name: pd.Series(parts, dtype=c.MINOR) for name, parts in taken.items()}


def _by_order(books: Books, matching: Matching, pairs: Positions) -> Positions:
    """The places of the pairs by the order's creation and id, then the charge's id."""
    orders = matching.orders[pairs]
    charges = matching.charges[pairs]
    names = (books.orders[c.CREATED_AT].iloc[orders], books.orders[c.ORDER_ID].iloc[orders])
    keys = (*names, books.charges[c.CHARGE_ID].iloc[charges])
    table = pa.table({str(at): pa.array(key) for at, key in enumerate(keys)})  # pandas takes five times as long
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in table.column_names])
    return np.asarray(order.to_numpy(), dtype=np.intp)


def _implied_rates(charges: pd.DataFrame, captured: Ints, context: Context) -> pd.Series[str]:
    """At what rate each charge was funded, as text; null where it was funded in its own currency."""
    rates: list[str | None] = [None] * len(charges)
    funding = charges[c.FUNDING_AMOUNT].to_numpy(dtype=np.int64)
    funded = charges[c.FUNDING_CURRENCY]
    for at in np.flatnonzero((charges[c.CURRENCY] != funded).to_numpy(dtype=bool)).tolist():
        took = Money(int(captured[at]), charges[c.CURRENCY].iloc[at])
        rates[at] = context.currencies.rate(took, Money(int(funding[at]), funded.iloc[at]))
    return pd.Series(rates, dtype=c.TEXT)


def _counted_pairs(books: Books, matching: Matching, pairs: Positions, context: Context) -> Positions:
    """Of an order's several successful charges those that pay it, as the rules see it; all pairs of the others."""
    orders = matching.orders[pairs]
    several = np.bincount(orders, minlength=len(books.orders))[orders] > 1
    by_order: dict[int, list[int]] = {}
    for pair in pairs[several].tolist():
        by_order.setdefault(int(matching.orders[pair]), []).append(pair)
    captured = c.captured_amounts(books.charges)
    back = books.charges[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64)
    made = books.charges[c.CREATED_AT]
    ids = books.charges[c.CHARGE_ID]
    chosen = list(pairs[~several].tolist())
    for order, own in by_order.items():
        charge_of = {pair: int(matching.charges[pair]) for pair in own}
        kept = {pair for pair, charge in charge_of.items() if back[charge] < captured[charge]}
        own.sort(key=lambda pair: (pair not in kept, made.iloc[charge_of[pair]], ids.iloc[charge_of[pair]]))
        row = books.orders.iloc[order]
        total = int(row[c.AMOUNT])
        currency = row[c.CURRENCY]
        good = [pair for pair in own if context.tolerance.allows(total, int(captured[charge_of[pair]]), currency)]
        if good:
            chosen.append(next((pair for pair in good if ids.iloc[charge_of[pair]] == row[c.CHARGE_ID]), good[0]))
            continue
        taken = sum(int(captured[charge]) for charge in charge_of.values())
        chosen += own if not kept or context.tolerance.allows(total, taken, currency) else sorted(kept)
    return np.array(sorted(chosen), dtype=np.intp)
