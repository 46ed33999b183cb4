"""What of a journal an export holds: what is new, and what changed since an earlier one; writes nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from recon import columns as c
from recon.columnar import pd
from recon.journal.posting import Posting, entries
from recon.journal.words import EntryKind, LedgerAccount
from recon.model import Account, JournalEntry, JournalLine

DAY = "day"
MONTH = "month"
_REVERSED = "R"


@dataclass(frozen=True)
class BookCodes:
    """What the merchant's books call the accounts of the journal, and their tax codes, by LedgerAccount."""

    accounts: Mapping[str, str] = field(default_factory=dict)
    tax_codes: Mapping[str, str] = field(default_factory=dict)

    def on(self, entry: JournalEntry) -> JournalEntry:
        """The entry with the codes of its accounts."""
        lines = tuple(
            replace(
                line,
                code=self.accounts.get(line.ledger_account, ""),
                tax_code=self.tax_codes.get(line.ledger_account, ""),
            )
            for line in entry.lines
        )
        return replace(entry, lines=lines)


def other_span(register: Iterable[JournalEntry], span: str) -> JournalEntry | None:
    """An entry that stands exported by the other span, of all that was exported of whole months."""
    return next((entry for entry in _standing(register) if entry.span != span), None)


def _standing(register: Iterable[JournalEntry]) -> list[JournalEntry]:
    """The entries of an export register that no later one takes back."""
    exported = list(register)
    reversed_numbers = {entry.reverses for entry in exported if entry.reverses}
    return [entry for entry in exported if not entry.reverses and entry.number not in reversed_numbers]


def month_ends(first: date, last: date) -> bool:
    """Whether the days are whole months."""
    return first.day == 1 and (last + timedelta(days=1)).day == 1


def entries_of(journal: pd.DataFrame, account: Account, span: str) -> list[JournalEntry]:
    """The entries of a journal (shaped JOURNAL) of days, or added up by month."""
    if span == MONTH:
        journal = entries(account, _by_month(journal))
    names = [c.LEDGER_ACCOUNT, c.DEBIT, c.CREDIT, c.ROWS, c.NOTE]
    keys = [c.ENTRY, c.DAY, c.ENTRY_KIND, c.CURRENCY]
    result = []
    for key, rows in journal.groupby(keys, sort=False):
        base, day, kind, currency = map(str, key)
        lines = tuple(
            JournalLine(word, _minor(debit), _minor(credit), count, note if isinstance(note, str) else "")
            for word, debit, credit, count, note in rows[names].itertuples(index=False, name=None)
        )
        last = _last_day(day)
        result.append(JournalEntry(base, account.name, last, kind, currency, span, lines, _digest(currency, lines)))
    return result


def to_export(drafts: Sequence[JournalEntry], register: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Of the entries of some days, given all that was ever exported of these, what is to be: numbered, in order.

    What stands exported as it is stays out; what changed is taken back and comes anew; what is no more is taken back.
    """
    standing = {entry.base: entry for entry in _standing(register)}
    wanted = {draft.base: draft.digest for draft in drafts}
    versions = Counter(entry.base for entry in register if not entry.reverses)
    exported = [_reversal(entry) for entry in standing.values() if wanted.get(entry.base) != entry.digest]
    for draft in drafts:
        old_entry = standing.get(draft.base)
        if old_entry is None or old_entry.digest != draft.digest:
            exported.append(replace(draft, number=f"{draft.base}-{versions[draft.base] + 1:02d}"))
    kinds = [kind.value for kind in EntryKind]
    return sorted(exported, key=lambda entry: (entry.day, entry.account, kinds.index(entry.kind), entry.number))


def unmapped(exported: Iterable[JournalEntry], needs_tax: bool) -> Iterator[tuple[str, str, str]]:
    """Each account, table (accounts or tax_codes) and word for which lines have no code, once."""
    without: dict[tuple[str, str, str], None] = {}
    for entry in exported:
        for line in entry.lines:
            if not line.code:
                without[entry.account, "accounts", line.ledger_account] = None
            if needs_tax and not line.tax_code:
                without[entry.account, "tax_codes", line.ledger_account] = None
    words = [account.value for account in LedgerAccount]
    yield from sorted(without, key=lambda place: (place[0], place[1], words.index(place[2])))


def _reversal(entry: JournalEntry) -> JournalEntry:
    """The same lines on the other sides, with the codes of then."""
    lines = tuple(replace(line, debit=line.credit, credit=line.debit) for line in entry.lines)
    digest = _digest(entry.currency, lines)
    number = f"{entry.number}{_REVERSED}"
    return replace(entry, number=number, reverses=entry.number, lines=lines, digest=digest)


def _by_month(journal: pd.DataFrame) -> Iterator[Posting]:
    names = [c.DAY, c.ENTRY_KIND, c.CURRENCY, c.LEDGER_ACCOUNT, c.DEBIT, c.CREDIT, c.ROWS, c.NOTE]
    for day, kind, currency, word, debit, credit, rows, note in journal[names].itertuples(index=False, name=None):
        amount = (_minor(debit) or 0) - (_minor(credit) or 0)
        text = note if isinstance(note, str) else ""
        yield Posting(day[:7], EntryKind(kind), currency, LedgerAccount(word), amount, rows, text)


def _last_day(day: str) -> date:
    """A day itself; of a month (YYYY-MM) its last."""
    if len(day) > len("2026-01"):
        return date.fromisoformat(day)
    return (date.fromisoformat(f"{day}-28") + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _digest(currency: str, lines: Iterable[JournalLine]) -> str:
    texts = [f"{line.ledger_account}\x1f{line.debit}\x1f{line.credit}\x1f{line.note}" for line in lines]
    return hashlib.sha256("\x1e".join([currency, *texts]).encode()).hexdigest()


def _minor(cell: object) -> int | None:
    return None if pd.isna(cell) else int(cell)  # type: ignore[call-overload]
