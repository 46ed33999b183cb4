"""Compares a result with what an earlier run of its range left: breaks, figures; and puts ranges in a row; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from recon import columns as c
from recon.columnar import pd
from recon.model import CLOSED, KnownBreak, Result

COUNTS = (
    "orders",
    "charges",
    "refunds",
    "transfers",
    "transactions",
    "matched_orders",
    "expecting_orders",
    "rejected_rows",
    "ignored_rows",
)
AMOUNTS = ("amount_matched", "amount_open")
RANGES = 24  # of earlier ranges, how many are shown
_CLOSED = frozenset(str(status) for status in CLOSED)
_RANK = {c.NEW: 0, c.CHANGED: 1, c.CLOSED: 2}


@dataclass(frozen=True)
class Earlier:
    """One range by a run of it, in the counts that its record keeps."""

    first_day: date
    last_day: date
    counts: Mapping[str, Any]


def counts(result: Result) -> dict[str, Any]:
    """A result's counts as the run's record keeps them; amounts by currency, minor units."""
    by_currency = {
        total.currency: {name: getattr(total, name) for name in ("orders", "charges", "matched_orders", *AMOUNTS)}
        for total in result.currencies
    }
    plain = {name: getattr(result, name) for name in (*COUNTS, "breaks_new", "breaks_closed")}
    if not result.rate_known:
        plain[c.RATE_KNOWN] = False
    failing = [f"{proof.name} ({proof.currency})" for proof in result.proofs if proof.unexplained]
    proven = {"proofs": len(result.proofs), "proofs_failing": failing}
    return plain | proven | {"breaks_open": len(open_breaks(result.breaks)), "currencies": by_currency}


def open_breaks(breaks: pd.DataFrame) -> pd.DataFrame:
    """Those of a frame shaped `columns.BREAKS` that are not closed; shaped so, too, where there are no columns."""
    if not len(breaks.columns):
        return c.BREAKS.empty()
    closed = c.is_in(breaks[c.STATUS], _CLOSED)
    return breaks[~closed] if closed.any() else breaks


def changes(
    before: pd.DataFrame,
    breaks: pd.DataFrame,
    lives: Mapping[str, KnownBreak],
    why_closed: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """What is new, changed or closed since, shaped `CHANGES`, in this order.

    `before` (shaped `RUN_BREAKS`) was open then, `breaks` (shaped `columns.BREAKS`) is reported now, `lives` has
    every break by its id as it is known now, `why_closed` the words of those that closed by themselves.
    """
    now = {row[c.BREAK_ID]: row for row in _rows(open_breaks(breaks))}
    then = {row[c.BREAK_ID]: row for row in _rows(before)}
    rows = []
    for break_id in now.keys() | then.keys():
        old = then.get(break_id)
        new = now.get(break_id)
        change = c.NEW if old is None else c.CLOSED if new is None else c.CHANGED
        if old and new and all(old[name] == new[name] for name in c.RUN_BREAKS.names):
            continue
        rows.append(_change(change, old or {}, new or {}, lives[break_id], (why_closed or {}).get(break_id)))
    rows.sort(key=lambda row: (_RANK[row[0]], row[2], row[11], row[1]))
    return c.CHANGES.from_rows(rows)


def _change(
    change: str, old: Mapping[str, Any], new: Mapping[str, Any], known_break: KnownBreak, why: str | None
) -> tuple[Any, ...]:
    break_ = known_break.latest
    before = old.get(c.AMOUNT_AT_RISK)
    now = new.get(c.AMOUNT_AT_RISK)
    return (
        change,
        break_.id,
        break_.code,
        new.get(c.SEVERITY, break_.severity.word),
        new.get(c.STATUS, known_break.status.value),
        old.get(c.SEVERITY),
        old.get(c.STATUS),
        break_.account,
        break_.order_id,
        break_.charge_id,
        break_.subject_type,
        break_.subject_id,
        break_.currency,
        old.get(c.EXPECTED),
        new.get(c.EXPECTED),
        old.get(c.ACTUAL),
        new.get(c.ACTUAL),
        before,
        now,
        (now or 0) - (before or 0),
        break_.explanation,
        why,
    )


def _rows(frame: pd.DataFrame) -> Iterable[dict[str, Any]]:
    names = list(frame.columns)
    return (dict(zip(names, row, strict=True)) for row in c.plain_rows(frame, names)) if names else ()


def figures(before: Mapping[str, Any], result: Result) -> pd.DataFrame:
    """The figures that are not what an earlier run's record says, shaped `FIGURES`: counts, then amounts."""
    return figures_between(before, counts(result))


def figures_between(before: Mapping[str, Any], now: Mapping[str, Any]) -> pd.DataFrame:
    """The figures that differ between the counts of two runs' records, shaped `FIGURES`."""
    names = (*COUNTS, "breaks_open")
    rows: list[tuple[Any, ...]] = []
    for name in names:
        old = before.get(name)
        new = now.get(name)
        if old is not None and new is not None and old != new:
            rows.append((name, None, old, new, None, None, None))
    sides = (before.get("currencies", {}), now.get("currencies", {}))
    for currency in sorted({*sides[0], *sides[1]}):
        for name in AMOUNTS:
            old, new = (side.get(currency, {}).get(name, 0) for side in sides)
            if old != new:
                rows.append((name, currency, None, None, old, new, new - old))
    return c.FIGURES.from_rows(rows)


def ranges_before(ranges: Iterable[tuple[date, date]], result: Result) -> list[tuple[date, date]]:
    """The latest ranges (first and last day) before the result's that are as long as it, in order."""
    length = _length(result.first_day, result.last_day)
    own = (result.last_day, result.first_day)
    same_length = [(last, first) for first, last in ranges if _length(first, last) == length]
    return [(first, last) for last, first in sorted(days for days in same_length if days < own)[-RANGES:]]


def past(earlier: Iterable[Earlier]) -> pd.DataFrame:
    """Runs of earlier ranges, shaped `PAST`, in order."""
    rows = []
    for run in sorted(earlier, key=lambda run: run.last_day):
        orders = (run.counts[c.MATCHED_ORDERS], run.counts[c.EXPECTING_ORDERS], run.counts[c.BREAKS_OPEN])
        rate_known = run.counts.get(c.RATE_KNOWN, True)
        rows.append((run.first_day.isoformat(), run.last_day.isoformat(), *orders, rate_known))
    return c.PAST.from_rows(rows)


def _length(first: date, last: date) -> str | int:
    """How long a range is: months are alike, whatever their days."""
    whole_month = (
        first.day == 1
        and (last + timedelta(days=1)).day == 1
        and (first.year, first.month) == (last.year, last.month)
    )
    return "month" if whole_month else (last - first).days
