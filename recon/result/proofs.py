"""Control totals that do not trust the matching: both sides summed alone, and the gap explained case by case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from recon import columns as c
from recon.arrays import Ints, Mask
from recon.columnar import np
from recon.methods.deadlines import last_day_without_credit
from recon.model import Account, Books, DisputeStatus, KnownBreak, OrderStatus, Proof, Window
from recon.model.cases import subsets
from recon.model.rulings import Ruling
from recon.result.reasons import reasons_of
from recon.result.waiting import CHARGES_THAT_WAIT, ORDERS_THAT_WAIT
from recon.rules.proofs import AccountProofs
from recon.settings import Context
from recon.settlement import balance, tie_out
from recon.settlement.gaps import EDGE, NOT_JUDGED, Gap, Reasons, proof_of
from recon.settlement.sales import charges_to_sales
from recon.settlement.tie_out import BankTerms
from recon.triage import Judged
from recon.triage.kept_aside import unread_ledgers

ORDERS_TO_CHARGES = "orders_to_charges"
_NOT_JUDGED = "not judged"
_CANCELLED = "cancelled orders"
_NOT_DUE = "orders that are not yet due to be marked as paid"
_UNREAD_FILE = "charges whose order may stand in a file that could not be read"
_UNREAD_ROW = "charges whose order stands, or may stand, in a row that could not be read"


@dataclass(frozen=True)
class Sides:
    """Whose totals are compared: masks over the books' orders and charges of one account, in a range and whenever."""

    orders: Mask
    charges: Mask
    all_orders: Mask
    all_charges: Mask


def sides_of(books: Books, account: str, window: Window) -> Sides:
    """The sides of an account and a range."""
    return Sides(
        orders=c.created_in(books.orders, account, window),
        charges=c.created_in(books.charges, account, window),
        all_orders=c.of_account(books.orders, account),
        all_charges=c.of_account(books.charges, account),
    )


def orders_to_charges(judged: Judged, sides: Sides, reasons: Reasons) -> tuple[Proof, ...]:
    """Per currency: what the range's orders say was paid, against what the range's charges took.

    A gap is explained by what a break says of its order or charge, by the range's edge (the other side was created
    outside), by the tolerance, by a status (a cancelled order's refunded charge, an order not yet due to be marked
    paid), or because it was not judged. A paid order whose charges come to another sum and that has no break is not.
    """
    orders = judged.books.orders
    charges = judged.books.charges
    cases = _Cases(judged, sides, reasons)
    left = np.where(sides.orders, cases.ordered, 0)
    right = np.where(sides.charges, cases.taken, 0)
    present = {*orders[c.CURRENCY][left != 0].unique(), *charges[c.CURRENCY][right != 0].unique()}
    result = []
    for currency in sorted(present):
        of_order = c.equals(orders, c.CURRENCY, currency)
        of_charge = c.equals(charges, c.CURRENCY, currency)
        own_left = np.where(of_order, left, 0)
        own_right = np.where(of_charge, right, 0)
        gaps = [*cases.gaps(own_left, own_right, of_order, of_charge), *cases.gaps_alone(own_right)]
        result.append(proof_of(ORDERS_TO_CHARGES, currency, int(own_left.sum()), int(own_right.sum()), gaps))
    return tuple(result)


