"""Whether a run judged a break's subject, so that not raising it again means that the facts agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from recon import columns as c
from recon.arrays import Mask
from recon.columnar import np, pd
from recon.model import Break
from recon.rules import RULE_OF
from recon.rules.receipts import waits_for_lists
from recon.rules.rule import BANK, ORDERS, PULL
from recon.triage import Judged
from recon.triage.kept_aside import unread_ledgers


@dataclass(frozen=True)
class Sources:
    """What a run read before it judged."""

    orders: bool
    bank: bool  # what could be read of the bank
    pulled: frozenset[str]  # accounts
    nameless: bool  # whether the run shows what names no known account
    bank_unread: frozenset[str] = frozenset()  # accounts with a file of the bank that could not be read
    orders_unread: frozenset[str] = frozenset()  # accounts whose orders may stand in what could not be read


class Coverage:
    """What a run judged, of the subjects of some known breaks."""

    def __init__(self, judged: Judged, sources: Sources, known_breaks: Iterable[Break]) -> None:
        self._sources = sources
        self._unread_ledgers = unread_ledgers(judged.books)
        self._order_unread = set(judged.books.charges[c.CHARGE_ID].iloc[list(judged.matching.order_unread)])
        wanted: dict[str, list[str]] = {}
        for known_break in known_breaks:
            wanted.setdefault(known_break.subject_type, []).append(known_break.subject_id)
        self._subjects = {
            subject: _judged_ids(frame, key, mask, wanted.get(subject, []))
            for subject, (frame, key, mask) in _subjects(judged).items()
        }
        banked = judged.settled.settlement.banked
        self._waiting = set(banked[c.TRANSFER_ID][c.equals(banked, c.MATCH, c.NOT_READ)]) if len(banked) else set()

    def __call__(self, known_break: Break) -> bool:
        """Whether the run would have raised it again."""
        if known_break.account is None and not self._sources.nameless:
            return False
        rule = RULE_OF.get(known_break.code)
        needs = rule.needs if rule else ""
        if known_break.subject_type == "source":
            needs = BANK if known_break.subject_id.startswith(c.BANK_ROW) else ORDERS
        if not self._has_read(needs, known_break.account):
            return False
        subjects = self._subjects.get(known_break.subject_type)
        if subjects is None:  # rows and accounts: what was read was looked at whole
            unread = known_break.code == "balance_mismatch" and known_break.account in self._unread_ledgers
            bank_unread = needs == BANK and known_break.account in self._sources.bank_unread
            return needs != "" and not unread and not bank_unread and not self._may_be_unread(needs, known_break)
        if rule and rule.code == "order_missing" and known_break.subject_id in self._order_unread:
            return False
        if needs == BANK and known_break.subject_id in self._waiting:
            return False
        return (known_break.account, known_break.subject_id) in subjects

    def _may_be_unread(self, needs: str, known_break: Break) -> bool:
        unread = self._sources.orders_unread
        return needs == ORDERS and (known_break.account in unread or (known_break.account is None and bool(unread)))

    def _has_read(self, needs: str, account: str | None) -> bool:
        sources = self._sources
        return {ORDERS: sources.orders, BANK: sources.bank, PULL: account in sources.pulled}.get(needs, True)


def _subjects(judged: Judged) -> dict[str, tuple[pd.DataFrame, str, Mask]]:
    """Per kind of subject its frame, its key, and which rows were judged."""
    books = judged.books
    scope = judged.scope
    banked = judged.settled.settlement.banked
    without_credit = list(banked[c.TRANSFER_ID][banked[c.LINE_ID].isna()].dropna()) if len(banked) else []
    transfers = scope.transfers | c.is_in(books.transfers[c.TRANSFER_ID], without_credit)
    return {
        "order": (books.orders, c.ORDER_ID, scope.orders),
        "charge": (books.charges, c.CHARGE_ID, scope.charges),
        "refund": (books.refunds, c.REFUND_ID, scope.refunds),
        "dispute": (books.disputes, c.DISPUTE_ID, scope.disputes),
        "transfer": (books.transfers, c.TRANSFER_ID, transfers),
        "transaction": (books.transactions, c.TRANSACTION_ID, scope.transactions),
        "bank_line": (books.bank_lines, c.LINE_ID, scope.bank_lines),
        "receipt": (books.receipts, c.RECEIPT_ID, scope.receipts & ~waits_for_lists(judged)),
    }


def _judged_ids(frame: pd.DataFrame, key: str, mask: Mask, wanted: list[str]) -> set[tuple[str | None, str]]:
    """Of the wanted ids those that were judged, with their accounts."""
    if not len(frame) or not wanted:
        return set()
    rows = frame.iloc[np.flatnonzero(mask & frame[key].isin(wanted).to_numpy(dtype=bool))]
    return set(zip(rows[c.ACCOUNT], rows[key], strict=True))
