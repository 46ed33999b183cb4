"""Is what came in whole? Breaks of rows that could not be read and of lists that do not add up."""

from collections.abc import Iterator

import pandas as pd

from recon import columns as c
from recon.model import Break, Severity
from recon.rules.rule import Rule
from recon.settings import Context

GROUP = "Disputes and data"

ORDER_INVALID = Rule(
    "order_invalid",
    GROUP,
    Severity.MEDIUM,
    "row",
    "A row of an order source could not be read; it is kept aside with its reason.",
    "Correct the row in the shop's export and run again.",
)
BANK_LINE_INVALID = Rule(
    "bank_line_invalid",
    GROUP,
    Severity.MEDIUM,
    "row",
    "A line of a bank statement could not be read, or a statement does not add up; it is kept aside with its reason.",
    "Get the statement from the bank again, or correct the export, and run again.",
)
SOURCE_INCOMPLETE = Rule(
    "source_incomplete",
    GROUP,
    Severity.CRITICAL,
    "account",
    "Omise's total of a list and the rows stored of it differ, so something may be missing here.",
    "Run the range again; if it stays, tell Omise's support the list and the window.",
)

RULES = (ORDER_INVALID, BANK_LINE_INVALID, SOURCE_INCOMPLETE)


def invalid_rows(rejected: pd.DataFrame, context: Context) -> Iterator[Break]:
    """One break per rejected row (shaped `columns.REJECTED`), by its content."""
    names = [c.ACCOUNT, c.SOURCE, c.FILE, c.ROW, c.COLUMN, c.REASON, c.DIGEST]
    for account, source, file, row, column, reason, digest in rejected[names].itertuples(index=False, name=None):
        rule = BANK_LINE_INVALID if source.startswith(c.BANK_ROW) else ORDER_INVALID
        if not rule.enabled(context):
            continue
        where = f"{file}, row {row}" + (f", column {column}" if isinstance(column, str) else "")
        yield Break(
            code=rule.code,
            severity=rule.severity_in(context),
            account=account if isinstance(account, str) else None,
            subject_type=rule.subject,
            subject_id=digest,
            explanation=f"{where} (source {source}): {reason}",
            suggestion=rule.action,
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