class _Cases:
    """The cases of an account's orders and charges, with what explains that the two sides of one differ."""

    def __init__(self, judged: Judged, sides: Sides, reasons: Reasons) -> None:
        orders = judged.books.orders
        charges = judged.books.charges
        self._judged = judged
        self._sides = sides
        self._reasons = reasons
        self._columns = judged.triage.columns
        self._unread_file = charges[c.ACCOUNT].isin(judged.unread_accounts).to_numpy(dtype=bool)
        self._case_of = self._columns.case_of_charge
        self._linked = ~self._columns.without_order
        self._order_ids = orders[c.ORDER_ID]
        self._charge_ids = charges[c.CHARGE_ID]
        captured = self._columns.captured_of_charge
        successful = self._columns.successful & sides.all_charges
        given_back = successful & (self._columns.refunded_of_charge >= captured)
        self.ordered: Ints = np.where(
            sides.all_orders & self._columns.expects, orders[c.AMOUNT].to_numpy(dtype=np.int64), 0
        )
        self.taken: Ints = np.where(sides.all_charges & self._columns.pays, captured, 0)
        self._given_back = np.where(given_back & self._columns.pays, captured, 0)
        self._voided = np.where(successful & ~self._columns.pays, captured, 0)
        self._returned = self._columns.of_any_charge(given_back | (self._voided != 0))
        disputes = judged.books.disputes
        lost = disputes[c.CHARGE_ID][c.equals(disputes, c.STATUS, DisputeStatus.LOST)]
        self._lost = self._columns.of_any_charge(c.is_in(self._charge_ids, lost))
        elsewhere = self._columns.of_any_charge(self._columns.pays & ~sides.all_charges)
        self._elsewhere = elsewhere | self._columns.of_any_order(~sides.all_orders)
        self._expects = self._columns.of_any_order(self._columns.expects)
        self._linked_by_hand = sides.all_orders & c.is_in(self._order_ids, reasons.linked)
        self._words = self._words_of_cases()

    def gaps(self, left: Ints, right: Ints, of_order: Mask, of_charge: Mask) -> Iterator[Gap]:
        """Of each case that the range touches, in one currency: what lies outside, and why it differs."""
        in_range = self._by_case(-left, right)
        touched = self._by_case((left != 0).astype(np.int64), (right != 0).astype(np.int64)) != 0
        ordered = np.where(of_order, self.ordered, 0)
        taken = np.where(of_charge, self.taken, 0)
        whole = np.where(touched, self._by_case(-ordered, taken), 0)
        beyond = in_range - whole
        nothing = np.zeros_like(ordered)
        given_back = self._by_case(nothing, np.where(of_charge, self._given_back, 0))
        voided = self._by_case(nothing, np.where(of_charge, self._voided, 0))
        for case in np.flatnonzero(touched & self._linked_by_hand & (whole == 0)).tolist():
            yield self._reasons.linked[self._order_ids.iloc[case]], self._order_ids.iloc[case], 0
        in_other_states = self._in_other_states(of_order)
        differing = np.flatnonzero((whole != 0) | (beyond != 0))
        for case, order_id in zip(differing.tolist(), self._order_ids.iloc[differing], strict=True):
            if beyond[case]:
                yield EDGE, order_id, int(beyond[case])
            if whole[case]:
                parts = {"charges given back in full": int(given_back[case])}
                parts["refunded orders whose charge was voided"] = -int(voided[case])
                yield from self._explained(case, order_id, int(whole[case]), parts, in_other_states.get(case, ()))

    def gaps_alone(self, right: Ints) -> Iterator[Gap]:
        """The charges of the range that no order has."""
        contested = set(self._judged.matching.contested)
        of_unread_rows = set(self._judged.matching.order_unread)
        by_design = self._columns.by_design
        waits = self._columns.charges_that_wait
        judged = self._judged.scope.charges & ~self._judged.scope.earlier
        alone = np.flatnonzero((right != 0) & ~self._linked)
        for place, charge_id in zip(alone.tolist(), self._charge_ids.iloc[alone], strict=True):
            why = self._reasons.charges.get(charge_id, "")
            if not why and place in contested:
                why = "charges of which several could pay an order (match_ambiguous)"
            if not why and place in of_unread_rows:
                why = _UNREAD_FILE if self._unread_file[place] else _UNREAD_ROW
            if not why and by_design[place]:
                why = "charges without an order by design"
            if not why and waits[place]:
                why = CHARGES_THAT_WAIT
            if not why and not judged[place]:
                why = _NOT_JUDGED
            yield why, charge_id, int(right[place])

    def _in_other_states(self, of_order: Mask) -> dict[int, list[Gap]]:
        """By case of several orders, of which some expect a charge, what each of the others is over, and why not."""
        roots = self._judged.matching.stands_for
        wanted = self._sides.all_orders & of_order & (self._columns.of_several_orders & self._expects)[roots]
        amounts = self._judged.books.orders[c.AMOUNT]
        result: dict[int, list[Gap]] = {}
        for why, status in ((_CANCELLED, OrderStatus.CANCELLED), (_NOT_DUE, OrderStatus.PENDING)):
            for place in np.flatnonzero(wanted & self._columns.orders_in(status)).tolist():
                gap = (why, self._order_ids.iloc[place], int(amounts.iloc[place]))
                result.setdefault(int(roots[place]), []).append(gap)
        return result

    def _explained(
        self, case: int, order_id: str, gap: int, parts: Mapping[str, int], of_others: Sequence[Gap]
    ) -> Iterator[Gap]:
        """`of_others` are told where no break says anything, as `parts` are; these, too, where one is the whole."""
        words = self._words.get(case, "")
        for why, part in parts.items():
            if part and (gap == part or (not words and abs(gap - part) < abs(gap))):
                yield why, order_id, part
                gap -= part
        if gap and of_others and not words:
            tried = subsets(of_others, lambda other: other[2])
            nearest = min(tried, key=lambda chosen: abs(gap - sum(amount for _, _, amount in chosen)))
            yield from nearest
            gap -= sum(amount for _, _, amount in nearest)
        if gap:
            yield words or self._why(case, gap), order_id, gap

    def _why(self, case: int, gap: int) -> str:
        """Why a case differs of which no break says anything; empty where nothing does."""
        if abs(gap) <= self._columns.allowed_difference[case]:
            return "within the tolerance"
        if self._elsewhere[case]:
            return "the other side stands in another account"
        if not self._expects[case]:
            status = self._judged.books.orders[c.STATUS].iloc[case]
            return _NOT_DUE if status == OrderStatus.PENDING else _CANCELLED
        if self._returned[case]:
            return "charges given back in full"
        if self._lost[case]:
            return "charges that lost disputes took back"
        if self._judged.scope.kept_aside[case] or self._judged.scope.unknown[case]:
            return "orders of which a charge could not be read, or has an unknown status"
        if self._judged.scope.unread_orders[case]:
            return "orders of a source that could not be read"
        if self._judged.scope.unpulled[case]:
            return "orders of days that were not pulled"
        if not self._judged.scope.orders[case]:
            return _NOT_JUDGED
        if self._columns.orders_that_wait[case]:
            return ORDERS_THAT_WAIT
        return "orders with an amount of zero" if self._judged.triage.zero[case] else ""

    def _words_of_cases(self) -> dict[int, str]:
        """Per case what a break says of one of its orders, of the account."""
        spoken_of = c.is_in(self._order_ids, self._reasons.orders) & self._sides.all_orders
        words: dict[int, str] = {}
        for mask, said in ((spoken_of, self._reasons.orders), (self._linked_by_hand, self._reasons.linked)):
            places = np.flatnonzero(mask)
            cases = self._judged.matching.stands_for[places].tolist()
            for case, order_id in zip(cases, self._order_ids.iloc[places], strict=True):
                words.setdefault(case, said[order_id])
        return words

    def _by_case(self, of_orders: Ints, of_charges: Ints) -> Ints:
        """Exact sums per case, of its orders and its charges together."""
        cases = len(self._order_ids)
        ordered = c.sums_at(self._judged.matching.stands_for, cases, of_orders)
        return ordered + c.sums_at(self._case_of[self._linked], cases, of_charges[self._linked])


