"""The balance of trust: what a result read, what it could not and why, what it did not judge, what does not tie.

It is made from what a result says of itself: every note that is not known to be in order stands in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from recon import columns as c
from recon.calendars import local_day
from recon.columnar import pd
from recon.model import NoteKind, Proof, Result
from recon.money import Currencies

READ = "Read"
NOT_READ = "Not read"
NOT_JUDGED = "Not judged"
TO_KNOW = "To know"
DOES_NOT_TIE = "Does not tie"
WELL = "All was read and judged, and every proof ties out"
_MOST = 8  # reasons of rejected rows that are named
_KINDS = {
    NoteKind.TO_KNOW: TO_KNOW,
    NoteKind.FILE_REPEATED: TO_KNOW,
    NoteKind.NOT_READ: NOT_READ,
    NoteKind.STATEMENT_MISSING: NOT_READ,
    NoteKind.NOT_JUDGED: NOT_JUDGED,
    NoteKind.WAITS_FOR_OBJECTS: NOT_JUDGED,
}  # of a note, all but those in order
_SENTENCES = frozenset({NoteKind.FILE_REPEATED, NoteKind.STATEMENT_MISSING})  # the others count things


@dataclass(frozen=True)
class Doubt:
    """One thing that a result does not rest on: what kind of doubt, in words, and how many (0: the words say all)."""

    kind: str
    words: str
    count: int = 0

    def __str__(self) -> str:
        return f"{self.count:,} {self.words}" if self.count else self.words


def doubts(result: Result, currencies: Currencies) -> list[Doubt]:
    """Everything that keeps a result from being trusted as a whole, in the order of the kinds; none: all is well."""
    by_kind: dict[str, list[Doubt]] = {NOT_READ: [], NOT_JUDGED: [], TO_KNOW: [], DOES_NOT_TIE: []}
    by_kind[NOT_READ] += [Doubt(NOT_READ, words, count) for words, count in result.not_read.items()]
    for words, count in sorted(result.notes.items()):
        note_kind = result.note_kinds.get(words, NoteKind.TO_KNOW)
        if count and note_kind in _KINDS:
            kind = _KINDS[note_kind]
            by_kind[kind].append(Doubt(kind, words, 0 if note_kind in _SENTENCES else count))
    coming = (result.last_day - local_day(result.as_of, result.account.zone)).days + 1
    if coming > 0:
        by_kind[TO_KNOW].append(
            Doubt(TO_KNOW, f"{'day' if coming == 1 else 'days'} of the range not over yet", coming)
        )
    by_kind[DOES_NOT_TIE] += [_untied(proof, currencies) for proof in result.proofs if proof.unexplained]
    if not result.complete and not by_kind[NOT_READ]:
        by_kind[NOT_READ].append(Doubt(NOT_READ, "a source failed or a list was cut short: run the same range again"))
    return [doubt for kind in by_kind.values() for doubt in kind]


def doubts_together(results: Sequence[Result], currencies: Currencies) -> list[Doubt]:
    """Those of several accounts: what differs only in a quoted value is counted together, its accounts named."""
    alike: dict[tuple[str, str], dict[str, Doubt]] = {}
    for result in results:
        for doubt in doubts(result, currencies):
            words = doubt.words if not doubt.count else re.sub(r"^rows? ", "", re.sub(r'"[^"]*"', '""', doubt.words))
            alike.setdefault((doubt.kind, words), {})[result.account.name] = doubt
    together = []
    for (kind, _), by_account in alike.items():
        [first, *_] = sorted(by_account.values(), key=lambda doubt: -doubt.count)
        names = ", ".join(f"{name} {doubt.count:,}" if doubt.count else name for name, doubt in by_account.items())
        words = re.sub(r"^row ", "rows ", first.words) if len(by_account) > 1 else first.words
        together.append(Doubt(kind, f"{words} ({names})", sum(doubt.count for doubt in by_account.values())))
    kinds = (NOT_READ, NOT_JUDGED, TO_KNOW, DOES_NOT_TIE)
    return sorted(together, key=lambda doubt: kinds.index(doubt.kind))


def what_was_read(results: Sequence[Result]) -> str:
    """How much the results rest on, in words."""
    names = ("orders", "charges", "refunds", "transfers", "transactions")
    counted = ((sum(getattr(result, name) for result in results), name) for name in names)
    counts = ", ".join(_of(count, name.removesuffix("s")) for count, name in counted)
    files = {(file.source, file.name, file.sha256): file.rows for result in results for file in result.inputs}
    rows = sum(files.values())
    read = f" from {_of(len(files), 'file')} of {_of(rows, 'row')} and from Omise" if files else ""
    return f"{counts} of the range{read}"


def _of(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def not_read(rejected: pd.DataFrame, lacking: Sequence[str]) -> Mapping[str, int]:
    """What was not read: sentences (count 0), then rejected rows by source and reason, the most frequent first.

    Reasons that differ only in the value that they quote are one, under the value that is there most often.
    """
    words = dict.fromkeys(lacking, 0)
    kinds: dict[tuple[str, str], Counter[str]] = {}
    for source, reason in zip(rejected[c.SOURCE], rejected[c.REASON], strict=True) if len(rejected) else ():
        kinds.setdefault((source, re.sub(r'"[^"]*"', '""', reason)), Counter())[reason] += 1
    ranked = sorted(kinds.items(), key=lambda kind: (-kind[1].total(), kind[0]))
    for (source, _), reasons in ranked[:_MOST]:
        [(reason, _)] = reasons.most_common(1)
        others = len(reasons) - 1
        more = f", and {others:,} other {'value' if others == 1 else 'values'}" if others else ""
        rows = "row" if reasons.total() == 1 else "rows"
        place = source if source.startswith(c.BANK_ROW) else f"orders.{source}"
        words[f"{rows} of {place}: {reason}{more}"] = reasons.total()
    if rest := sum(reasons.total() for _, reasons in ranked[_MOST:]):
        words["rows for other reasons (Rejected rows)"] = rest
    return words


def trust_lines(results: Sequence[Result], currencies: Currencies, messages: Sequence[str] = ()) -> Iterator[str]:
    """The balance of trust of several accounts as lines, one where all is well; without what `messages` say."""
    well = [result.account.name for result in results if not doubts(result, currencies)]
    if well:
        yield f"{', '.join(well)}: {WELL[0].lower()}{WELL[1:]}"
    yield from doubt_lines(results, currencies, messages)


def doubt_lines(results: Sequence[Result], currencies: Currencies, messages: Sequence[str] = ()) -> Iterator[str]:
    """The same without the accounts of which there is nothing to be said."""
    for result in results:
        for doubt in doubts(result, currencies):
            if not any(doubt.words in message for message in messages):
                yield f"{result.account.name}: {doubt.kind.lower()}: {doubt}"


def _untied(proof: Proof, currencies: Currencies) -> Doubt:
    name = (proof.name[:1].upper() + proof.name[1:]).replace("_", " ")
    rest = currencies.words(proof.unexplained, proof.currency)
    return Doubt(DOES_NOT_TIE, f"{name}: {rest} of its difference is not explained")
