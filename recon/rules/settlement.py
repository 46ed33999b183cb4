"""Does money arrive at the bank? The rules of "Settlement and bank".

`transfer_stuck` judges cases; all others read in columns what `recon.settlement` has rebuilt.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
import pandas as pd

from recon import columns as c
from recon.arrays import Mask
from recon.calendars import local_day
from recon.methods.deadlines import TRANSFER_DAYS, local, transfer_arrives
from recon.model import Books, Break, Case, Settlement, Severity, Transfer
from recon.rules.rule import Rule
from recon.settings import Context
from recon.settlement.ledger import Ledger

GROUP = "Settlement and bank"
SETTLEMENT_DAYS = 3  # [rules.settlement_overdue] business_days
BANK_DAYS = 2  # [rules.bank_credit_missing] business_days
# Less than this cannot be transferred (docs.omise.co/currency-and-amount); no minimum of other currencies is known.
SMALLEST_TRANSFER = {"THB": 3_000, "JPY": 260}


def _transfer_stuck(rule: Rule, case: Case, transfer: Transfer, context: Context) -> Break | None:
    del case
    due = transfer_arrives(transfer, context) if transfer.is_open else None
    if due is None or transfer.sent_at is None or context.as_of <= due.at:
        return None
    net = f"{transfer.net.currency} {context.currencies.show(transfer.net.amount, transfer.net.currency)}"
    return rule.on_thing(
        transfer,
        context,
        f"Transfer {transfer.id} over {net} net was sent {local(transfer.sent_at, transfer.account, context)} and is "
        f"not paid: {due.why} ended with {local(due.at, transfer.account, context).removeprefix('the end of ')}.",
        expected=transfer.net.amount,
        actual=0,
        amount_at_risk=transfer.net.amount,
        due_by=due.at,
    )


SETTLEMENT_OVERDUE = Rule(
    "settlement_overdue",
    GROUP,
    Severity.MEDIUM,
    "charge",
    "Money has been transferable for some business days and is not paid out; one break per day, its first charge.",
    "Make a transfer, or check the transfer schedule; where money is left at Omise on purpose, switch the rule off.",
    thresholds={"business_days": SETTLEMENT_DAYS},
)
TRANSFER_FAILED = Rule(
    "transfer_failed",
    GROUP,
    Severity.CRITICAL,
    "transfer",
    "A transfer to the bank failed.",
    "Correct the recipient's bank account, or wait for a sufficient balance, and transfer again.",
)
TRANSFER_AMOUNT_MISMATCH = Rule(
    "transfer_amount_mismatch",
    GROUP,
    Severity.HIGH,
    "transfer",
    "A transfer's amount is not its net plus its fees, or not what its transaction took from the balance.",
    "Ask Omise's support which of the amounts is right.",
)
BANK_CREDIT_MISSING = Rule(
    "bank_credit_missing",
    GROUP,
    Severity.HIGH,
    "transfer",
    "Omise says that a transfer is paid, and the bank statements have no credit of it.",
    "Load the newest statement; if it is not there either, ask Omise's support for the bank's reference.",
    thresholds={"business_days": BANK_DAYS},
)
BANK_AMOUNT_MISMATCH = Rule(
    "bank_amount_mismatch",
    GROUP,
    Severity.HIGH,
    "transfer",
    "The bank credited another amount than the transfer's net.",
    "Ask the bank what it kept; a usual fee can be allowed as fee_bound in [bank.NAME].",
)
BANK_CREDIT_UNEXPLAINED = Rule(
    "bank_credit_unexplained",
    GROUP,
    Severity.MEDIUM,
    "bank_line",
    "A credit on a statement looks like Omise's, and no transfer explains it.",
    "Find out who paid it; narrow payout_pattern in [bank.NAME] if it is not Omise's.",
)

RULES = (
    SETTLEMENT_OVERDUE,
    TRANSFER_FAILED,
    TRANSFER_AMOUNT_MISMATCH,
    Rule(
        "transfer_stuck",
        GROUP,
        Severity.HIGH,
        "transfer",
        "A transfer was sent to the bank and is not paid after some business days.",
        "Ask Omise's support for the transfer; check the recipient's bank account.",
        judge_each=_transfer_stuck,
        thresholds={"business_days": TRANSFER_DAYS},
    ),
    BANK_CREDIT_MISSING,
    BANK_AMOUNT_MISMATCH,
    BANK_CREDIT_UNEXPLAINED,
)


@dataclass(frozen=True)
class Judges:
    """What is judged: masks over transfers and bank lines, and per account from which moment on."""

    transfers: Mask
    bank_lines: Mask
    accounts: Mapping[str, datetime | None]


def transfer_breaks(books: Books, ledger: Ledger, judged: Mask, context: Context) -> Iterator[Break]:
    """Transfers that failed, or whose amounts do not fit; either speaks for all else that a transfer may have."""
    rows = books.transfers
    failed = rows[c.FAILURE_CODE].notna().to_numpy(dtype=bool) & ~rows[c.DELETED].to_numpy(dtype=bool)
    if not TRANSFER_FAILED.enabled(context):
        failed[:] = False
    names = [c.ACCOUNT, c.TRANSFER_ID, c.CURRENCY, c.NET, c.AMOUNT, c.FAILURE_CODE]
    for account, id, currency, net, amount, code in _rows(rows, failed & judged, names):
        yield _on_transfer(
            TRANSFER_FAILED,
            context,
            account,
            id,
            currency,
            f'Transfer {id} over {_show(amount, currency, context)} failed: "{code}".',
            expected=net,
            actual=0,
            amount_at_risk=net,
        )
    if not TRANSFER_AMOUNT_MISMATCH.enabled(context):
        return
    amounts = rows[c.AMOUNT].to_numpy(dtype=np.int64)
    whole = (rows[c.NET] + rows[c.TOTAL_FEE]).to_numpy(dtype=np.int64)
    booked = amounts.copy()
    own = np.flatnonzero(ledger.transfer_at >= 0)
    booked[own] = -ledger.signed[ledger.transfer_at[own]]
    wrong = judged & ~failed & ((whole != amounts) | (booked != amounts))
    parts = zip(whole[wrong].tolist(), booked[wrong].tolist(), strict=True)
    for (account, id, currency, _, amount, _), (sum_, taken) in zip(_rows(rows, wrong, names), parts, strict=True):
        other = taken if sum_ == amount else sum_
        why = "its transaction took" if sum_ == amount else "its net and fees come to"
        yield _on_transfer(
            TRANSFER_AMOUNT_MISMATCH,
            context,
            account,
            id,
            currency,
            f"Transfer {id} is over {_show(amount, currency, context)}, but {why} {_show(other, currency, context)}.",
            expected=other,
            actual=amount,
            amount_at_risk=abs(amount - other),
        )


def overdue_breaks(unpaid: pd.DataFrame, judged: Judges, context: Context) -> Iterator[Break]:
    """One break per account and day of `transferable_at` whose credits (UNPAID) should have been paid out."""
    days = context.count(SETTLEMENT_OVERDUE.code, "business_days", SETTLEMENT_DAYS)
    for account, since in judged.accounts.items() if SETTLEMENT_OVERDUE.enabled(context) else ():
        free = (unpaid[c.AVAILABLE_AT] <= context.as_of) & (unpaid[c.ACCOUNT] == account)
        rows = unpaid[free.to_numpy(dtype=bool)]
        if not len(rows) or rows[c.AMOUNT].sum() < SMALLEST_TRANSFER.get(str(rows[c.CURRENCY].iloc[0]), 0):
            continue
        rows = rows[(rows[c.KIND] == "charge").to_numpy(dtype=bool)]
        if since is not None:
            rows = rows[(rows[c.AVAILABLE_AT] >= since).to_numpy(dtype=bool)]
        calendar = context.calendar(account)
        for day, mine in rows.groupby(rows[c.AVAILABLE_AT].dt.tz_convert(calendar.zone).dt.date, sort=True):
            due = calendar.end_after(mine[c.AVAILABLE_AT].iloc[0], days)
            if context.as_of > due:
                yield _overdue(account, day, mine, due, days, context)


def _overdue(account: str, day: Any, rows: pd.DataFrame, due: datetime, days: int, context: Context) -> Break:
    charge, currency, total = rows[c.CHARGE_ID].iloc[0], str(rows[c.CURRENCY].iloc[0]), int(rows[c.AMOUNT].sum())
    more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
    return Break(
        code=SETTLEMENT_OVERDUE.code,
        severity=SETTLEMENT_OVERDUE.severity_in(context),
        account=account,
        subject_type=SETTLEMENT_OVERDUE.subject,
        subject_id=charge,
        explanation=f"{_show(total, currency, context)} of charge {charge}{more} has been transferable since {day} "
        f"and is not paid out: {days} business days ended with "
        f"{local(due, account, context).removeprefix('the end of ')}.",
        suggestion=SETTLEMENT_OVERDUE.action,
        currency=currency,
        expected=total,
        actual=0,
        amount_at_risk=total,
        due_by=due,
        charge_id=charge,
    )


def bank_breaks(books: Books, settlement: Settlement, judged: Judges, context: Context) -> Iterator[Break]:
    """Transfers and payout credits (BANKED) that have no other side, or another amount there."""
    banked = settlement.banked
    if not len(banked):
        return
    touched = set(books.transfers[c.TRANSFER_ID][judged.transfers])
    lines = set(books.bank_lines[c.LINE_ID][judged.bank_lines]) if len(books.bank_lines) else set()
    covered = _statements(books)
    names = [c.ACCOUNT, c.MATCH, c.TRANSFER_ID, c.LINE_ID, c.CURRENCY, c.NET, c.AMOUNT, c.PAID_ON, c.BOOKED_ON]
    open_ = banked[c.MATCH].isin([c.NO_CREDIT, c.NO_TRANSFER, c.OTHER_AMOUNT]).to_numpy(dtype=bool)
    for account, how, transfer, line, currency, net, amount, paid, booked in _rows(banked, open_, names):
        if account not in judged.accounts:
            continue
        if how == c.NO_CREDIT and isinstance(paid, str):
            first, last = covered.get(account, ("", ""))
            if transfer in touched or paid >= first:
                yield from _missing(account, transfer, currency, int(net), date.fromisoformat(paid), last, context)
        elif how == c.OTHER_AMOUNT and (transfer in touched or line in lines):
            if BANK_AMOUNT_MISMATCH.enabled(context):
                yield _on_transfer(
                    BANK_AMOUNT_MISMATCH,
                    context,
                    account,
                    transfer,
                    currency,
                    f"Transfer {transfer} should have brought {_show(int(net), currency, context)}, but the bank "
                    f"credited {_show(int(amount), currency, context)} on {booked}.",
                    expected=int(net),
                    actual=int(amount),
                    amount_at_risk=abs(int(amount) - int(net)),
                )
        elif how == c.NO_TRANSFER and line in lines and BANK_CREDIT_UNEXPLAINED.enabled(context):
            yield _unexplained(account, line, currency, int(amount), booked, context)


def _missing(
    account: str, transfer: str, currency: str, net: int, paid: date, last: str, context: Context
) -> Iterator[Break]:
    calendar = context.calendar(account)
    days = context.count(BANK_CREDIT_MISSING.code, "business_days", BANK_DAYS)
    due = calendar.end_after(datetime.combine(paid, time(12), calendar.zone).astimezone(UTC), days)
    if context.as_of <= due or not BANK_CREDIT_MISSING.enabled(context):
        return
    known = f"the statements read so far end with {last}" if last else "no line of a statement was read so far"
    yield _on_transfer(
        BANK_CREDIT_MISSING,
        context,
        account,
        transfer,
        currency,
        f"Transfer {transfer} over {_show(net, currency, context)} net was paid on {paid}, but no bank credit of it "
        f"came within {days} business days; {known}.",
        expected=net,
        actual=0,
        amount_at_risk=net,
        due_by=due,
    )


def _unexplained(account: str, line: str, currency: str, amount: int, booked: str, context: Context) -> Break:
    rule = BANK_CREDIT_UNEXPLAINED
    return Break(
        code=rule.code,
        severity=rule.severity_in(context),
        account=account,
        subject_type=rule.subject,
        subject_id=line,
        explanation=f"The bank credited {_show(amount, currency, context)} on {booked} that looks like a payout of "
        "Omise, but no transfer explains it.",
        suggestion=rule.action,
        currency=currency,
        expected=0,
        actual=amount,
        amount_at_risk=amount,
    )


def bank_due(account: str, context: Context) -> date:
    """The last day on which a transfer that is paid may still lack its credit."""
    calendar = context.calendar(account)
    days = context.count(BANK_CREDIT_MISSING.code, "business_days", BANK_DAYS)
    day = local_day(context.as_of, calendar.zone)
    while context.as_of <= calendar.end_after(datetime.combine(day, time(12), calendar.zone).astimezone(UTC), days):
        day = date.fromordinal(day.toordinal() - 1)
    return day


def _statements(books: Books) -> dict[str, tuple[str, str]]:
    """Per account the first and the last day of its statements."""
    if not len(books.bank_lines):
        return {}
    days = books.bank_lines.groupby(c.ACCOUNT)[c.BOOKED_ON].agg(["min", "max"])
    return {str(account): (first, last) for account, first, last in days.itertuples(name=None)}


def _on_transfer(
    rule: Rule, context: Context, account: str, transfer: str, currency: str, explanation: str, **fields: Any
) -> Break:
    return Break(
        code=rule.code,
        severity=rule.severity_in(context),
        account=account,
        subject_type=rule.subject,
        subject_id=transfer,
        explanation=explanation,
        suggestion=rule.action,
        currency=currency,
        transfer_id=transfer,
        **fields,
    )


def _rows(frame: pd.DataFrame, chosen: Mask, names: list[str]) -> list[tuple[Any, ...]]:
    return list(frame[names].iloc[np.flatnonzero(chosen)].itertuples(index=False, name=None))


def _show(amount: int, currency: str, context: Context) -> str:
    return f"{currency} {context.currencies.show(amount, currency)}"
