"""Does the ledger hold what each charge and refund says, and is each fee right? The group "Ledger and fees".

Masks come from `recon.settlement.ledger` and `recon.settlement.fees`; only what disagrees is put into words here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from recon import columns as c
from recon.arrays import Mask
from recon.model import Books, Break, ChargeStatus, Severity
from recon.rules.rule import Rule
from recon.settings import Context
from recon.settlement import fees
from recon.settlement.ledger import Ledger, Wrong

GROUP = "Ledger and fees"

TRANSACTION_MISSING = Rule(
    "transaction_missing",
    GROUP,
    Severity.HIGH,
    "charge",
    "A successful charge or a refund names no balance transaction, or one that Omise does not know.",
    "Ask Omise's support where the money of this charge or refund is booked.",
)
TRANSACTION_AMOUNT_MISMATCH = Rule(
    "transaction_amount_mismatch",
    GROUP,
    Severity.HIGH,
    "charge",
    "The balance moved by another amount than the charge's net, or than the refund.",
    "Ask Omise's support why the ledger and the charge or refund differ.",
)
FEE_MISMATCH = Rule(
    "fee_mismatch",
    GROUP,
    Severity.MEDIUM,
    "charge",
    "The fee is not what the rate on the charge, or the contract rate, comes to.",
    "Compare the rate with the contract; claim the difference from Omise, or correct [fees.ACCOUNT].",
)
FEE_VAT_MISMATCH = Rule(
    "fee_vat_mismatch",
    GROUP,
    Severity.LOW,
    "charge",
    "The VAT on the fee is not its rate times the fee as charged.",
    "Compare with the tax invoice of the month; ask Omise for a corrected one where it is wrong, too.",
)
TRANSACTION_UNEXPLAINED = Rule(
    "transaction_unexplained",
    GROUP,
    Severity.MEDIUM,
    "transaction",
    "The balance moved for something that Omise does not know, or in a direction that it cannot have.",
    "Ask Omise's support what the transaction is for.",
)
BALANCE_MISMATCH = Rule(
    "balance_mismatch",
    GROUP,
    Severity.CRITICAL,
    "account",
    "An earlier reading of the balance and what was booked since do not come to the balance now.",
    "Run `recon backfill` over the days since; if it stays, ask Omise's support which movement is missing.",
)

RULES = (
    TRANSACTION_MISSING,
    TRANSACTION_AMOUNT_MISMATCH,
    FEE_MISMATCH,
    FEE_VAT_MISMATCH,
    TRANSACTION_UNEXPLAINED,
    BALANCE_MISMATCH,
)


@dataclass(frozen=True)
class Judges:
    """Which rows of the books are judged: masks over charges, refunds and transactions."""

    charges: Mask
    refunds: Mask
    transactions: Mask


@dataclass
class _Group:
    """The group's precedence: what has spoken of a charge silences the rules after it."""

    context: Context
    spoken: set[str] = field(default_factory=set)

    def raised(self, rule: Rule, found: Callable[[], Iterator[Break]]) -> Iterator[Break]:
        if not rule.enabled(self.context):
            return
        fresh = [one for one in found() if _whose(one) not in self.spoken]
        self.spoken.update(_whose(one) for one in fresh)
        yield from fresh


def ledger_breaks(books: Books, ledger: Ledger, wrong: Wrong, judged: Judges, context: Context) -> Iterator[Break]:
    """Every break of the group but the balance's; of each charge and its refunds the first that applies."""
    group = _Group(context)
    charges, refunds = wrong.missing_charges & judged.charges, wrong.missing_refunds & judged.refunds
    yield from group.raised(TRANSACTION_MISSING, lambda: _missing(books, charges, refunds, context))
    other, back = wrong.charges & judged.charges, wrong.refunds & judged.refunds
    yield from group.raised(TRANSACTION_AMOUNT_MISMATCH, lambda: _amounts(books, ledger, other, back, context))
    successful = judged.charges & (books.charges[c.STATUS] == ChargeStatus.SUCCESSFUL).to_numpy(dtype=bool)
    rows = books.charges.iloc[np.flatnonzero(successful)].reset_index(drop=True)
    proofs = (
        ("the rate on the charge", fees.by_own_rates(rows)),
        ("the contract rate", fees.by_contract(rows, context.contract)),
    )
    yield from group.raised(FEE_MISMATCH, lambda: _fees(rows, proofs, context))
    yield from group.raised(FEE_VAT_MISMATCH, lambda: _vats(rows, proofs, context))
    odd = (wrong.unknown_origin | wrong.impossible) & judged.transactions
    yield from group.raised(TRANSACTION_UNEXPLAINED, lambda: _unexplained(books, ledger, wrong, odd, context))


