"""Finds the bank credit of each transfer by account, net and day: pairs, or what stays open; judges nothing.

Pairs are made most certain first: a line that names the transfer, whatever its amount, or several whose sum is held
against its net; the same net; the net less a bank's fee; then another amount, where it is the one credit and the one
transfer left of a day and they are close. A line that names a transfer is no other's. Of several that fit as well as
many pair as there can be, the nearest in days (`in_time`): of a sum that is paid out again and again the payout whose
credit lacks is the one that is missing. Whose credit may stand in what could not be read waits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from recon import columns as c
from recon.calendars import local_day
from recon.columnar import np, pd
from recon.model import Books
from recon.model.transfer_names import named_in, whose
from recon.settlement.in_time import Fit, paired

_T = TypeVar("_T")
Pair = tuple[str, str | None, str | None]  # how, transfer, bank line
EARLY = timedelta(days=1)
LATE = timedelta(days=10)  # a value date before Omise's word; a bank's slow week
_CLOSE = 20  # amounts that differ by no more than a twentieth of the net (5 %) may be one payment


@dataclass(frozen=True, slots=True)
class _Payout:
    id: str
    net: int
    currency: str
    paid: date | None  # local day; null while it is only sent
    sent: date

    @property
    def earliest(self) -> date:
        """The first day on which its credit may be booked."""
        return self.sent - EARLY

    @property
    def latest(self) -> date:
        """The last such day."""
        return (self.paid or self.sent) + LATE


@dataclass(frozen=True, slots=True)
class _Credit:
    id: str
    amount: int
    currency: str
    booked: date
    description: str | None
    reference: str | None

    @property
    def names(self) -> frozenset[str]:
        """The transfers that its texts name, as they are written there."""
        return named_in(self.description, self.reference)


@dataclass(frozen=True, slots=True)
class _Unread:
    """A part of a statement that could not be read: see columns.UNREAD."""

    first: date
    last: date
    amount: int | None
    currency: str | None
    names: tuple[str, ...]

    def may_hold(self, payout: _Payout, fee: int) -> bool:
        """Whether the credit of this payout may stand in it."""
        if self.names:
            return any(whose(name, (payout.id,)) for name in self.names)
        if self.amount is not None:
            is_close = 0 <= payout.net - self.amount <= fee
            if self.currency != payout.currency or not is_close:
                return False
        return self.first <= payout.latest and payout.earliest <= self.last


def bank(books: Books, zones: Mapping[str, ZoneInfo], bank_fees: Mapping[str, int]) -> pd.DataFrame:
    """Transfers and payout credits of every account that has statements (shaped BANKED).

    `bank_fees` gives each such account the largest bank fee, minor units, that explains a smaller credit.
    """
    frames = (_of_account(books, name, zones[name], fee) for name, fee in sorted(bank_fees.items()))
    return c.joined([c.BANKED.empty(), *frames])


def _of_account(books: Books, account: str, zone: ZoneInfo, fee: int) -> pd.DataFrame:
    payouts = {payout.id: payout for payout in _payouts(books, account, zone)}
    lines = books.bank_lines
    until = local_day(books.as_of, zone)
    credits = (
        {credit.id: credit for credit in _credits(lines, account) if credit.booked <= until} if len(lines) else {}
    )
    unread = list(_unread(books.unread, account))
    pairs = [
        (c.NOT_READ, payout_id, None)
        if how == c.NO_CREDIT and payout_id and _waits(payouts[payout_id], unread, fee)
        else (how, payout_id, credit_id)
        for how, payout_id, credit_id in _pair(list(payouts.values()), list(credits.values()), fee)
    ]
    in_parts: defaultdict[str | None, int] = defaultdict(int)  # by payout all but the last of several lines
    for how, payout_id, credit_id in pairs:
        in_parts[payout_id] += credits[credit_id].amount if how == c.PART and credit_id else 0
    rows = []
    for how, payout_id, credit_id in pairs:
        payout = payouts.get(payout_id or "")
        credit = credits.get(credit_id or "")
        either = payout or credit
        assert either is not None
        net = payout.net - in_parts[payout_id] if payout else None
        if how == c.PART and credit:
            net = credit.amount
        difference = credit.amount - net if net is not None and credit else None
        rows.append(
            (
                account,
                how,
                either.currency,
                payout_id,
                credit_id,
                net,
                credit.amount if credit else None,
                difference,
                payout.paid.isoformat() if payout and payout.paid else None,
                credit.booked.isoformat() if credit else None,
                credit.description if credit else None,
                credit.reference if credit else None,
            )
        )
    return c.BANKED.from_rows(sorted(rows, key=lambda row: (row[8] or row[9] or "", row[3] or "", row[4] or "")))


def to_the_bank(books: Books, account: str) -> pd.DataFrame:
    """An account's transfers that the bank has, or will have: sent or paid, neither failed nor deleted."""
    rows = books.transfers
    alive = (rows[c.SENT] | rows[c.PAID]) & ~rows[c.DELETED] & rows[c.FAILURE_CODE].isna()
    return rows[c.of_account(rows, account) & alive.to_numpy(dtype=bool)]


