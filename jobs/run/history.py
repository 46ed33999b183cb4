"""Puts beside a result what earlier runs said of its range and of the ranges before; judges nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from jobs.run.judging import Findings
from recon import columns as c
from recon.model import KnownBreak, Result
from recon.result.changes import Earlier, changes, figures, past, ranges_before
from recon.store.engine import Store
from recon.store.runs import history, record


def with_histories(store: Store, findings: Findings, digests: Mapping[str, str]) -> Findings:
    """The findings, each result beside its history; `digests` has the results' own, by account."""
    if findings.carried is None:
        return findings
    now = (*findings.carried.reported, *findings.carried.changed)
    closings = {event.break_id: event.detail for event in findings.carried.events if event.what == "auto_closed"}
    results = (
        with_history(store, result, digests[result.account.name], now, closings) for result in findings.results
    )
    return replace(findings, results=tuple(results))


def by_id(*lives: Iterable[KnownBreak]) -> dict[str, KnownBreak]:
    """Every break by its id, as the last of the groups that has it knows it."""
    return {known.latest.id: known for group in lives for known in group}


def with_history(
    store: Store, result: Result, digest: str, now: Iterable[KnownBreak], closings: Mapping[str, str]
) -> Result:
    """The result with its changes since the last run of the range that came to something else, and the ranges before.

    `digest` is the result's own, `now` has what became of breaks since they were recorded, `closings` why some of
    them closed by themselves.
    """
    account = result.account
    earlier = [
        Earlier(run.part.first_day, run.part.last_day, run.part.counts)
        for run in history.last_of_each_range(store, account.name, partial(ranges_before, result=result))
    ]
    details = replace(result.details, past=past(earlier))
    run = history.last_different(store, account.name, result.first_day, result.last_day, digest)
    if run is not None:
        before = history.left_open(store, run.run_id, account.name)
        lives = by_id(history.known_by_id(store, before[c.BREAK_ID]).values(), now)
        details = replace(
            details,
            changes=changes(before, result.breaks, lives, {**record.closings(store, before[c.BREAK_ID]), **closings}),
            figures=figures(run.part.counts, result),
            since=run.as_of.astimezone(account.zone).date().isoformat(),
        )
    return replace(result, details=details)