def balance_breaks(readings: pd.DataFrame, context: Context) -> Iterator[Break]:
    """One break per account whose last reading (READINGS) is not its first plus what was booked since."""
    if not len(readings) or not BALANCE_MISMATCH.enabled(context):
        return
    for account, mine in readings.groupby(c.ACCOUNT, sort=True):
        totals, growth = mine[c.TOTAL].tolist(), mine[c.SINCE_FIRST].tolist()
        off = [total - totals[0] - grown for total, grown in zip(totals, growth, strict=True)]
        if off[-1] == 0:
            continue
        since = len(off) - 1
        while off[since - 1]:
            since -= 1
        at = mine[c.READ_AT].iloc[since].astimezone(context.calendar(str(account)).zone)
        currency = str(mine[c.CURRENCY].iloc[-1])
        yield _break(
            BALANCE_MISMATCH,
            context,
            str(account),
            str(account),
            f"Omise says a balance of {_show(totals[-1], currency, context)}; the reading of "
            f"{mine[c.READ_AT].iloc[0]:%Y-%m-%d} and what was booked since come to "
            f"{_show(totals[0] + growth[-1], currency, context)}. It first differed on {at:%Y-%m-%d}.",
            currency=currency,
            expected=totals[0] + growth[-1],
            actual=totals[-1],
            amount_at_risk=abs(off[-1]),
        )


def _missing(books: Books, charges: Mask, refunds: Mask, context: Context) -> Iterator[Break]:
    names = [c.ACCOUNT, c.CHARGE_ID, c.NET, c.FUNDING_CURRENCY, c.TRANSACTION_ID]
    for account, charge, net, currency, named in _rows(books.charges, charges, names):
        yield _break(
            TRANSACTION_MISSING,
            context,
            account,
            charge,
            f"Charge {charge} is successful and should have credited {_show(net, currency, context)}, but "
            f"{_why_missing(named)}.",
            currency=currency,
            expected=net,
            actual=0,
            amount_at_risk=abs(net),
            charge_id=charge,
            transaction_id=_text(named),
        )
    names = [c.ACCOUNT, c.REFUND_ID, c.CHARGE_ID, c.FUNDING_AMOUNT, c.FUNDING_CURRENCY, c.TRANSACTION_ID]
    for account, refund, charge, amount, currency, named in _rows(books.refunds, refunds, names):
        yield _break(
            TRANSACTION_MISSING,
            context,
            account,
            refund,
            f"Refund {refund} of charge {charge} should have debited {_show(amount, currency, context)}, but "
            f"{_why_missing(named)}.",
            subject_type="refund",
            currency=currency,
            expected=-amount,
            actual=0,
            amount_at_risk=amount,
            refund_id=refund,
            charge_id=charge,
            transaction_id=_text(named),
        )


def _why_missing(named: object) -> str:
    known = _text(named)
    return f"Omise does not know its transaction {known}" if known else "it names no balance transaction"


def _amounts(books: Books, ledger: Ledger, charges: Mask, refunds: Mask, context: Context) -> Iterator[Break]:
    booked = pd.Series(ledger.signed)
    names = [c.ACCOUNT, c.CHARGE_ID, c.NET, c.FUNDING_CURRENCY, c.TRANSACTION_ID]
    moved = booked.iloc[ledger.charge_at[charges]].tolist()
    for (account, charge, net, currency, transaction), was in zip(
        _rows(books.charges, charges, names), moved, strict=True
    ):
        yield _break(
            TRANSACTION_AMOUNT_MISMATCH,
            context,
            account,
            charge,
            f"Charge {charge} has a net of {_show(net, currency, context)}, but its transaction {transaction} moved "
            f"the balance by {_show(was, currency, context)}.",
            currency=currency,
            expected=net,
            actual=was,
            amount_at_risk=abs(was - net),
            charge_id=charge,
            transaction_id=transaction,
        )
    names = [c.ACCOUNT, c.REFUND_ID, c.CHARGE_ID, c.FUNDING_AMOUNT, c.FUNDING_CURRENCY, c.TRANSACTION_ID]
    moved = booked.iloc[ledger.refund_at[refunds]].tolist()
    for (account, refund, charge, amount, currency, transaction), was in zip(
        _rows(books.refunds, refunds, names), moved, strict=True
    ):
        yield _break(
            TRANSACTION_AMOUNT_MISMATCH,
            context,
            account,
            refund,
            f"Refund {refund} of charge {charge} gives back {_show(amount, currency, context)}, but its transaction "
            f"{transaction} moved the balance by {_show(was, currency, context)}.",
            subject_type="refund",
            currency=currency,
            expected=-amount,
            actual=was,
            amount_at_risk=abs(was + amount),
            refund_id=refund,
            charge_id=charge,
            transaction_id=transaction,
        )