def _payouts(books: Books, account: str, zone: ZoneInfo) -> Iterator[_Payout]:
    names = [c.TRANSFER_ID, c.NET, c.CURRENCY, c.PAID, c.PAID_AT, c.SENT_AT, c.CREATED_AT]
    rows = to_the_bank(books, account)[names]
    for id, net, currency, paid, paid_at, sent_at, created in rows.itertuples(index=False, name=None):
        sent = local_day(created if pd.isna(sent_at) else sent_at, zone)
        arrived = sent if pd.isna(paid_at) else local_day(paid_at, zone)
        yield _Payout(id, net, currency, arrived if paid else None, sent)


def _credits(lines: pd.DataFrame, account: str) -> Iterator[_Credit]:
    mine = (lines[c.ACCOUNT] == account) & lines[c.PAYOUT] & (lines[c.AMOUNT] > 0)
    names = [c.LINE_ID, c.AMOUNT, c.CURRENCY, c.BOOKED_ON, c.DESCRIPTION, c.REFERENCE]
    for id, amount, currency, booked, *texts in lines[mine.to_numpy(dtype=bool)][names].itertuples(
        index=False, name=None
    ):
        description, reference = (text if isinstance(text, str) else None for text in texts)
        yield _Credit(id, amount, currency, date.fromisoformat(booked), description, reference)


def _unread(rows: pd.DataFrame, account: str) -> Iterator[_Unread]:
    """What could not be read of an account's statements."""
    names = [c.FROM_DAY, c.TO_DAY, c.AMOUNT, c.CURRENCY, c.TRANSFER_IDS]
    mine = rows[c.of_account(rows, account)][names] if len(rows) else rows
    for first, last, amount, currency, ids in mine.itertuples(index=False, name=None):
        yield _Unread(
            date.fromisoformat(first) if isinstance(first, str) else date.min,
            date.fromisoformat(last) if isinstance(last, str) else date.max,
            None if pd.isna(amount) else int(amount),
            currency if isinstance(currency, str) else None,
            tuple(ids.split()) if isinstance(ids, str) else (),
        )


def _waits(payout: _Payout, unread: list[_Unread], fee: int) -> bool:
    return payout.paid is not None and any(part.may_hold(payout, fee) for part in unread)


