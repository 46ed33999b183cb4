"""Is what came in whole? Breaks of rows that could not be read and of lists that do not add up; knows no case."""

from collections.abc import Iterator

import pandas as pd

from recon import columns as c
from recon.model import Break, Severity
from recon.rules.rule import Rule
from recon.settings import Context

GROUP = "Disputes and data"

ORDER_INVALID = Rule(
    "order_invalid", GROUP, Severity.MEDIUM, "row",
    "A row of an order source could not be read; it is kept aside with its reason.",
    "Correct the row in the shop's export and run again.",
)  # fmt: skip
SOURCE_INCOMPLETE = Rule(
    "source_incomplete", GROUP, Severity.CRITICAL, "account",
    "Omise's total of a list and the rows stored of it differ, so something may be missing here.",
    "Run the range again; if it stays, tell Omise's support the list and the window.",
)  # fmt: skip

RULES = (ORDER_INVALID, SOURCE_INCOMPLETE)


def invalid_rows(rejected: pd.DataFrame, context: Context) -> Iterator[Break]:
    """One break per rejected row (shaped `columns.REJECTED`), by its content."""
    if not ORDER_INVALID.enabled(context):
        return
    names = [c.ACCOUNT, c.SOURCE, c.FILE, c.ROW, c.COLUMN, c.REASON, c.DIGEST]
    for account, source, file, row, column, reason, digest in rejected[names].itertuples(index=False, name=None):
        where = f"{file}, row {row}" + (f", column {column}" if isinstance(column, str) else "")
        yield Break(
            code=ORDER_INVALID.code,
            severity=ORDER_INVALID.severity_in(context),
            account=account if isinstance(account, str) else None,
            subject_type=ORDER_INVALID.subject,
            subject_id=digest,
            explanation=f"{where} (source {source}): {reason}",
            suggestion=ORDER_INVALID.action,
        )


def incomplete_source(account: str, lists: list[str], context: Context) -> Iterator[Break]:
    """One break for an account whose lists did not add up; `lists` says which, with both numbers."""
    if not lists or not SOURCE_INCOMPLETE.enabled(context):
        return
    yield Break(
        code=SOURCE_INCOMPLETE.code,
        severity=SOURCE_INCOMPLETE.severity_in(context),
        account=account,
        subject_type=SOURCE_INCOMPLETE.subject,
        subject_id=account,
        explanation=f"Omise's totals and the rows stored differ: {'; '.join(lists)}.",
        suggestion=SOURCE_INCOMPLETE.action,
    )
