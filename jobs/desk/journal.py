"""The journal of a range handed to the books: what is new of it, in the layout asked for, kept as exported."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from jobs.config.config import Config
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError, Outcome
from recon import columns as c
from recon.calendars import days_window, outside
from recon.journal.exporting import MONTH, entries_of, month_ends, other_span, to_export, unmapped
from recon.journal.words import LedgerAccount
from recon.model import BalanceLine, JournalEntry, JournalExport, Result
from recon.store.desk import journal
from recon.store.desk.journal import Prepared
from recon.store.engine import Store
from recon.store.versions.load import covered
from reports.journal.files import Files, files
from reports.journal.layouts import Layout, layouts
from reports.journal.rows import Assertion, with_dates
from reports.workbook.write import replacing


@dataclass(frozen=True)
class Handover:
    """What an export came to; `left_out` entries stand exported as they are, `replaced` characters could not be kept.

    `messages` say what is not complete.
    """

    export: JournalExport
    entries: tuple[JournalEntry, ...] = ()
    files: tuple[bytes, ...] = ()
    left_out: int = 0
    replaced: int = 0
    messages: tuple[str, ...] = ()

    @property
    def reversals(self) -> int:
        """How many entries were taken back."""
        return sum(entry.reverses is not None for entry in self.entries)


@dataclass(frozen=True)
class ExportRequest:
    """How the journal is to be handed over, where to (null: one file on stdout), and by whom."""

    format: str
    out: Path | None
    who: str
    at: datetime


def hand_over(config: Config, outcome: Outcome, request: ExportRequest) -> Handover:
    """Export the journals of a look at the store: keep what leaves, and give it back; raises JobError in words.

    An account of whose days not every transaction was read is left out, and named.
    """
    layout = with_dates(layouts()[request.format], config.journal.date_format)
    with ready_store(config, writes=True) as store:
        incomplete = _incomplete(store, outcome.results)
        left_out = {name for name, _ in incomplete}
        results = [result for result in outcome.results if result.account.name not in left_out]
        messages = (*outcome.messages, *(words for _, words in incomplete))
        if not results:
            raise JobError(*(messages or ("no account was looked at",)))
        first = min(result.first_day for result in results)
        last = max(result.last_day for result in results)
        span = config.journal.detail
        drafts = [
            config.journal.codes(result.account.name).on(entry)
            for result in results
            for entry in entries_of(result.journal, result.account, span)
        ]
        written: list[Files] = []

        def prepare(register: Sequence[JournalEntry]) -> Prepared:
            _check_span(store, results, span, (first, last))
            _check_moment(store, results, outcome.as_of, (first, last))
            entries = to_export(drafts, _looked_at(results, register))
            _check(entries, layout)
            made = files(layout, config.currencies(), entries, _assertions(config, results))
            if request.out is None and len(made.contents) > 1:
                raise JobError(f"{len(made.contents)} files of at most {layout.lines} lines: name them with --out")
            written.append(made)
            return Prepared(entries, made.contents)

        names = tuple(result.account.name for result in results)
        wanted = JournalExport(
            0, request.at, request.who, names, first, last, outcome.as_of, request.format, span, 0, 0, 0
        )
        kept, prepared = journal.export(store, wanted, prepare, config.audit_key)
    reversed_or_new = {entry.base for entry in prepared.entries}
    return Handover(
        kept,
        tuple(prepared.entries),
        tuple(prepared.files) if prepared.entries else (),
        sum(draft.base not in reversed_or_new for draft in drafts),
        written[0].replaced,
        messages,
    )


def again(config: Config, export_id: int) -> tuple[JournalExport, list[bytes]]:
    """An earlier export with its files, byte for byte; raises JobError where there is none."""
    with ready_store(config) as store:
        kept = next((export for export in journal.exports(store) if export.id == export_id), None)
        if kept is None:
            raise JobError(f"there is no export {export_id}; recon journal list names them")
        return kept, journal.files_of(store, export_id)


def all_exports(config: Config) -> list[JournalExport]:
    """Every export, the latest first."""
    with ready_store(config) as store:
        return journal.exports(store)


def write(contents: Sequence[bytes], out: Path) -> list[Path]:
    """The files where --out says; of several each has its number before the suffix."""
    paths = [out]
    if len(contents) > 1:
        paths = [out.with_name(f"{out.stem}-{place}{out.suffix}") for place in range(1, len(contents) + 1)]
    out.parent.mkdir(parents=True, exist_ok=True)
    for path, content in zip(paths, contents, strict=True):
        with replacing(path) as file:
            file.write(content)
    return paths


def _incomplete(store: Store, results: Sequence[Result]) -> list[tuple[str, str]]:
    """Accounts of whose days not every transaction was pulled, each with the words."""
    words = []
    for result in results:
        account = result.account
        days = days_window(result.first_day, result.last_day, account.zone)
        missing = outside([days], covered(store, account.name, "transaction"))
        if missing:
            day = missing[0].start.astimezone(account.zone).date()
            say = f'account "{account.name}": not every transaction of {day} was pulled, nothing of it is exported'
            words.append((account.name, f"{say}; run `recon run --from {day}`"))
    return words


def _looked_at(results: Sequence[Result], register: Iterable[JournalEntry]) -> list[JournalEntry]:
    """What was exported of each account's own days: yesterday is not the same day in every zone."""
    days = {result.account.name: (result.first_day, result.last_day) for result in results}
    return [entry for entry in register if days[entry.account][0] <= entry.day <= days[entry.account][1]]


