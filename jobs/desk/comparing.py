"""Two recorded runs of a range beside each other, for the command line."""

from jobs.config.config import Config
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError
from recon.store.engine import Store
from recon.store.runs import record
from recon.store.runs.record import StoredRun
from reports.documents import Document, fields
from reports.runs_compared import compared


def runs_diff(config: Config, before: int, after: int) -> Document:
    """What changed from one run to another, by account; raises JobError where they have no range in common."""
    with ready_store(config) as store:
        earlier = stored_run(store, before)
        later = stored_run(store, after)
        accounts = list(compared(store, earlier, later))
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
