"""Does money arrive at the bank? The rules of "Settlement and bank", over what `recon.settlement` has rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from recon import columns as c
from recon.arrays import Mask
from recon.columnar import np, pd
from recon.methods.deadlines import BANK_DAYS, TRANSFER_DAYS, bank_credit_arrives, local, transfer_arrives
from recon.model import Books, Break, Exposure, Severity
from recon.model.transfer_names import named_in
from recon.rules.ledger import rows_of
from recon.rules.left_at_bank import LeftAtBank
from recon.rules.rule import BANK, BySign, Rule
from recon.settings import Context
from recon.settlement.clock import clock
from recon.triage import Judged
from recon.triage.kept_aside import unread_ledgers
from recon.triage.values import transfers_at

GROUP = "Settlement and bank"
SETTLEMENT_DAYS = 3  # [rules.settlement_overdue] business_days
# Less than this cannot be transferred (docs.omise.co/currency-and-amount); no minimum of other currencies is known.
SMALLEST_TRANSFER = {"THB": 3_000, "JPY": 260}
_OF_TRANSFER = [c.ACCOUNT, c.TRANSFER_ID, c.CURRENCY, c.NET, c.AMOUNT, c.FAILURE_CODE]


def _overdue(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    """One break per account and day of `transferable_at` whose credits (UNPAID) should have been paid out."""
    unpaid = judged.settled.settlement.unpaid
    if not len(unpaid):
        return
    own_days = context.count(rule.code, "business_days", -1)
    clocks = clock(unpaid, judged.books, context, ruled=own_days >= 0)
    method_days = np.where(clocks.days < 0, own_days if own_days >= 0 else SETTLEMENT_DAYS, clocks.days)
    unpaid = unpaid.reset_index(drop=True).assign(**{c.AVAILABLE_AT: clocks.free_at})
    unpaid = unpaid.sort_values(c.AVAILABLE_AT, kind="stable")
    unread = unread_ledgers(judged.books)  # a payout may be among what could not be read
    for name, account in judged.accounts.items():
        if name in unread:
            continue
        rows = unpaid[(unpaid[c.AVAILABLE_AT] <= context.as_of).to_numpy(dtype=bool) & c.of_account(unpaid, name)]
        if not len(rows) or rows[c.AMOUNT].sum() < SMALLEST_TRANSFER.get(str(rows[c.CURRENCY].iloc[0]), 0):
            continue
        rows = rows[c.equals(rows, c.KIND, "charge") & ~c.before_go_live(rows[c.AVAILABLE_AT], account)]
        calendar = context.calendar(name)
        for day, credits in rows.groupby(rows[c.AVAILABLE_AT].dt.tz_convert(calendar.zone).dt.date, sort=True):
            days = int(method_days[credits.index].max())
            due = calendar.end_after(credits[c.AVAILABLE_AT].iloc[0], days)
            if context.as_of > due:
                held = int(clocks.by_hold[credits.index].sum())
                yield _overdue_day(rule, context, name, day, credits, due, days, held)


def _overdue_day(
    rule: Rule, context: Context, account: str, day: date, credits: pd.DataFrame, due: datetime, days: int, held: int
) -> Break:
    charge = credits[c.CHARGE_ID].iloc[0]
    currency = str(credits[c.CURRENCY].iloc[0])
    total = int(credits[c.AMOUNT].sum())
    more = f" and {len(credits) - 1:,} more" if len(credits) > 1 else ""
    by_hold = f" For {held:,} of them that day is by the hold of their method, not by Omise's word." if held else ""
    return rule.on(
        context,
        account,
        charge,
        f"{context.currencies.words(total, currency)} of charge {charge}{more} has been transferable since {day} "
        f"and is not paid out: {days} business days ended with "
        f"{local(due, account, context).removeprefix('the end of ')}.{by_hold}",
        currency=currency,
        expected=total,
        actual=0,
        due_by=due,
        occurred_on=day,
    )


def _failed(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    transfers = judged.books.transfers
    failed = transfers[c.FAILURE_CODE].notna().to_numpy(dtype=bool) & ~transfers[c.DELETED].to_numpy(dtype=bool)
    for account, id, currency, net, _, code in rows_of(transfers, failed & judged.scope.transfers, _OF_TRANSFER):
        yield rule.on(
            context,
            account,
            id,
            f'Transfer {id} over {context.currencies.words(net, currency)} net failed: "{code}".',
            currency=currency,
            expected=net,
            actual=0,
        )


def _amounts_differ(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    """Transfers that are not their net and fees, or whose transaction took another amount.

    Expected is what left the balance, actual what the net and the fees have of it.
    """
    transfers = judged.books.transfers
    ledger = judged.settled.ledger
    words = context.currencies.words
    amounts = transfers[c.AMOUNT].to_numpy(dtype=np.int64)
    sums = (transfers[c.NET] + transfers[c.TOTAL_FEE]).to_numpy(dtype=np.int64)
    taken = amounts.copy()
    in_ledger = np.flatnonzero(ledger.transfer_at >= 0)
    taken[in_ledger] = -ledger.signed[ledger.transfer_at[in_ledger]]
    wrong = judged.scope.transfers & ((sums != amounts) | (taken != amounts))
    rows = zip(rows_of(transfers, wrong, _OF_TRANSFER), sums[wrong].tolist(), taken[wrong].tolist(), strict=True)
    for (account, id, currency, _, amount, _), sum_, left in rows:
        why = f"its transaction took {words(left, currency)}"
        if sum_ != amount:
            why = f"its net and fees come to {words(sum_, currency)}"
        yield rule.on(
            context,
            account,
            id,
            f"Transfer {id} is over {words(amount, currency)}, but {why}.",
            currency=currency,
            expected=left,
            actual=sum_,
        )


def _stuck(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    transfers = judged.books.transfers
    on_their_way = np.flatnonzero(judged.scope.transfers & c.on_its_way(transfers))
    for transfer in transfers_at(transfers, on_their_way):
        due = transfer_arrives(transfer, context)
        if due is None or transfer.sent_at is None or context.as_of <= due.at:
            continue
        yield rule.on_thing(
            transfer,
            context,
            f"Transfer {transfer.id} over {context.words(transfer.net)} net was sent "
            f"{local(transfer.sent_at, transfer.account, context)} and is not paid: {due.why} ended with "
            f"{local(due.at, transfer.account, context).removeprefix('the end of ')}.",
            expected=transfer.net.amount,
            actual=0,
            due_by=due.at,
        )


def _credit_missing(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    rows = _bank_rows(judged, c.NO_CREDIT, [c.ACCOUNT, c.TRANSFER_ID, c.CURRENCY, c.NET, c.PAID_ON])
    if not rows:
        return
    transfers = judged.books.transfers
    judged_ids = set(transfers[c.TRANSFER_ID][judged.scope.transfers])
    statements = _statement_days(judged.books)
    left = LeftAtBank(judged)
    for account, transfer, currency, net, paid in rows:
        first, last = statements.get(account, ("", ""))
        if not isinstance(paid, str) or (transfer not in judged_ids and paid < first):
            continue
        due = bank_credit_arrives(date.fromisoformat(paid), account, context)
        if context.as_of <= due.at:
            continue
        read = f"the statements read so far end with {last}" if last else "no line of a statement was read so far"
        if paid < first:
            read = f"the statements read so far begin with {first} and end with {last}"
        yield rule.on(
            context,
            account,
            transfer,
            f"Transfer {transfer} over {context.currencies.words(int(net), currency)} net was paid on {paid}, but no "
            f"bank credit of it came within {due.why}; {read}.{left.beside_transfer(transfer, context)}",
            currency=currency,
            expected=int(net),
            actual=0,
            due_by=due.at,
        )


def credits_waiting(judged: Judged, account: str) -> int:
    """How many transfers of an account are judged but for their credit, which may stand in what could not be read."""
    rows = _bank_rows(judged, c.NOT_READ, [c.ACCOUNT, c.TRANSFER_ID, c.PAID_ON])
    if not rows:
        return 0
    judged_ids = set(judged.books.transfers[c.TRANSFER_ID][judged.scope.transfers])
    first, _ = _statement_days(judged.books).get(account, ("", ""))
    return sum(owner == account and (transfer in judged_ids or paid >= first) for owner, transfer, paid in rows)


def _credit_differs(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    names = [c.ACCOUNT, c.TRANSFER_ID, c.LINE_ID, c.CURRENCY, c.NET, c.AMOUNT, c.BOOKED_ON]
    rows = _bank_rows(judged, c.OTHER_AMOUNT, [*names, c.DESCRIPTION, c.REFERENCE])
    if not rows:
        return
    judged_ids = set(judged.books.transfers[c.TRANSFER_ID][judged.scope.transfers])
    judged_lines = _judged_lines(judged)
    lines = judged.books.bank_lines
    of_unread = set(lines[c.LINE_ID][judged.scope.explained_credits]) if len(lines) else set()
    parts: dict[str, list[int]] = {}
    for transfer, amount in _bank_rows(judged, c.PART, [c.TRANSFER_ID, c.AMOUNT]):
        parts.setdefault(transfer, []).append(int(amount))
    for account, transfer, line, currency, rest, last, booked, *texts in rows:
        others = parts.get(transfer, [])
        net = int(rest) + sum(others)
        amount = int(last) + sum(others)
        if (transfer not in judged_ids and line not in judged_lines) or line in of_unread:
            continue
        why = ", the one credit and the one transfer left of that day"
        if named_in(*texts):
            why = f", the last of {len(others) + 1} lines that name it" if others else " in a line that names it"
        yield rule.on(
            context,
            account,
            transfer,
            f"Transfer {transfer} should have brought {context.currencies.words(net, currency)}, but the bank "
            f"credited {context.currencies.words(amount, currency)} on {booked}{why}.",
            currency=currency,
            expected=net,
            actual=amount,
        )


def _credit_unexplained(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    rows = _bank_rows(judged, c.NO_TRANSFER, [c.ACCOUNT, c.LINE_ID, c.CURRENCY, c.AMOUNT, c.BOOKED_ON])
    if not rows:
        return
    judged_lines = _judged_lines(judged)
    left = LeftAtBank(judged)
    for account, line, currency, amount, booked in rows:
        if line in judged_lines:
            yield rule.on(
                context,
                account,
                line,
                f"The bank credited {context.currencies.words(int(amount), currency)} on {booked} that looks like a "
                f"payout of Omise, but no transfer explains it.{left.beside_line(line, context)}",
                currency=currency,
                expected=0,
                actual=int(amount),
            )


def _bank_rows(judged: Judged, match: str, names: list[str]) -> list[tuple[Any, ...]]:
    """Transfers and credits (BANKED) of the judged accounts that were matched in this way."""
    banked = judged.settled.settlement.banked
    if not len(banked):
        return []
    chosen: Mask = c.equals(banked, c.MATCH, match) & c.is_in(banked[c.ACCOUNT], judged.accounts)
    return rows_of(banked, chosen, names)


def _judged_lines(judged: Judged) -> set[str]:
    lines = judged.books.bank_lines
    return set(lines[c.LINE_ID][judged.scope.bank_lines]) if len(lines) else set()


def _statement_days(books: Books) -> dict[str, tuple[str, str]]:
    """Per account the first and the last day of its statements."""
    if not len(books.bank_lines):
        return {}
    days: dict[str, tuple[str, str]] = {}
    for account, day in set(c.plain_rows(books.bank_lines, (c.ACCOUNT, c.BOOKED_ON))):
        first, last = days.get(account, (day, day))
        days[account] = min(first, day), max(last, day)
    return days


RULES = (
    Rule(
        "settlement_overdue",
        Severity.MEDIUM,
        "charge",
        "Money has been transferable for some business days and is not paid out; one break per day, its first "
        "charge.",
        "Make a transfer, or check the transfer schedule; where money is left at Omise on purpose, "
        "say so in the configuration ([rules.settlement_overdue]).",
        find=_overdue,
        thresholds={"business_days": SETTLEMENT_DAYS},
        title="Not paid out in time",
        cause="Payouts of {account} are late or paused",
        exposure=Exposure.TIMING,
    ),
    Rule(
        "transfer_failed",
        Severity.CRITICAL,
        "transfer",
        "A transfer to the bank failed.",
        "Correct the recipient's bank account, or wait for a sufficient balance, and transfer again.",
        find=_failed,
        title="Payout to the bank failed",
        exposure=Exposure.OWED_TO_US,
    ),
    Rule(
        "transfer_amount_mismatch",
        Severity.HIGH,
        "transfer",
        "A transfer's amount is not its net plus its fees, or not what its transaction took from the balance.",
        "Ask Omise's support which of the amounts is right.",
        find=_amounts_differ,
        title="The payout does not add up",
        exposure=BySign(less=Exposure.OWED_TO_US, more=Exposure.TIMING),
    ),
    Rule(
        "transfer_stuck",
        Severity.HIGH,
        "transfer",
        "A transfer was sent to the bank and is not paid after some business days.",
        "Ask Omise's support for the transfer; check the recipient's bank account.",
        find=_stuck,
        thresholds={"business_days": TRANSFER_DAYS},
        title="Payout on its way for too long",
        exposure=Exposure.TIMING,
    ),
    Rule(
        "bank_credit_missing",
        Severity.HIGH,
        "transfer",
        "Omise says that a transfer is paid, and the bank statements have no credit of it.",
        "Load the newest statement; if it is not there either, ask Omise's support for the bank's reference.",
        find=_credit_missing,
        needs=BANK,
        thresholds={"business_days": BANK_DAYS},
        title="Payout not at the bank",
        exposure=Exposure.OWED_TO_US,
    ),
    Rule(
        "bank_amount_mismatch",
        Severity.HIGH,
        "transfer",
        "The bank credited another amount than the transfer's net.",
        "Ask the bank what it kept; a usual fee can be allowed in the configuration (fee_bound in [bank.NAME]).",
        find=_credit_differs,
        needs=BANK,
        title="The bank received another amount",
        exposure=BySign(less=Exposure.OWED_TO_US, more=Exposure.TIMING),
    ),
    Rule(
        "bank_credit_unexplained",
        Severity.MEDIUM,
        "bank_line",
        "A credit on a statement looks like Omise's, and no transfer explains it.",
        "Find out who paid it; if it is not Omise's, have payout_pattern in [bank.NAME] narrowed.",
        find=_credit_unexplained,
        needs=BANK,
        title="Bank credit without a payout",
        exposure=Exposure.TIMING,
    ),
)