def _check_span(store: Store, results: Sequence[Result], span: str, days: tuple[date, date]) -> None:
    """A month is exported whole, and never once by day and once by month."""
    first, last = days
    if span == MONTH and not month_ends(first, last):
        raise JobError('[journal] detail = "month": the range must be whole months, such as 2026-01-01 to 2026-01-31')
    whole = first.replace(day=1), last.replace(day=monthrange(last.year, last.month)[1])
    register = journal.entries_between(store, [result.account.name for result in results], *whole)
    other = other_span(register, span)
    if other is not None:
        words = f"{other.number} was exported by {other.span}, and [journal] detail is {span} now"
        raise JobError(f"{words}: each month is exported by one of them")


def _check_moment(store: Store, results: Sequence[Result], as_of: datetime, days: tuple[date, date]) -> None:
    """What was known earlier takes nothing back that was exported later."""
    names = {result.account.name for result in results}
    for export in journal.exports(store):
        overlaps = export.first_day <= days[1] and export.last_day >= days[0] and names & set(export.accounts)
        if overlaps and export.as_of > as_of:
            raise JobError(f"export {export.id} of these days is as of {export.as_of.isoformat()}: that is later")


def _check(entries: Sequence[JournalEntry], layout: Layout) -> None:
    """Every code that lacks, or that the books would not take; and their one currency."""
    mistakes = list(_unmapped_words(entries, layout))
    codes = {line.code for entry in entries for line in entry.lines if line.code}
    mistakes += [f'[journal.accounts] "{code}" {why}' for code in sorted(codes) if (why := layout.refuses(code))]
    currencies = sorted({entry.currency for entry in entries})
    if layout.one_currency and len(currencies) > 1:
        mistakes.append(
            f"{layout.title} has one currency, and these are {', '.join(currencies)}: choose with --account"
        )
    elif layout.currencies and not set(currencies) <= set(layout.currencies):
        mistakes.append(f"{layout.title} keeps {', '.join(layout.currencies)}, not {', '.join(currencies)}")
    if mistakes:
        raise JobError(*mistakes)


def _unmapped_words(entries: Sequence[JournalEntry], layout: Layout) -> Iterator[str]:
    """One sentence for the accounts that lack the same codes."""
    words: dict[tuple[str, str], list[str]] = {}
    for account, table, word in unmapped(entries, layout.needs_tax):
        words.setdefault((table, account), []).append(f"{word} ({LedgerAccount(word).label})")
    accounts: dict[tuple[str, str], list[str]] = {}
    for (table, account), missing in words.items():
        accounts.setdefault((table, ", ".join(missing)), []).append(account)
    for (table, missing_words), names in accounts.items():
        place = f"[journal.{table}] or [journal.{names[0]}.{table}]"
        yield f"nothing was written: {place} has no code for {missing_words}; account {', '.join(names)}"


def _assertions(config: Config, results: Sequence[Result]) -> list[Assertion]:
    """What the clearing accounts hold when the days begin, and when they are over; accounts of one code together."""
    sums: dict[tuple[date, str, str], int] = {}
    for result in results:
        waterfall = result.settlement.waterfall
        code = config.journal.codes(result.account.name).accounts.get(LedgerAccount.CLEARING, "")
        lines = dict(zip(waterfall[c.LINE], waterfall[c.AMOUNT].tolist(), strict=True))
        days = {BalanceLine.OPENING: result.first_day, BalanceLine.CLOSING: result.last_day + timedelta(days=1)}
        for line, day in days.items():
            key = (day, code, result.account.currency)
            sums[key] = sums.get(key, 0) + lines[line]
    return [Assertion(day, code, amount, currency) for (day, code, currency), amount in sorted(sums.items())]
