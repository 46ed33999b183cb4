"""Control totals beyond the orders: charges against the ledger, transfers against the bank, gap by gap."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from recon import columns as c
from recon.arrays import Ints, Mask
from recon.model import Books, Proof, Window
from recon.settlement.ledger import UNKNOWN, Ledger

CHARGES_TO_LEDGER = "charges_to_ledger"


@dataclass(frozen=True)
class BrokenIds:
    """Ids that open breaks of the range speak of: a gap of theirs is explained."""

    charges: Collection[str] = ()
    refunds: Collection[str] = ()
    transactions: Collection[str] = ()
    transfers: Collection[str] = ()
    lines: Collection[str] = ()


@dataclass(frozen=True)
class _Side:
    """Objects of one kind: which count, what the ledger should hold of each, and whose gap is explained."""

    kind: str
    inside: Mask
    due: Ints
    explained: Mask


def charges_to_ledger(
    books: Books, ledger: Ledger, account: str, window: Window, broken: BrokenIds
) -> tuple[Proof, ...]:
    """Charges less refunds, disputes, fees and VAT of a window, against the ledger's movements but for transfers.

    Explained is what an open break stands for, what the window's edge makes, a receipt's adjustment, and a void's
    sum, which Omise does not say. A movement of a kind that was never seen stays unexplained.
    """
    rows = books.transactions
    moved = c.of_account(rows, account) & c.within(rows[c.CREATED_AT], window) & (ledger.kinds != "transfer")
    sides = [side for side in _sides(books, account, window, broken) if side.inside.any()]
    if not moved.any() and not sides:
        return ()
    right = int(ledger.signed[moved].sum())
    left = sum(int(side.due[side.inside].sum()) for side in sides)
    orphan = moved & np.where(ledger.kinds == UNKNOWN, True, (ledger.origin_at < 0) & (ledger.kinds != "receipt"))
    spoken_of = c.is_in(rows[c.TRANSACTION_ID], broken.transactions)
    orphan &= ~spoken_of
    unexplained = int(ledger.signed[orphan].sum())
    counted = (moved | _named(ledger)) & (ledger.origin_at >= 0) & ~spoken_of
    for side in sides:
        booked = np.zeros(len(side.due), dtype=np.int64)
        mine = (ledger.kinds == side.kind) & counted
        np.add.at(booked, ledger.origin_at[mine], ledger.signed[mine])
        silent = side.inside & ~side.explained
        unexplained += int((booked - side.due)[silent].sum())
    currency = _currency(books, account)
    return (Proof(CHARGES_TO_LEDGER, currency, left, right, explained=right - left - unexplained),)


def _named(ledger: Ledger) -> Mask:
    """Transactions that their charge or refund names, and those of disputes: they count wherever they were made."""
    result = ledger.kinds == "dispute"
    for at in (ledger.charge_at, ledger.refund_at):
        result[at[at >= 0]] = True
    return np.asarray(result)


def _sides(books: Books, account: str, window: Window, broken: BrokenIds) -> list[_Side]:
    charges, refunds, disputes = books.charges, books.refunds, books.disputes
    taken = c.successful(charges) & c.of_account(charges, account)
    costs = sum(charges[name].to_numpy(dtype=np.int64) for name in (c.FEE, c.FEE_VAT, c.INTEREST, c.INTEREST_VAT))
    paid = charges[c.PAID_AT].fillna(charges[c.CREATED_AT])
    counts = (refunds[c.STATUS] != "failed").to_numpy(dtype=bool) & c.of_account(refunds, account)
    lost = np.where(c.equals(disputes, c.STATUS, "won"), 0, -disputes[c.FUNDING_AMOUNT])
    return [
        _Side(
            "charge",
            taken & c.within(paid, window),
            charges[c.FUNDING_AMOUNT].to_numpy(dtype=np.int64) - costs,
            c.is_in(charges[c.CHARGE_ID], broken.charges),
        ),
        _Side(
            "refund",
            counts & c.within(refunds[c.CREATED_AT], window),
            -refunds[c.FUNDING_AMOUNT].to_numpy(dtype=np.int64),
            refunds[c.VOIDED].to_numpy(dtype=bool) | c.is_in(refunds[c.REFUND_ID], broken.refunds),
        ),
        _Side(
            "dispute",
            c.of_account(disputes, account) & c.within(disputes[c.CREATED_AT], window),
            np.asarray(lost, dtype=np.int64),
            np.zeros(len(disputes), dtype=bool),
        ),
    ]


def transfers_to_bank(
    banked: pd.DataFrame, account: str, currency: str, days: tuple[date, date], due: date, broken: BrokenIds
) -> tuple[Proof, ...]:
    """Net of the transfers paid in the days, against the payout credits booked in them (BANKED).

    Explained is what an open break stands for, what the edge of the days makes, a bank fee within its bound, a
    transfer paid after `due`, whose credit may still come, and one whose credit may stand in what was not read.
    Nothing for an account without statements.
    """
    rows = banked[c.of_account(banked, account)] if len(banked) else banked
    if not len(rows):
        return ()
    first, last = (day.isoformat() for day in days)
    paid, booked = rows[c.PAID_ON], rows[c.BOOKED_ON]
    left_in = ((paid >= first) & (paid <= last)).to_numpy(dtype=bool)
    right_in = ((booked >= first) & (booked <= last)).to_numpy(dtype=bool)
    net = rows[c.NET].fillna(0).to_numpy(dtype=np.int64)
    credited = rows[c.AMOUNT].fillna(0).to_numpy(dtype=np.int64)
    on_its_way = ((rows[c.MATCH] == c.NO_CREDIT) & (paid > due.isoformat())).to_numpy(dtype=bool)
    explained = on_its_way | rows[c.MATCH].isin([c.WITHIN_FEE, c.NOT_READ]).to_numpy(dtype=bool)
    explained |= c.is_in(rows[c.TRANSFER_ID], broken.transfers) | c.is_in(rows[c.LINE_ID], broken.lines)
    unexplained = int((credited - net)[(left_in | right_in) & ~explained].sum())
    left, right = int(net[left_in].sum()), int(credited[right_in].sum())
    return (Proof("transfers_to_bank", currency, left, right, explained=right - left - unexplained),)


def _currency(books: Books, account: str) -> str:
    for frame, name in ((books.transactions, c.CURRENCY), (books.charges, c.FUNDING_CURRENCY)):
        mine = np.flatnonzero(c.of_account(frame, account))
        if len(mine):
            return str(frame[name].iloc[mine[0]])
    return ""