def _fees(rows: pd.DataFrame, proofs: tuple[tuple[str, fees.Proved], ...], context: Context) -> Iterator[Break]:
    said = np.zeros(len(rows), dtype=bool)
    for what, proved in proofs:
        wrong = proved.wrong_fee & ~said
        said |= wrong
        words = f"a fee of {{}}, but {what}"
        yield from _fee_breaks(FEE_MISMATCH, rows, wrong, c.FEE, proved.fee[wrong].tolist(), words, context)


def _vats(rows: pd.DataFrame, proofs: tuple[tuple[str, fees.Proved], ...], context: Context) -> Iterator[Break]:
    said = np.zeros(len(rows), dtype=bool)
    for what, proved in proofs:
        wrong = proved.wrong_vat & ~said
        said |= wrong
        words = f"VAT of {{}} on its fee, but {what.replace('rate', 'VAT rate')}"
        yield from _fee_breaks(FEE_VAT_MISMATCH, rows, wrong, c.FEE_VAT, proved.vat[wrong].tolist(), words, context)


def _fee_breaks(
    rule: Rule, rows: pd.DataFrame, wrong: Mask, name: str, due: list[int], words: str, context: Context
) -> Iterator[Break]:
    names = [c.ACCOUNT, c.CHARGE_ID, name, c.FUNDING_CURRENCY, c.FUNDING_AMOUNT]
    for (account, charge, was, currency, base), should in zip(_rows(rows, wrong, names), due, strict=True):
        charged = words.format(_show(was, currency, context))
        yield _break(
            rule,
            context,
            account,
            charge,
            f"Charge {charge} over {_show(base, currency, context)} has {charged} comes to "
            f"{_show(should, currency, context)}.",
            currency=currency,
            expected=should,
            actual=was,
            amount_at_risk=abs(was - should),
            charge_id=charge,
        )


def _unexplained(books: Books, ledger: Ledger, wrong: Wrong, odd: Mask, context: Context) -> Iterator[Break]:
    names = [c.ACCOUNT, c.TRANSACTION_ID, c.ORIGIN, c.CURRENCY, c.DIRECTION, c.KEY]
    facts = zip(
        _rows(books.transactions, odd, names),
        ledger.signed[odd].tolist(),
        ledger.kinds[odd].tolist(),
        wrong.unknown_origin[odd].tolist(),
        strict=True,
    )
    for (account, transaction, named, currency, direction, key), moved, kind, unknown in facts:
        origin = _text(named)
        why = f"which cannot be for the {kind} {origin}" if origin else "and it names nothing that it comes from"
        if unknown and origin:
            why = f"for the {kind} {origin}, which Omise does not know"
        ids = {f"{kind}_id": origin} if origin and kind in ("charge", "refund", "transfer", "dispute") else {}
        yield _break(
            TRANSACTION_UNEXPLAINED,
            context,
            account,
            transaction,
            f'Transaction {transaction} ("{key}") is a {direction} of {_show(abs(moved), currency, context)}, {why}.',
            currency=currency,
            expected=0,
            actual=moved,
            amount_at_risk=abs(moved),
            transaction_id=transaction,
            **ids,
        )


def _break(rule: Rule, context: Context, account: str, subject: str, explanation: str, **fields: Any) -> Break:
    facts: dict[str, Any] = {"subject_type": rule.subject, "suggestion": rule.action} | fields
    return Break(
        code=rule.code,
        severity=rule.severity_in(context),
        account=account,
        subject_id=subject,
        explanation=explanation,
        **facts,
    )


def _rows(frame: pd.DataFrame, chosen: Mask, names: list[str]) -> list[tuple[Any, ...]]:
    return list(frame[names].iloc[np.flatnonzero(chosen)].itertuples(index=False, name=None))


def _text(value: object) -> str | None:
    """A null of a text column is NaN."""
    return value if isinstance(value, str) else None


def _show(amount: int, currency: str, context: Context) -> str:
    return f"{currency} {context.currencies.show(amount, currency)}"


def _whose(found: Break) -> str:
    return found.charge_id or found.transfer_id or found.subject_id
