"""What was left on both sides of the bank: transfers without a credit, credits without a transfer."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from recon import columns as c
from recon.model.transfer_names import named_in, whose
from recon.settings import Context
from recon.settlement.bank_credits import EARLY, LATE
from recon.triage import Judged

_MOST = 3  # that a sentence names


class _Transfer(NamedTuple):
    account: str
    id: str
    currency: str
    net: int
    paid: date


class _Line(NamedTuple):
    account: str
    id: str
    currency: str
    amount: int
    booked: date
    names: frozenset[str]


class LeftAtBank:
    """Says of each what is left on the other side around its day: which one may be its own, a person decides."""

    def __init__(self, judged: Judged) -> None:
        banked = judged.settled.settlement.banked
        transfers = judged.books.transfers
        self._transfers: dict[str, _Transfer] = {}
        self._lines: dict[str, _Line] = {}
        names = [c.ACCOUNT, c.TRANSFER_ID, c.LINE_ID, c.CURRENCY, c.NET, c.AMOUNT, c.PAID_ON, c.BOOKED_ON]
        rows = banked[[*names, c.DESCRIPTION, c.REFERENCE]] if len(banked) else banked
        for account, transfer, line, currency, net, amount, paid, booked, *texts in rows.itertuples(
            index=False, name=None
        ):
            if not isinstance(line, str) and isinstance(paid, str):
                self._transfers[transfer] = _Transfer(account, transfer, currency, int(net), date.fromisoformat(paid))
            if not isinstance(transfer, str):
                on = date.fromisoformat(booked)
                self._lines[line] = _Line(account, line, currency, int(amount), on, named_in(*texts))
        self._credited = set(banked[c.TRANSFER_ID][banked[c.LINE_ID].notna()].dropna()) if len(banked) else set()
        ids = transfers[c.TRANSFER_ID]
        self._currency = dict(zip(ids, transfers[c.CURRENCY], strict=True))
        self._failed = set(ids[transfers[c.FAILURE_CODE].notna()])

    def beside_transfer(self, transfer_id: str, context: Context) -> str:
        """The credits that may be this transfer's, as a sentence behind another; empty where there are none."""
        words = [
            f"{context.currencies.words(line.amount, line.currency)} on {line.booked} (line {line.id})"
            for _, line in _nearest([self._transfers[transfer_id]], self._lines.values())
        ]
        return f" Of no transfer are {_listed(words)}." if words else ""

    def beside_line(self, line_id: str, context: Context) -> str:
        """The transfers that a line names, else those that it may be the credit of; as above."""
        line = self._lines[line_id]
        if line.names:
            return f" It names {_listed([self._named(name, line) for name in sorted(line.names)])}."
        words = [
            f"transfer {transfer.id} over {context.currencies.words(transfer.net, transfer.currency)} net, "
            f"paid on {transfer.paid}"
            for transfer, _ in _nearest(self._transfers.values(), [line])
        ]
        return f" Without a credit is {_listed(words)}." if words else ""

    def _named(self, name: str, line: _Line) -> str:
        id = whose(name, self._currency)
        if id is None:
            return f"{name}, which is not known"
        if id in self._credited:
            return f"{id}, which has its credit"
        if id in self._failed:
            return f"{id}, which failed"
        if self._currency[id] != line.currency:
            return f"{id}, which is in {self._currency[id]}"
        return f"{id}, which was not sent from this account"


def _nearest(transfers: Iterable[_Transfer], lines: Iterable[_Line]) -> list[tuple[_Transfer, _Line]]:
    """The transfers beside the lines that may be their credits, the closest amounts first."""
    pairs = [(transfer, line) for transfer in transfers for line in lines if _may_be(transfer, line)]
    return sorted(pairs, key=lambda pair: (abs(pair[1].amount - pair[0].net), pair[0].id, pair[1].id))


def _may_be(transfer: _Transfer, line: _Line) -> bool:
    """Whether a line may be a transfer's credit: it names it, or names none and is of its days."""
    if transfer.account != line.account:
        return False
    if line.names:
        return any(whose(name, (transfer.id,)) for name in line.names)
    return transfer.paid - EARLY <= line.booked <= transfer.paid + LATE


def _listed(words: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = len(words) - _MOST
    return "; ".join(words[:_MOST]) + (f"; and {more} more" if more > 0 else "")
