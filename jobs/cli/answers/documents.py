"""What the commands answer as JSON, key by key as the contract has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from jobs.run.outcome import Outcome
from recon import columns as c
from recon.model import BreakStatus, Result, Severity
from recon.result.changes import open_breaks
from recon.result.exposures import by_exposure
from recon.rules import CATALOGUE
from recon.store.runs.record import StoredRun
from reports.documents import Document, fields, moment

_MATCH = (
    *(c.ACCOUNT, c.ORDER_ID, c.CHARGE_ID, c.MATCHED_BY),
    *(c.ORDER_AMOUNT, c.CHARGE_AMOUNT, c.CURRENCY, c.ORDER_CURRENCY),
)
_WATERFALL = {c.CURRENCY: "currency", c.LINE: "line", c.AMOUNT: "amount", c.ROWS: "count"}


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


def has_open_break(outcome: Outcome, least: str) -> bool:
    """Whether any break of the run's ranges, but those that people acknowledged, is open at `least` or above it."""
    at_or_above = [severity.word for severity in Severity if severity >= Severity[least.upper()]]
    for result in outcome.results:
        breaks = open_breaks(result.breaks)
        unacknowledged = breaks[breaks[c.STATUS] != BreakStatus.ACKNOWLEDGED]
        if unacknowledged[c.SEVERITY].isin(at_or_above).any():
            return True
    return False


def _account(result: Result) -> Document:
    still_open = open_breaks(result.breaks)
    counts = ("orders", "charges", "refunds", "transfers", "transactions", "matched_orders", "match_rate")
    totals = ("currency", "orders", "charges", "matched_orders", "amount_matched", "amount_open")
    proof = ("name", "left", "right", "difference", "explained", "currency")
    return {
        "account": result.account.name,
        **fields(result, "first_day", "last_day", *counts),
        "breaks_open": len(still_open),
        **fields(result, "breaks_new", "breaks_closed"),
        "breaks_by_code": dict(sorted(Counter(still_open[c.CODE]).items())),
        "open_by_exposure": [
            fields(total, "exposure", "currency", "count", "amount") for total in by_exposure(result.breaks)
        ],
        "currencies": [fields(line, *totals) for line in result.currencies],
        "proof": [
            {**fields(line, *proof), "items": [fields(item, "what", "count", "amount") for item in line.items]}
            for line in result.proofs
        ],
        "waterfall": _waterfall(result),
        **fields(result, "rejected_rows", "ignored_rows"),
        "not_judged": {reason: count for reason, count in sorted(result.notes.items()) if count},
    }


def _waterfall(result: Result) -> list[Document]:
    """Where the money went, line by line; what a line does not count is null."""
    lines = result.settlement.waterfall
    rows = c.plain_rows(lines, _WATERFALL) if len(lines) else ()
    return [dict(zip(_WATERFALL.values(), row, strict=True)) for row in rows]


def match_documents(links: Iterable[Mapping[str, Any]]) -> list[Document]:
    """The links of `recon matches list --json`."""
    return [{name: link[name] for name in _MATCH} for link in links]


def run_documents(runs: Iterable[StoredRun]) -> list[Document]:
    """The runs of `recon runs list --json`."""
    return [
        {
            "run_id": run.run_id,
            **fields(run.record, "status", "as_of", "started_at", "recorded_at"),
            "by": run.record.who,
            **fields(run.record, "command", "options", "software", "config_digest", "timings"),
            "accounts": [
                {**fields(part, "account", "first_day", "last_day", "result_digest"), **part.counts}
                for part in run.accounts
            ],
        }
        for run in runs
    ]


def rule_documents() -> list[Document]:
    """The catalogue of `recon rules --json`."""
    return [fields(rule, "code", "title", "severity", "subject", "group", "meaning", "action") for rule in CATALOGUE]