def account_proofs(
    account: Account,
    judged: Judged,
    window: Window,
    days: tuple[date, date],
    breaks: Iterable[KnownBreak],
    hand_links: Iterable[Ruling],
    context: Context,
) -> AccountProofs:
    """Every proof of one account and range; `breaks` are all that are known of it, also those that people closed."""
    books = judged.books
    reasons = reasons_of(breaks, account.name, books, hand_links)
    reasons = replace(reasons, waits=_waiting(account.name, judged, window))
    if account.name in unread_ledgers(judged.books):
        reasons = replace(reasons, balance=reasons.balance or "transactions that could not be read")
    proofs = (
        *orders_to_charges(judged, sides_of(books, account.name, window), reasons),
        *charges_to_sales(books, judged.settled.ledger, account, days, judged.triage.columns.pays, reasons),
        *_to_ledger_balance_and_bank(judged, account, window, days, reasons, context),
    )
    return AccountProofs(account, days, proofs)


def _waiting(account: str, judged: Judged, window: Window) -> dict[str, str]:
    """By id what of the range was left out of judgement, so that no break can speak of it."""
    books = judged.books
    ledger = judged.settled.ledger
    wrong = judged.settled.discrepancies
    rows = books.transactions
    lines = books.bank_lines
    booked = c.created_in(rows, account, window) & ~judged.scope.transactions
    charges = c.successful(books.charges) & (ledger.charge_at < 0) & ~wrong.missing_charges
    refunds = ~c.equals(books.refunds, c.STATUS, "failed") & (ledger.refund_at < 0) & ~wrong.missing_refunds
    names = [
        rows[c.TRANSACTION_ID][booked],
        books.charges[c.CHARGE_ID][charges],
        books.refunds[c.REFUND_ID][refunds],
        *([lines[c.LINE_ID][~judged.scope.bank_lines]] if len(lines) else []),
    ]
    return {name: NOT_JUDGED for column in names for name in column}


def _to_ledger_balance_and_bank(
    judged: Judged, account: Account, window: Window, days: tuple[date, date], reasons: Reasons, context: Context
) -> tuple[Proof, ...]:
    """Charges against the ledger, the ledger against the balance, transfers against the bank."""
    books = judged.books
    settled = judged.settled
    lines = books.bank_lines
    booked_on = lines[c.BOOKED_ON][c.of_account(lines, account.name)] if len(lines) else lines
    terms = BankTerms(
        due=last_day_without_credit(account.name, context),
        fee=context.bank_fees.get(account.name, 0),
        since=str(booked_on.min()) if len(booked_on) else "",
    )
    return (
        *tie_out.charges_to_ledger(books, settled.ledger, account, window, reasons),
        *balance.closing_proof(books, account, days, reasons),
        *balance.proof(books, account.name, reasons),
        *tie_out.transfers_to_bank(settled.settlement.banked, account, days, terms, reasons),
    )
