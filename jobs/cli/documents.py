"""What the commands answer as JSON, key by key as the contract has it."""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from jobs.run.outcome import Outcome, Unsigned
from recon import columns as c
from recon.model import BreakStatus, Result, Severity
from recon.result.changes import open_breaks
from recon.rules import CATALOGUE
from recon.store.runs.record import StoredRun
from reports.documents import Document, moment

_MATCH = (c.ACCOUNT, c.ORDER_ID, c.CHARGE_ID, c.MATCHED_BY, c.ORDER_AMOUNT, c.CHARGE_AMOUNT, c.CURRENCY)


def run_document(outcome: Outcome) -> Document:
    """`recon run --json`."""
    return {
        "run_id": outcome.run_id,
        "status": "complete" if outcome.complete else "incomplete",
        "as_of": moment(outcome.as_of),
        "accounts": [_account(result) for result in outcome.results],
        "reports": [str(path) for path in outcome.reports],
        "timings": dict(outcome.timings),
    }


def unsigned_words(one: Unsigned) -> str:
    """A sign-off that a run ended, in a sentence."""
    return f"{one.account} {one.first} to {one.last} is no longer signed: {one.words}"


def has_open_break(outcome: Outcome, least: str) -> bool:
    """Whether any break of the run's ranges, but those that people acknowledged, is open at `least` or above it."""
    at_or_above = [severity.word for severity in Severity if severity >= Severity[least.upper()]]
    still_open = (open_breaks(result.breaks) for result in outcome.results)
    unknown = (found[found[c.STATUS] != BreakStatus.ACKNOWLEDGED] for found in still_open)
    return any(found[c.SEVERITY].isin(at_or_above).any() for found in unknown)


def _account(result: Result) -> Document:
    still_open = open_breaks(result.breaks)
    return {
        "account": result.account.name,
        "from": result.first_day.isoformat(),
        "to": result.last_day.isoformat(),
        "orders": result.orders,
        "charges": result.charges,
        "refunds": result.refunds,
        "transfers": result.transfers,
        "transactions": result.transactions,
        "matched_orders": result.matched_orders,
        "match_rate": result.match_rate,
        "breaks_open": len(still_open),
        "breaks_new": result.breaks_new,
        "breaks_closed": result.breaks_closed,
        "breaks_by_code": dict(sorted(Counter(still_open[c.CODE]).items())),
        "currencies": [
            {
                "currency": totals.currency,
                "orders": totals.orders,
                "charges": totals.charges,
                "matched_orders": totals.matched_orders,
                "amount_matched": totals.amount_matched,
                "amount_open": totals.amount_open,
            }
            for totals in result.currencies
        ],
        "proof": [
            {
                "name": proof.name,
                "left": proof.left,
                "right": proof.right,
                "difference": proof.difference,
                "explained": proof.explained,
                "currency": proof.currency,
            }
            for proof in result.proofs
        ],
        "rejected_rows": result.rejected_rows,
        "ignored_rows": result.ignored_rows,
    }


def match_documents(matches: pd.DataFrame) -> list[Document]:
    """The links of `recon matches list --json`."""
    rows = matches[list(_MATCH)].astype(object).itertuples(index=False, name=None)
    return [dict(zip(_MATCH, row, strict=True)) for row in rows]


def run_documents(runs: Iterable[StoredRun]) -> list[Document]:
    """The runs of `recon runs list --json`."""
    return [
        {
            "run_id": run.run_id,
            "status": run.record.status,
            "as_of": moment(run.record.as_of),
            "started_at": moment(run.record.started_at),
            "recorded_at": moment(run.record.recorded_at),
            "by": run.record.who,
            "command": run.record.command,
            "options": dict(run.record.options),
            "software": run.record.software,
            "config_digest": run.record.config_digest,
            "timings": dict(run.record.timings),
            "accounts": [
                {
                    "account": part.account,
                    "from": part.first_day.isoformat(),
                    "to": part.last_day.isoformat(),
                    "result_digest": part.result_digest,
                    **part.counts,
                }
                for part in run.accounts
            ],
        }
        for run in runs
    ]


def rule_documents() -> list[Document]:
    """The catalogue of `recon rules --json`."""
    return [
        {
            "code": rule.code,
            "severity": rule.severity,
            "subject": rule.subject,
            "group": rule.group,
            "meaning": rule.meaning,
            "action": rule.action,
        }
        for rule in CATALOGUE
    ]