def _pair(payouts: list[_Payout], credits: list[_Credit], fee: int) -> list[Pair]:
    """How each payout and each credit found its other side: (how, payout, credit)."""
    open_payouts = list(payouts)
    open_credits = list(credits)
    pairs: list[Pair] = []

    def take(how: str, matched: list[tuple[_Payout, _Credit]]) -> None:
        payout_ids = {payout.id for payout, _ in matched}
        credit_ids = {credit.id for _, credit in matched}
        open_payouts[:] = [payout for payout in open_payouts if payout.id not in payout_ids]
        open_credits[:] = [credit for credit in open_credits if credit.id not in credit_ids]
        pairs.extend((how, payout.id, credit.id) for payout, credit in matched)

    named = _named(payouts, credits)

    def open_named() -> list[tuple[_Payout, _Credit]]:
        taken = {id for _, *ids in pairs for id in ids}
        return [pair for pair in named if taken.isdisjoint((pair[0].id, pair[1].id))]

    def less_a_fee(payout: _Payout, credit: _Credit) -> bool:
        return 0 < payout.net - credit.amount <= fee

    def take_parts(*, agreeing: bool) -> None:
        for payout, parts in _split(open_named()):
            lacking = payout.net - sum(credit.amount for credit in parts)
            agrees = 0 <= lacking <= fee
            if agrees or not agreeing:
                take(c.PART, [(payout, credit) for credit in parts[:-1]])
                how = c.OTHER_AMOUNT if not agrees else c.WITHIN_FEE if lacking else c.BY_ID
                take(how, [(payout, parts[-1])])

    take(c.BY_ID, _first_of_each([pair for pair in open_named() if _same_net(*pair)]))
    take_parts(agreeing=True)  # before one of them alone that lacks a fee: the bank may have given that back
    take(c.WITHIN_FEE, _first_of_each([pair for pair in open_named() if less_a_fee(*pair)]))
    take_parts(agreeing=False)
    take(c.OTHER_AMOUNT, _first_of_each(open_named()))
    naming = [credit for credit in open_credits if credit.names]  # what is not there, or has its credit already
    open_credits[:] = [credit for credit in open_credits if not credit.names]
    for how, matched in _of_same_net(_near(open_payouts, open_credits, _same_net)):
        take(how, matched)
    if fee:
        for group in _groups(_near(open_payouts, open_credits, less_a_fee)):
            take(c.WITHIN_FEE, _nearest(group))
    take(c.OTHER_AMOUNT, [pair for pair in _alone(open_payouts, open_credits) if _is_close(*pair, fee)])
    return [
        *pairs,
        *((c.NO_CREDIT, payout.id, None) for payout in open_payouts),
        *((c.NO_TRANSFER, None, credit.id) for credit in (*open_credits, *naming)),
    ]


def _split(named: list[tuple[_Payout, _Credit]]) -> Iterator[tuple[_Payout, list[_Credit]]]:
    """Each payout that several lines name, which name no other one, with these lines in order of days."""
    of_credit = _by(named, lambda pair: pair[1].id)
    alone = [pair for pair in named if len(of_credit[pair[1].id]) == 1]
    for pairs in _by(alone, lambda pair: pair[0].id).values():
        if len(pairs) > 1:
            yield pairs[0][0], [credit for _, credit in pairs]


def _same_net(payout: _Payout, credit: _Credit) -> bool:
    return payout.net == credit.amount


def _same_day(payout: _Payout, credit: _Credit) -> bool:
    return payout.net == credit.amount and payout.paid == credit.booked


