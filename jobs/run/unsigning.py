"""Ends the sign-offs of ranges whose figures a run found changed; writes no file and tells nobody itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from jobs.config.config import Config
from jobs.run.judging import Findings
from jobs.run.outcome import Unsigned
from jobs.run.rejudging import Change, compare, judged_again, taken_out_since
from recon import columns as c
from recon.calendars import days_window
from recon.model import Result
from recon.money import Currencies
from recon.store.desk import workbooks
from recon.store.desk.workbooks import SignOff, StoredWorkbook
from recon.store.engine import Store
from recon.store.runs import record
from recon.store.runs.record import StoredRun

MOST = 24  # signed ranges that one run judges again: the rest is told, and a run of such a range looks at it
_FEW = 6


@dataclass(frozen=True)
class _Look:
    """What a run looks back with."""

    config: Config
    store: Store
    run_id: int
    results: Mapping[str, Result]
    current: bool


def unsign(
    config: Config, store: Store, findings: Findings, run_id: int, clock: Callable[[], datetime]
) -> tuple[Unsigned, ...]:
    """End each standing sign-off whose range has other figures or breaks now, in the store and the audit chain.

    A range that this run judged is compared with its result. Another one is judged again, as of its own moment, if
    anything made in it has changed since the account's run before this one; what people ruled does not count there.
    The results of a look at the past say nothing of now. Those that this run ended before it was cut, and could not
    tell, are told again.
    """
    results = {result.account.name: result for result in findings.results}
    look = _Look(config, store, run_id, results, findings.current)
    by = f"run {run_id}"
    judged = 0
    before = (
        Unsigned(sign_off.account, sign_off.first_day, sign_off.last_day, sign_off.ended_why or "")
        for sign_off in workbooks.ended_by(store, by)
    )
    ended = list(dict.fromkeys(before))
    for signed, sign_offs in _signed(store):
        run = record.find_run(store, signed.run_id) if signed.run_id is not None else None
        if run is None:
            continue
        covered = [part.account for part in run.accounts if signed.covers(part.account)]
        changes = _of_this_run(look, signed, run)
        if changes is None and _is_touched(look, signed, run):
            judged += 1
            if judged > MOST:
                words = "data of it arrived; too many signed ranges changed at once to judge it: run it again"
                ended.append(Unsigned(signed.account, signed.first_day, signed.last_day, f"not ended: {words}"))
                continue
            changes = list(judged_again(config, store, run, covered).values())
        why = words_of([change for change in changes or () if change.of_figures], config.currencies())
        if why:
            why = "; ".join((why, *taken_out_since(config, store, run, covered)))
            workbooks.end(store, sign_offs, by, by, why, clock(), config.audit_key)
            ended.append(Unsigned(signed.account, signed.first_day, signed.last_day, why))
    return tuple(ended)


def words_of(changes: Sequence[Change], currencies: Currencies) -> str:
    """Which figures and breaks changed, in one line; nothing where none did."""
    parts = []
    for change in changes:
        differences = [*_figures(change, currencies), *_breaks(change)]
        more = f", and {len(differences) - _FEW} more" if len(differences) > _FEW else ""
        if differences:
            parts.append(f"{change.account}: {', '.join(differences[:_FEW])}{more}")
    return "; ".join(parts)


def _figures(change: Change, currencies: Currencies) -> Iterator[str]:
    for name, code, before, now, amount, amount_now, _ in c.plain_rows(change.figures, change.figures.columns):
        words = name.replace("_", " ")
        if code is None:
            yield f"{words} {before} -> {now}"
        else:
            yield f"{words} {currencies.words(amount, code)} -> {currencies.show(amount_now, code)}"


def _breaks(change: Change) -> Iterator[str]:
    for what, code, subject in c.plain_rows(change.breaks, (c.WHAT, c.CODE, c.SUBJECT_ID)):
        yield f"{what} break {code} of {subject}"


def _signed(store: Store) -> Iterator[tuple[StoredWorkbook, list[SignOff]]]:
    """Every signed workbook with its standing sign-offs."""
    by_range = attrgetter("account", "first_day", "last_day", "id")
    for sha256, group in groupby(sorted(workbooks.standing(store), key=by_range), key=attrgetter("sha256")):
        signed = workbooks.by_hash(store, sha256)
        if signed is not None:
            yield signed, list(group)


def _of_this_run(look: _Look, signed: StoredWorkbook, run: StoredRun) -> list[Change] | None:
    """What this run's own results say of the range; None where it judged another one."""
    if not look.current:
        return None
    judged = []
    for part in run.accounts:
        if not signed.covers(part.account):
            continue
        result = look.results.get(part.account)
        if result is None or (result.first_day, result.last_day) != (part.first_day, part.last_day):
            return None
        judged.append((part, result))
    lives = {known.latest.id: known for known in record.list_breaks(look.store)} if judged else {}
    return [compare(look.store, run.run_id, part, result, lives) for part, result in judged]


def _is_touched(look: _Look, signed: StoredWorkbook, run: StoredRun) -> bool:
    """Whether something that was made in the range has another version since the account's run before this one."""
    accounts = look.config.accounts_by_name()
    for part in run.accounts:
        if not signed.covers(part.account) or part.account not in look.results or part.account not in accounts:
            continue
        window = days_window(part.first_day, part.last_day, accounts[part.account].zone)
        before = workbooks.looked_before(look.store, part.account, look.run_id) or run.record.recorded_at
        days = (part.first_day, part.last_day)
        if workbooks.touched_since(look.store, part.account, window, days, before):
            return True
    return False
