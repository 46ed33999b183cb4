"""What is between a balance and the bank: payouts of some days, and what is held with the day it should arrive on."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from datetime import date, timedelta
from typing import Any, TypeVar

from recon import columns as c
from recon.arrays import Ints
from recon.calendars import Calendar, days_window, local_day
from recon.columnar import np, npt, pd
from recon.model import Account, Books, HeldLine, LedgerHistory, PayoutLine
from recon.settlement.bank_credits import to_the_bank
from recon.settlement.fifo import held_before, histories_of
from recon.settlement.ledger import Ledger

# Omise sends at 08:00 of a business day what is free by then, and the bank has it on the next one.
_SENT_AT = timedelta(hours=8)
_DAY = timedelta(days=1)
_NEVER = "9999-12-31"
_Key = TypeVar("_Key", bound=Hashable)


def paid_out(
    books: Books,
    ledger: Ledger,
    banked: pd.DataFrame,
    account: Account,
    days: tuple[date, date],
    judged: Collection[str] = (),
) -> pd.DataFrame:
    """From the payouts that the ledger booked on the days to the bank, shaped PAYOUT_LINES.

    A payout is at the bank on the day of its first credit; on the day that Omise says it was paid where no statements
    are read, or they begin later and it is none of the `judged` transfers: of those a break says what the bank lacks.
    Nothing where nothing was paid out, and no fee of a payout came back.
    """
    rows = books.transactions
    window = days_window(*days, account.zone)
    booked = c.created_in(rows, account.name, window)
    moved = booked & (ledger.kinds == "transfer")
    at = np.flatnonzero(moved & (ledger.signed < 0))
    returned = _fees_returned(books, ledger, np.flatnonzero(moved & (ledger.signed > 0)))
    if not len(at) and not len(returned):
        return c.PAYOUT_LINES.empty()
    sums: dict[PayoutLine, list[int]] = {line: [0, 0] for line in PayoutLine if line != PayoutLine.FEES_RETURNED}
    sent = -ledger.signed[at]
    _add(sums, PayoutLine.SENT, len(at), int(sent.sum()))
    owners = ledger.origin_at[at]
    transfers = books.transfers.iloc[np.unique(owners[owners >= 0])]
    fees = transfers[c.TOTAL_FEE].to_numpy(dtype=np.int64)
    net = transfers[c.NET].to_numpy(dtype=np.int64)
    _add(sums, PayoutLine.FEES, int(np.count_nonzero(fees)), -int(fees.sum()))
    odd = int(net.sum()) + int(fees.sum()) - int(sent.sum())
    _add(sums, PayoutLine.NOT_AS_SAID, _not_as_said(owners, sent, net + fees), odd)
    _add(sums, PayoutLine.NET, len(transfers), int(net.sum()))
    last = days[1].isoformat()
    for transfer_net, failed, arrived_on, credited in _arrivals(books, transfers, banked, account, judged):
        for line, amount in _where(transfer_net, failed, arrived_on, credited, last):
            _add(sums, line, 1, amount)
    if len(returned):
        _add(sums, PayoutLine.FEES_RETURNED, len(returned), int(returned.sum()))
    return c.PAYOUT_LINES.from_rows(
        (account.name, account.currency, line, count, amount) for line, (count, amount) in sums.items()
    )


def _not_as_said(owners: Ints, sent: Ints, said: Ints) -> int:
    """How many payouts are of no known transfer, or left the balance with another sum than their transfer says."""
    unknown = owners < 0
    _, transfer_of = np.unique(owners[~unknown], return_inverse=True)
    left = c.sums_by(transfer_of, len(said), sent[~unknown])
    return int(unknown.sum()) + int((np.asarray(left) != said).sum())


def _fees_returned(books: Books, ledger: Ledger, credits: Ints) -> Ints:
    """Of payouts that came back by these credits, and whole, the fees: what came back net left its fee with Omise."""
    known = credits[ledger.origin_at[credits] >= 0]
    owners = books.transfers.iloc[ledger.origin_at[known]]
    whole = ledger.signed[known] == owners[c.AMOUNT].to_numpy(dtype=np.int64)
    fees = owners[c.TOTAL_FEE].to_numpy(dtype=np.int64)[whole]
    charged: Ints = fees[fees != 0]
    return charged


def _add(sums: dict[_Key, list[int]], key: _Key, count: int, amount: int) -> None:
    both = sums.setdefault(key, [0, 0])
    both[0] += count
    both[1] += amount


def _where(net: int, failed: bool, arrived_on: str, credited: int, last: str) -> Iterator[tuple[PayoutLine, int]]:
    """On which lines one transfer stands, with what of it."""
    if failed:
        yield PayoutLine.FAILED, -net
    elif arrived_on <= last:
        yield PayoutLine.AT_BANK, -credited
        if credited != net:
            yield PayoutLine.KEPT_BY_BANK, credited - net
    else:
        yield PayoutLine.IN_TRANSIT, net
        if arrived_on == _NEVER:
            yield PayoutLine.STILL_IN_TRANSIT, net
        else:
            yield PayoutLine.CLEARED, -net


def _arrivals(
    books: Books, transfers: pd.DataFrame, banked: pd.DataFrame, account: Account, judged: Collection[str]
) -> Iterator[tuple[int, bool, str, int]]:
    """Per transfer its net, whether it failed, when its first credit came (ISO), and what came in all."""
    own = banked[c.of_account(banked, account.name)] if len(banked) else c.BANKED.empty()
    credits = own[own[c.AMOUNT].notna() & own[c.TRANSFER_ID].notna()]
    came: dict[str, tuple[str, int]] = {}
    columns = (credits[name].tolist() for name in (c.TRANSFER_ID, c.BOOKED_ON, c.AMOUNT))
    for transfer_id, booked_on, amount in zip(*columns, strict=True):
        first, sum_before = came.get(transfer_id, (booked_on, 0))
        came[transfer_id] = min(first, booked_on), sum_before + amount
    lines = books.bank_lines
    booked = lines[c.BOOKED_ON][c.of_account(lines, account.name)] if len(own) and len(lines) else ()
    began = min(booked, default=_NEVER)
    paid_on = c.local_days(transfers[c.PAID_AT], account.zone)
    paid_on[np.isnat(paid_on) | ~transfers[c.PAID].to_numpy(dtype=bool)] = np.datetime64(_NEVER)
    names = [c.TRANSFER_ID, c.NET, c.FAILURE_CODE, c.DELETED]
    cells = [*(transfers[name].tolist() for name in names), np.datetime_as_string(paid_on).tolist()]
    for transfer_id, net, failure, deleted, day in zip(*cells, strict=True):
        failed = isinstance(failure, str) or bool(deleted)
        if transfer_id in came:
            yield net, failed, *came[transfer_id]
            continue
        is_believed = day < began and not (len(own) and transfer_id in judged)
        yield net, failed, day if is_believed else _NEVER, net


def held(
    books: Books,
    unpaid: pd.DataFrame,
    banked: pd.DataFrame,
    account: Account,
    calendar: Calendar,
    judged: Collection[str] = (),
) -> pd.DataFrame:
    """What the account's balance is made of on the as-of day and what is on its way to the bank, shaped HELD.

    `unpaid` are the account's (UNPAID). A credit should be sent on the first business day after the as-of day on
    which it is free at 08:00, and be at the bank on the next. `judged`: as `paid_out` has them.
    """
    today = local_day(books.as_of, account.zone)
    sums: dict[tuple[str, ...], list[int]] = {}  # by line, currency, day and day of arrival
    for *key, count, amount in (
        *_of_credits(unpaid, account, calendar, today),
        *_sent(books, banked, account, calendar, judged),
    ):
        _add(sums, tuple(map(str, key)), count, amount)
    rows: list[tuple[Any, ...]] = [(account.name, *key, *both) for key, both in sorted(sums.items())]
    history = histories_of(books).get(account.name, LedgerHistory())
    balance = (held_before(books.readings, account.name) or 0) + int(history.credits.sum() - history.debits.sum())
    beyond = balance - int(unpaid[c.AMOUNT].sum() if len(unpaid) else 0)
    if beyond:
        rows.append((account.name, HeldLine.BEYOND, account.currency, None, None, 0, beyond))
    order = [str(line) for line in HeldLine]
    return c.HELD.from_rows(sorted(rows, key=lambda row: (order.index(row[1]), row[3] or "", row[2])))


def _of_credits(
    unpaid: pd.DataFrame, account: Account, calendar: Calendar, today: date
) -> Iterator[tuple[str, str, str, str, int, int]]:
    if not len(unpaid):
        return
    local = unpaid[c.AVAILABLE_AT].dt.tz_convert(account.zone).dt.tz_localize(None)
    free_on = local.to_numpy().astype("datetime64[D]")
    wanted = (local + (_DAY - _SENT_AT)).to_numpy().astype("datetime64[D]")
    sent_on = calendar.business_days_after(np.maximum(wanted, np.datetime64(today + _DAY)), 0)
    arrives_on = calendar.business_days_after(sent_on, 1)
    amounts: Ints = unpaid[c.AMOUNT].to_numpy(dtype=np.int64)
    groups, group_of = c.distinct([unpaid[c.CURRENCY], free_on.astype(np.int64), arrives_on.astype(np.int64)])
    counts = c.counts_by(group_of, len(groups))
    sums = c.sums_by(group_of, len(groups), amounts)
    for (currency, free, arrives), count, amount in zip(groups, counts, sums, strict=True):
        day = np.datetime64(free, "D")
        line = HeldLine.FREE if day <= np.datetime64(today) else HeldLine.ON_HOLD
        yield line, currency, str(day), str(np.datetime64(arrives, "D")), count, amount


def _sent(
    books: Books, banked: pd.DataFrame, account: Account, calendar: Calendar, judged: Collection[str]
) -> Iterator[tuple[str, str, str, str, int, int]]:
    """Transfers that left the balance and are not at the bank, by the day they were sent."""
    transfers = to_the_bank(books, account.name)
    names = [c.SENT_AT, c.CREATED_AT, c.CURRENCY]
    arrivals = _arrivals(books, transfers, banked, account, judged)
    for sent_at, created_at, currency, (net, _, arrived_on, _) in zip(
        *(transfers[name] for name in names), arrivals, strict=True
    ):
        if arrived_on != _NEVER:
            continue
        sent_on = local_day(created_at if pd.isna(sent_at) else sent_at, account.zone)
        days: npt.NDArray[np.datetime64] = np.array([sent_on], dtype="datetime64[D]")
        arrives = calendar.business_days_after(days, 1)[0].astype(date)
        yield HeldLine.ON_ITS_WAY, currency, sent_on.isoformat(), arrives.isoformat(), 1, net