def _is_close(payout: _Payout, credit: _Credit, fee: int) -> bool:
    return abs(payout.net - credit.amount) <= max(payout.net // _CLOSE, fee)


def _named(payouts: list[_Payout], credits: list[_Credit]) -> list[tuple[_Payout, _Credit]]:
    """Every payout beside every line of its currency that names it, in order of days."""
    by_id = {payout.id: payout for payout in payouts}
    pairs = [
        (by_id[id], credit) for credit in credits for name in credit.names if (id := whose(name, by_id)) is not None
    ]
    return sorted((pair for pair in pairs if pair[0].currency == pair[1].currency), key=_in_time)


def _alone(payouts: list[_Payout], credits: list[_Credit]) -> list[tuple[_Payout, _Credit]]:
    """The one payout beside the one credit of a day, in one currency."""
    by_paid = _by(payouts, lambda payout: (payout.paid, payout.currency))
    by_booked = _by(credits, lambda credit: (credit.booked, credit.currency))
    days = [(of_day, by_booked.get(day, [])) for day, of_day in by_paid.items()]
    return [(paid[0], booked[0]) for paid, booked in days if len(paid) == 1 and len(booked) == 1]


def _first_of_each(pairs: list[tuple[_Payout, _Credit]]) -> list[tuple[_Payout, _Credit]]:
    """One pair after another, none of whose sides stands in an earlier one."""
    made: list[tuple[_Payout, _Credit]] = []
    used: set[str] = set()
    for payout, credit in pairs:
        if payout.id not in used and credit.id not in used:
            used |= {payout.id, credit.id}
            made.append((payout, credit))
    return made


def _near(
    payouts: list[_Payout], credits: list[_Credit], fits: Callable[[_Payout, _Credit], bool]
) -> list[tuple[_Payout, _Credit]]:
    """Every pair that fits and whose days do: from a day before it was sent, to some days after it was paid."""
    by_day = sorted(credits, key=lambda credit: credit.booked)
    booked = np.array([credit.booked.toordinal() for credit in by_day], dtype=np.int64)
    pairs = []
    for payout in payouts:
        low, high = np.searchsorted(booked, [payout.earliest.toordinal(), payout.latest.toordinal() + 1])
        pairs += [
            (payout, credit)
            for credit in by_day[low:high]
            if credit.currency == payout.currency and fits(payout, credit)
        ]
    return pairs


def _one_to_one(pairs: list[tuple[_Payout, _Credit]]) -> list[tuple[_Payout, _Credit]]:
    """Those whose both sides stand in no other pair."""
    by_payout = _by(pairs, lambda pair: pair[0].id)
    by_credit = _by(pairs, lambda pair: pair[1].id)
    return [pair for pair in pairs if len(by_payout[pair[0].id]) == 1 and len(by_credit[pair[1].id]) == 1]


def _of_same_net(pairs: list[tuple[_Payout, _Credit]]) -> Iterator[tuple[str, list[tuple[_Payout, _Credit]]]]:
    """Of equal sums as many as both sides have, by how certain each pair is: where others fit as well, ambiguous."""
    chosen = [pair for group in _groups(pairs) for pair in _nearest(group)]
    rest = pairs
    for how, certain in ((c.SAME_DAY, [pair for pair in pairs if _same_day(*pair)]), (c.SAME_NET, None)):
        alone = {_ids(pair) for pair in _one_to_one(rest if certain is None else certain)}
        made = [pair for pair in chosen if _ids(pair) in alone]
        yield how, made
        taken = {id for pair in made for id in _ids(pair)}
        rest = [pair for pair in rest if taken.isdisjoint(_ids(pair))]
        chosen = [pair for pair in chosen if taken.isdisjoint(_ids(pair))]
    yield c.AMBIGUOUS, chosen


def _ids(pair: tuple[_Payout, _Credit]) -> tuple[str, str]:
    return pair[0].id, pair[1].id


def _groups(pairs: list[tuple[_Payout, _Credit]]) -> Iterator[list[tuple[_Payout, _Credit]]]:
    """What hangs together: no side of a group's pairs stands in another group's."""
    of_payout = _by(pairs, lambda pair: pair[0].id)
    of_credit = _by(pairs, lambda pair: pair[1].id)
    while of_payout:
        waiting, group = of_payout.popitem()[1], []
        while waiting:
            pair = waiting.pop()
            group.append(pair)
            for other in of_credit.pop(pair[1].id, []):
                waiting += of_payout.pop(other[0].id, [])
        yield group


def _nearest(pairs: list[tuple[_Payout, _Credit]]) -> list[tuple[_Payout, _Credit]]:
    """Each side once, in order of days: as many pairs as there can be, and of these the nearest."""
    payouts = sorted({pair[0].id: pair[0] for pair in pairs}.values(), key=lambda one: (one.paid or one.sent, one.id))
    credits = sorted({pair[1].id: pair[1] for pair in pairs}.values(), key=lambda one: (one.booked, one.id))
    left = {payout.id: place for place, payout in enumerate(payouts)}
    right = {credit.id: place for place, credit in enumerate(credits)}
    fits = [Fit(left[payout.id], right[credit.id], _apart(payout, credit)) for payout, credit in pairs]
    return [(payouts[fit.left], credits[fit.right]) for fit in paired(fits)]


def _apart(payout: _Payout, credit: _Credit) -> int:
    """Days between the two; a credit before its day is a little farther than one as many days after it."""
    days = (credit.booked - (payout.paid or payout.sent)).days
    return 2 * abs(days) + (days < 0)


def _in_time(pair: tuple[_Payout, _Credit]) -> tuple[date, str, date, str]:
    payout, credit = pair
    return (payout.paid or payout.sent, payout.id, credit.booked, credit.id)


def _by(things: list[_T], key: Callable[[_T], Hashable]) -> dict[Hashable, list[_T]]:
    groups: dict[Hashable, list[_T]] = defaultdict(list)
    for thing in things:
        groups[key(thing)].append(thing)
    return groups
