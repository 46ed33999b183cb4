"""Two recorded runs of a range beside each other: figures and breaks; judges nothing."""

import pandas as pd

from jobs.cli.documents import records
from jobs.cli.tables import table
from jobs.config.config import Config
from jobs.run.outcome import JobError
from jobs.run.run import ready_store
from recon import columns as c
from recon.money import Currencies
from recon.result.changes import changes, figures_between
from recon.store.engine import Store
from recon.store.runs import history, record
from recon.store.runs.record import StoredRun
from reports.documents import Document, moment

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
        one, other = _run(store, before), _run(store, after)
        known = {known.found.id: known for known in record.list_breaks(store)}
        theirs = {(part.account, part.first_day, part.last_day): part for part in other.accounts}
        accounts = []
        for part in one.accounts:
            same = theirs.get((part.account, part.first_day, part.last_day))
            if same is None:
                continue
            accounts.append(
                {
                    "account": part.account,
                    "from": part.first_day.isoformat(),
                    "to": part.last_day.isoformat(),
                    "same_result": part.result_digest == same.result_digest,
                    "figures": records(figures_between(part.counts, same.counts)),
                    "breaks": records(changes(*_left(store, part.account, before, after), known)[_SHOWN]),
                }
            )
    if not accounts:
        raise JobError(f"no account has the same range in both: {_spans(one)}; {_spans(other)}")
    return {"before": _head(one), "after": _head(other), "accounts": accounts}


def _left(store: Store, account: str, before: int, after: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What each run left open of an account."""
    return history.left_open(store, before, account), history.left_open(store, after, account)


def _run(store: Store, run_id: int) -> StoredRun:
    found = record.one_run(store, run_id)
    if found is None:
        raise JobError(f"there is no run {run_id}; recon runs list names them")
    return found


def _head(run: StoredRun) -> Document:
    return {"run_id": run.run_id, "as_of": moment(run.record.as_of), "status": run.record.status}


def _spans(run: StoredRun) -> str:
    parts = ", ".join(f"{part.account} {part.first_day} to {part.last_day}" for part in run.accounts)
    return f"run {run.run_id} has {parts or 'none'}"


def show_diff(found: Document, currencies: Currencies) -> None:
    """The same as tables on stdout."""

    def money(amount: int | None, currency: str | None) -> str:
        return "" if amount is None or currency is None else f"{currencies.show(amount, currency)} {currency}"

    for part in found["accounts"]:
        print(f"{part['account']}  {part['from']} to {part['to']}" + ("  the same result" * part["same_result"]))
        figures = [
            (row[c.FIGURE].replace("_", " "), row[c.COUNT_BEFORE], row[c.COUNT_NOW])
            if row[c.CURRENCY] is None
            else (
                row[c.FIGURE].replace("_", " "),
                money(row[c.AMOUNT_BEFORE], row[c.CURRENCY]),
                money(row[c.AMOUNT_NOW], row[c.CURRENCY]),
            )
            for row in part["figures"]
        ]
        if figures:
            table(("figure", f"run {found['before']['run_id']}", f"run {found['after']['run_id']}"), figures)
        if part["breaks"]:
            heads = ("what", "severity", "code", "subject", "at risk before", "at risk now", "id")
            table(
                heads,
                (
                    (
                        row[c.WHAT],
                        row[c.SEVERITY],
                        row[c.CODE],
                        row[c.SUBJECT_ID],
                        money(row[c.RISK_BEFORE], row[c.CURRENCY]),
                        money(row[c.AMOUNT_AT_RISK], row[c.CURRENCY]),
                        row[c.BREAK_ID],
                    )
                    for row in part["breaks"]
                ),
            )
        if not figures and not part["breaks"]:
            print("no figure and no break differs")
