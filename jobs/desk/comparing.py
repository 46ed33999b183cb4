"""Two recorded runs of a range beside each other: figures and breaks; judges nothing."""

from jobs.config.config import Config
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError
from recon import columns as c
from recon.result.changes import changes, figures_between
from recon.store.engine import Store
from recon.store.runs import history, record
from recon.store.runs.record import StoredRun
from reports.documents import Document, fields, records

_SHOWN = [
    c.WHAT,
    c.BREAK_ID,
    c.CODE,
    c.SEVERITY,
    c.STATUS,
    c.SUBJECT_ID,
    c.CURRENCY,
    c.RISK_BEFORE,
    c.AMOUNT_AT_RISK,
    c.RISK_CHANGE,
]


def runs_diff(config: Config, before: int, after: int) -> Document:
    """What changed from one run to another, by account; raises JobError where they have no range in common."""
    with ready_store(config) as store:
        earlier = stored_run(store, before)
        later = stored_run(store, after)
        known_breaks = {known_break.latest.id: known_break for known_break in record.list_breaks(store)}
        later_parts = {(part.account, part.first_day, part.last_day): part for part in later.accounts}
        accounts = []
        for part in earlier.accounts:
            same = later_parts.get((part.account, part.first_day, part.last_day))
            if same is None:
                continue
            left_before = history.left_open(store, before, part.account)
            left_after = history.left_open(store, after, part.account)
            accounts.append(
                {
                    **fields(part, "account", "first_day", "last_day"),
                    "same_result": part.result_digest == same.result_digest,
                    "figures": records(figures_between(part.counts, same.counts)),
                    "breaks": records(changes(left_before, left_after, known_breaks)[_SHOWN]),
                }
            )
    if not accounts:
        raise JobError(f"no account has the same range in both: {_spans(earlier)}; {_spans(later)}")
    return {"before": _head(earlier), "after": _head(later), "accounts": accounts}


def stored_run(store: Store, run_id: int) -> StoredRun:
    """A recorded run; raises JobError where there is none."""
    run = record.find_run(store, run_id)
    if run is None:
        raise JobError(f"there is no run {run_id}; recon runs list names them")
    return run


def _head(run: StoredRun) -> Document:
    return {"run_id": run.run_id, **fields(run.record, "as_of", "status")}


def _spans(run: StoredRun) -> str:
    parts = ", ".join(f"{part.account} {part.first_day} to {part.last_day}" for part in run.accounts)
    return f"run {run.run_id} has {parts or 'none'}"
