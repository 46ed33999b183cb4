"""Is what came in whole? Breaks of rows that could not be read and of lists that do not add up."""

from collections.abc import Iterator
from functools import partial

from recon import columns as c
from recon.model import Break, Exposure, Severity
from recon.rules.rule import BANK, ORDERS, PULL, Rule
from recon.settings import Context
from recon.triage import Judged

GROUP = "Disputes and data"


def _rejected_rows(rule: Rule, judged: Judged, context: Context, *, of_bank: bool) -> Iterator[Break]:
    """One break per rejected row of the judged accounts, or of none, by its content."""
    rejected = judged.books.rejected
    if not len(rejected):
        return
    own = rejected[c.ACCOUNT].isna() | rejected[c.ACCOUNT].isin(list(judged.accounts))
    names = [c.ACCOUNT, c.SOURCE, c.FILE, c.ROW, c.COLUMN, c.REASON, c.DIGEST, c.ORDER_ID]
    rows = rejected[names][own.to_numpy(dtype=bool)].itertuples(index=False, name=None)
    for account, source, file, row, column, reason, digest, order in rows:
        if source.startswith(c.BANK_ROW) == of_bank:
            where = f"{file}, row {row}" + (f", column {column}" if isinstance(column, str) else "")
            owner = account if isinstance(account, str) else None
            of = f"source {source}" + (f", order {order}" if isinstance(order, str) else "")
            yield rule.on(context, owner, digest, f"{where} ({of}): {reason}")


def _incomplete_sources(rule: Rule, judged: Judged, context: Context) -> Iterator[Break]:
    for account, lists in judged.incomplete.items():
        if lists:
            differences = "; ".join(lists)
            yield rule.on(context, account, account, f"Omise's totals and the rows stored differ: {differences}.")
    for account, sources in judged.unread_sources.items():
        for source, words in sources.items():
            yield rule.on(
                context,
                account,
                source,
                words,
                subject_type="source",
                suggestion=f"Correct the rows or what [{source}] says of them, and run again.",
            )


RULES = (
    Rule(
        "order_invalid",
        Severity.MEDIUM,
        "row",
        "A row of an order source could not be read; it is kept aside with its reason.",
        "Correct the row in the shop's export and run again.",
        find=partial(_rejected_rows, of_bank=False),
        needs=ORDERS,
        title="Order row could not be read",
        exposure=Exposure.NO_CASH,
    ),
    Rule(
        "bank_line_invalid",
        Severity.MEDIUM,
        "row",
        "A line of a bank statement could not be read, or a statement does not add up; it is kept aside with its "
        "reason.",
        "Get the statement from the bank again, or correct the export, and run again.",
        find=partial(_rejected_rows, of_bank=True),
        needs=BANK,
        title="Bank line could not be read",
        exposure=Exposure.NO_CASH,
    ),
    Rule(
        "source_incomplete",
        Severity.CRITICAL,
        "account",
        "Omise's total of a list and the rows stored of it differ, or too many rows of an order or bank source could "
        "not be read (max_rejected), so something may be missing here.",
        "Run the range again; if it stays, tell Omise's support the list and the window. Correct a source's rows.",
        find=_incomplete_sources,
        needs=PULL,
        title="Data are missing",
        exposure=Exposure.NO_CASH,
    ),
)
