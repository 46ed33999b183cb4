"""Does the ledger hold what each charge and refund says, and is each fee right? The group "Ledger and fees".

What disagrees was found by `recon.settlement` in whole columns; it is put into words here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from recon import columns as c
from recon.arrays import Ints, Mask
from recon.columnar import np, pd
from recon.model import Break, Exposure, Severity
from recon.rules.rule import PULL, BySign, Rule
from recon.settings import Context
from recon.settlement.ledger import unknown_kinds
from recon.settlement.tie_out import CHARGES_TO_LEDGER
from recon.triage import Judged
from recon.triage.kept_aside import unread_ledgers

GROUP = "Ledger and fees"
_OF_CHARGE = [c.ACCOUNT, c.CHARGE_ID, c.NET, c.FUNDING_CURRENCY, c.TRANSACTION_ID]
_OF_REFUND = [c.ACCOUNT, c.REFUND_ID, c.CHARGE_ID, c.FUNDING_AMOUNT, c.FUNDING_CURRENCY, c.TRANSACTION_ID]


def _transaction_missing(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    books = judged.books
    wrong = judged.settled.discrepancies
    words = context.currencies.words
    charges = rows_of(books.charges, wrong.missing_charges & judged.scope.charges, _OF_CHARGE)
    for account, charge, net, currency, transaction in charges:
        yield rule.on(
            context,
            account,
            charge,
            f"Charge {charge} is successful and should have credited {words(net, currency)}, but "
            f"{_why_missing(transaction)}.",
            currency=currency,
            expected=net,
            actual=0,
            transaction_id=text_or_none(transaction),
        )
    refunds = rows_of(books.refunds, wrong.missing_refunds & judged.scope.refunds, _OF_REFUND)
    for account, refund, charge, amount, currency, transaction in refunds:
        yield rule.on(
            context,
            account,
            refund,
            f"Refund {refund} of charge {charge} should have debited {words(amount, currency)}, but "
            f"{_why_missing(transaction)}.",
            subject_type="refund",
            currency=currency,
            expected=-amount,
            actual=0,
            charge_id=charge,
            transaction_id=text_or_none(transaction),
        )


def _why_missing(transaction: object) -> str:
    transaction_id = text_or_none(transaction)
    return (
        f"Omise does not know its transaction {transaction_id}"
        if transaction_id
        else "it names no balance transaction"
    )


def _transaction_differs(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    books = judged.books
    ledger = judged.settled.ledger
    wrong = judged.settled.discrepancies
    words = context.currencies.words
    charges = wrong.charges & judged.scope.charges
    charge_rows = zip(
        rows_of(books.charges, charges, _OF_CHARGE), ledger.signed[ledger.charge_at[charges]].tolist(), strict=True
    )
    for (account, charge, net, currency, transaction), moved in charge_rows:
        yield rule.on(
            context,
            account,
            charge,
            f"Charge {charge} has a net of {words(net, currency)}, but its transaction {transaction} moved "
            f"the balance by {words(moved, currency)}.",
            currency=currency,
            expected=net,
            actual=moved,
            transaction_id=transaction,
        )
    refunds = wrong.refunds & judged.scope.refunds
    refund_rows = zip(
        rows_of(books.refunds, refunds, _OF_REFUND), ledger.signed[ledger.refund_at[refunds]].tolist(), strict=True
    )
    for (account, refund, charge, amount, currency, transaction), moved in refund_rows:
        yield rule.on(
            context,
            account,
            refund,
            f"Refund {refund} of charge {charge} gives back {words(amount, currency)}, but its transaction "
            f"{transaction} moved the balance by {words(moved, currency)}.",
            subject_type="refund",
            currency=currency,
            expected=-amount,
            actual=moved,
            charge_id=charge,
            transaction_id=transaction,
        )


def _fee_differs(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    by_rate = judged.settled.fees_by_rate
    by_contract = judged.settled.fees_by_contract
    words = "a fee of {}, but the rate on the charge"
    yield from _fee_breaks(rule, judged, context, c.FEE, by_rate.wrong_fee, by_rate.fee, words)
    other = by_contract.wrong_fee & ~by_rate.wrong_fee
    words = "a fee of {}, but the contract rate"
    yield from _fee_breaks(rule, judged, context, c.FEE, other, by_contract.fee, words)


def _vat_differs(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    by_rate = judged.settled.fees_by_rate
    by_contract = judged.settled.fees_by_contract
    words = "VAT of {} on its fee, but the VAT rate on the charge"
    yield from _fee_breaks(rule, judged, context, c.FEE_VAT, by_rate.wrong_vat, by_rate.vat, words)
    other = by_contract.wrong_vat & ~by_rate.wrong_vat
    words = "VAT of {} on its fee, but the contract VAT rate"
    yield from _fee_breaks(rule, judged, context, c.FEE_VAT, other, by_contract.vat, words)


def _fee_breaks(
    rule: Rule, judged: Judged, context: Context, name: str, wrong: Mask, expected: Ints, words: str
) -> Iterator[Break]:
    names = [c.ACCOUNT, c.CHARGE_ID, name, c.FUNDING_CURRENCY, c.FUNDING_AMOUNT]
    rows = zip(rows_of(judged.settled.misbilled, wrong, names), expected[wrong].tolist(), strict=True)
    for (account, charge, charged, currency, base), due in rows:
        fee = words.format(context.currencies.words(charged, currency))
        yield rule.on(
            context,
            account,
            charge,
            f"Charge {charge} over {context.currencies.words(base, currency)} has {fee} comes to "
            f"{context.currencies.words(due, currency)}.",
            currency=currency,
            expected=due,
            actual=charged,
        )


def _unexplained(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    ledger = judged.settled.ledger
    wrong = judged.settled.discrepancies
    odd = (wrong.unknown_origin | (wrong.impossible & ~_told(judged)) | wrong.of_failed) & judged.scope.transactions
    names = [c.ACCOUNT, c.TRANSACTION_ID, c.ORIGIN, c.CURRENCY, c.DIRECTION, c.KEY]
    rows = zip(
        rows_of(judged.books.transactions, odd, names),
        ledger.signed[odd].tolist(),
        ledger.kinds[odd].tolist(),
        wrong.unknown_origin[odd].tolist(),
        wrong.of_failed[odd].tolist(),
        ledger.origin_at[odd].tolist(),
        strict=True,
    )
    statuses = {"charge": judged.books.charges[c.STATUS], "refund": judged.books.refunds[c.STATUS]}
    for (account, transaction, origin_cell, currency, direction, key), moved, kind, unknown, failed, at in rows:
        origin = text_or_none(origin_cell)
        why = f"which cannot be for the {kind} {origin}" if origin else "and it names nothing that it comes from"
        if unknown and origin:
            why = f"for the {kind} {origin}, which Omise does not know"
        elif failed:
            why = f'for the {kind} {origin}, which is "{statuses[kind].iloc[at]}", and nothing undid it'
        ids = {f"{kind}_id": origin} if origin and kind in ("charge", "refund", "transfer", "dispute") else {}
        amount = context.currencies.words(abs(moved), currency)
        yield rule.on(
            context,
            account,
            transaction,
            f'Transaction {transaction} ("{key}") is a {direction} of {amount}, {why}.',
            currency=currency,
            expected=0,
            actual=moved,
            **ids,
        )
    yield from _unknown_kinds(rule, judged, context)


def _told(judged: Judged) -> Mask:
    """Per transaction whether it is a refund's own and a break of that refund's charge tells it already."""
    refunds = judged.books.refunds
    own = judged.settled.discrepancies.refunds & c.is_in(refunds[c.CHARGE_ID], judged.spoken)
    return c.mask_at(judged.settled.ledger.refund_at[own], len(judged.books.transactions))


def _unknown_kinds(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    """One break per account and kind of origin that is not known here, on its first transaction ever stored."""
    ledger = judged.settled.ledger
    rows = judged.books.transactions
    for (account, kind), places in unknown_kinds(judged.books, ledger).items():
        if not judged.scope.transactions[places].any():
            continue
        first = rows.iloc[places[0]]
        transaction = first[c.TRANSACTION_ID]
        currency = first[c.CURRENCY]
        moved = int(ledger.signed[places[0]])
        yield rule.on(
            context,
            account,
            transaction,
            f'Transaction {transaction} ("{first[c.KEY]}") is a {first[c.DIRECTION]} of '
            f"{context.currencies.words(abs(moved), currency)} for {first[c.ORIGIN]}, and nothing of the kind "
            f'"{kind}" is known here. This is the first that was stored; a decision on it holds for all of its kind.',
            currency=currency,
            expected=0,
            actual=moved,
        )


def _balance_differs(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    """One break per account whose last reading is not its first plus what was booked since."""
    readings = judged.books.readings
    words = context.currencies.words
    unread = unread_ledgers(judged.books)
    for account, rows in readings.groupby(c.ACCOUNT, sort=True) if len(readings) else ():
        if account in unread:  # what could not be read moved the balance, too
            continue
        totals = rows[c.TOTAL].tolist()
        booked = rows[c.SINCE_FIRST].tolist()
        differences = [total - totals[0] - since_first for total, since_first in zip(totals, booked, strict=True)]
        if differences[-1] == 0:
            continue
        first_wrong = len(differences) - 1
        while differences[first_wrong - 1]:
            first_wrong -= 1
        differed_at = rows[c.READ_AT].iloc[first_wrong].astimezone(context.calendar(str(account)).zone)
        currency = str(rows[c.CURRENCY].iloc[-1])
        expected = totals[0] + booked[-1]
        yield rule.on(
            context,
            str(account),
            str(account),
            f"Omise says a balance of {words(totals[-1], currency)}; the reading of "
            f"{rows[c.READ_AT].iloc[0]:%Y-%m-%d} and what was booked since come to "
            f"{words(expected, currency)}. It first differed on {differed_at:%Y-%m-%d}.",
            currency=currency,
            expected=expected,
            actual=totals[-1],
            occurred_on=differed_at.date(),
        )


def rows_of(frame: pd.DataFrame, chosen: Mask, names: list[str]) -> list[tuple[Any, ...]]:
    """The chosen rows of these columns; a null of a text column is NaN."""
    places = np.flatnonzero(chosen)
    return list(zip(*(frame[name].iloc[places] for name in names), strict=True)) if len(places) else []


def text_or_none(cell: object) -> str | None:
    """A cell of a text column."""
    return cell if isinstance(cell, str) else None


RULES = (
    Rule(
        "transaction_missing",
        Severity.HIGH,
        "charge",
        "A successful charge or a refund names no balance transaction, or one that Omise does not know.",
        "Ask Omise's support where the money of this charge or refund is booked.",
        find=_transaction_missing,
        proof=CHARGES_TO_LEDGER,
        title="Not booked in Omise's balance",
        exposure=BySign(less=Exposure.OWED_TO_US, more=Exposure.TIMING),
    ),
    Rule(
        "transaction_amount_mismatch",
        Severity.HIGH,
        "charge",
        "The balance moved by another amount than the charge's net, or than the refund.",
        "Ask Omise's support why the ledger and the charge or refund differ.",
        find=_transaction_differs,
        proof=CHARGES_TO_LEDGER,
        title="Booked with another amount",
        exposure=BySign(less=Exposure.OWED_TO_US, more=Exposure.TIMING),
    ),
    Rule(
        "fee_mismatch",
        Severity.MEDIUM,
        "charge",
        "The fee is not what the rate on the charge, or the contract rate, comes to.",
        "Compare the rate with the contract; claim the difference from Omise, or have [fees.ACCOUNT] corrected.",
        find=_fee_differs,
        title="Fee is not what the rate says",
        exposure=BySign(less=Exposure.NO_CASH, more=Exposure.OWED_TO_US),
    ),
    Rule(
        "fee_vat_mismatch",
        Severity.LOW,
        "charge",
        "The VAT on the fee is not its rate times the fee as charged.",
        "Compare with the tax invoice of the month; ask Omise for a corrected one where it is wrong, too.",
        find=_vat_differs,
        title="The VAT on the fee is not right",
        exposure=BySign(less=Exposure.NO_CASH, more=Exposure.OWED_TO_US),
    ),
    Rule(
        "transaction_unexplained",
        Severity.MEDIUM,
        "transaction",
        "The balance moved for something that Omise does not know or that failed, in a direction that it cannot "
        "have, or for a kind of thing that is not known here (one break per kind).",
        "Ask Omise's support what the transaction is for.",
        find=_unexplained,
        proof=CHARGES_TO_LEDGER,
        title="Balance moved without a reason",
        exposure=BySign(less=Exposure.LOST, more=Exposure.TIMING),
    ),
    Rule(
        "balance_mismatch",
        Severity.CRITICAL,
        "account",
        "An earlier reading of the balance and what was booked since do not come to the balance now.",
        "Run `recon backfill` over the days since; if it stays, ask Omise's support which movement is missing.",
        find=_balance_differs,
        needs=PULL,
        title="Balance is not what was booked",
        exposure=BySign(less=Exposure.OWED_TO_US, more=Exposure.TIMING),
    ),
)
