"""Does money arrive at the bank? The rules of "Settlement and bank" on transfers; knows no bank statement."""

from recon.due import TRANSFER_DAYS, local, transfer_arrives
from recon.model import Break, Case, Severity, Transfer
from recon.rules.rule import Rule
from recon.settings import Context

GROUP = "Settlement and bank"


def _transfer_stuck(rule: Rule, case: Case, transfer: Transfer, context: Context) -> Break | None:
    del case
    due = transfer_arrives(transfer, context) if transfer.is_open else None
    if due is None or transfer.sent_at is None or context.as_of <= due.at:
        return None
    net = f"{transfer.net.currency} {context.currencies.show(transfer.net.amount, transfer.net.currency)}"
    return rule.on_thing(
        transfer,
        context,
        f"Transfer {transfer.id} over {net} net was sent {local(transfer.sent_at, transfer.account, context)} and is "
        f"not paid: {due.why} ended with {local(due.at, transfer.account, context).removeprefix('the end of ')}.",
        expected=transfer.net.amount,
        actual=0,
        amount_at_risk=transfer.net.amount,
        due_by=due.at,
    )


RULES = (
    Rule(
        "transfer_stuck", GROUP, Severity.HIGH, "transfer",
        "A transfer was sent to the bank and is not paid after some business days.",
        "Ask Omise's support for the transfer; check the recipient's bank account.",
        judge_each=_transfer_stuck,
        thresholds={"business_days": TRANSFER_DAYS},
    ),
)  # fmt: skip
