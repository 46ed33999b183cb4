"""From judged books to settlement: reads the ledger, rebuilds, proves, and finds what is wrong; asks no source."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cached_property

from recon import columns as c
from recon import settlement
from recon.arrays import Mask
from recon.model import CLOSED, Account, Books, Break, KnownBreak, Proof, Result, Settlement, Window
from recon.rules import ledger as ledger_rules
from recon.rules import settlement as settlement_rules
from recon.rules.ledger import TRANSACTION_AMOUNT_MISMATCH, TRANSACTION_MISSING, TRANSACTION_UNEXPLAINED
from recon.settings import Context
from recon.settlement import balance, ledger, tie_out
from recon.settlement.fifo import lines_of
from recon.settlement.ledger import Ledger
from recon.triage import Judged

AT_THE_BANK = frozenset(
    rule.code
    for rule in (
        settlement_rules.BANK_CREDIT_MISSING,
        settlement_rules.BANK_AMOUNT_MISMATCH,
        settlement_rules.BANK_CREDIT_UNEXPLAINED,
    )
)
_LEDGER = frozenset({TRANSACTION_MISSING.code, TRANSACTION_AMOUNT_MISMATCH.code, TRANSACTION_UNEXPLAINED.code})


@dataclass(frozen=True)
class Settled:
    """What settlement found over the whole store, its breaks, and which transfers were judged."""

    books: Books
    ledger: Ledger
    settlement: Settlement
    breaks: tuple[Break, ...]
    transfers: Mask

    @cached_property
    def _spoken(self) -> frozenset[str | None]:
        return frozenset(one.transfer_id for one in self.breaks if one.subject_type == "transfer")

    def speaks_of(self, found: Break) -> bool:
        """Whether a break here already speaks of the transfer of one of the same group."""
        return found.subject_type == "transfer" and found.transfer_id in self._spoken


def settle(judged: Judged, accounts: Iterable[Account], context: Context) -> Settled:
    """Rebuild and judge the settlement of the accounts that a run asks for."""
    scope, asked = judged.scope, {account.name: account for account in accounts}
    books = replace(judged.books, lines=lines_of(judged.books))
    read = ledger.read(books)
    zones = {name: asked[name].zone for name in asked}
    bank_fees = {name: fee for name, fee in context.bank_fees.items() if name in asked}
    found = settlement.with_bank(settlement.rebuild(books, read), books, zones, bank_fees)
    masks = ledger_rules.Judges(scope.charges, scope.refunds, scope.transactions)
    whose = settlement_rules.Judges(
        scope.transfers, scope.bank_lines, {name: _start(account) for name, account in asked.items()}
    )
    breaks = (
        *ledger_rules.ledger_breaks(books, read, ledger.wrong(books, read), masks, context),
        *ledger_rules.balance_breaks(books.readings, context),
        *settlement_rules.overdue_breaks(found.unpaid, whose, context),
        *_of_transfers(books, read, found, whose, context),
    )
    at_bank = c.is_in(books.transfers[c.TRANSFER_ID], _not_at_bank(found))
    return Settled(books, read, found, breaks, scope.transfers | at_bank)


def _of_transfers(
    books: Books, read: Ledger, found: Settlement, whose: settlement_rules.Judges, context: Context
) -> Sequence[Break]:
    """Of each transfer the first break of the group."""
    own = list(settlement_rules.transfer_breaks(books, read, whose.transfers, context))
    said = {one.transfer_id for one in own}
    bank = settlement_rules.bank_breaks(books, found, whose, context)
    return [*own, *(one for one in bank if one.transfer_id is None or one.transfer_id not in said)]


def _not_at_bank(found: Settlement) -> Sequence[str]:
    banked = found.banked
    return list(banked[c.TRANSFER_ID][banked[c.LINE_ID].isna()].dropna()) if len(banked) else []


def _start(account: Account) -> datetime | None:
    return datetime.combine(account.go_live, time(), account.zone) if account.go_live else None


def with_settlement(
    result: Result, settled: Settled, window: Window, reported: Sequence[KnownBreak], context: Context
) -> Result:
    """A result with its part of the settlement, and the proofs beyond the orders: to ledger, balance and bank."""
    account, days = result.account, (result.first_day, result.last_day)
    read, books = settled.ledger, settled.books
    part = settlement.of_range(settled.settlement, books, read, account, window, days)
    proofs = _proofs(settled, account, window, days, reported, context)
    return replace(result, settlement=part, proofs=(*result.proofs, *proofs))


def _proofs(
    settled: Settled,
    account: Account,
    window: Window,
    days: tuple[date, date],
    reported: Sequence[KnownBreak],
    context: Context,
) -> tuple[Proof, ...]:
    told = _told(reported)
    due = settlement_rules.bank_due(account.name, context)
    banked = settled.settlement.banked
    return (
        *tie_out.charges_to_ledger(settled.books, settled.ledger, account.name, window, told),
        *balance.proof(settled.books, account.name),
        *tie_out.transfers_to_bank(banked, account.name, account.currency, days, due, told),
    )


def _told(reported: Sequence[KnownBreak]) -> tie_out.Told:
    known = [one.found for one in reported if one.status not in CLOSED]
    booked: Mapping[str, set[str]] = {"charge": set(), "refund": set(), "transaction": set()}
    for one in known:
        if one.code in _LEDGER and one.subject_type in booked:
            booked[one.subject_type].add(one.subject_id)
    return tie_out.Told(
        charges=booked["charge"],
        refunds=booked["refund"],
        transactions=booked["transaction"],
        transfers={one.transfer_id for one in known if one.transfer_id},
        lines={one.subject_id for one in known if one.subject_type == "bank_line"},
    )
