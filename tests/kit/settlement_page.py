"""Writes docs/settlement.md, what a payout is made of, by an example that the code itself reckons:
`python -m tests.kit.settlement_page`.
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from recon import columns as c
from recon import settlement
from recon.money import Currencies
from recon.settlement import balance, ledger
from recon.settlement.gaps import Reasons
from tests.kit.ledgers import DAY, Merchant, signed
from tests.kit.places import ROOT

PAGE = ROOT / "docs" / "settlement.md"
_HEAD = """# Settlement, by an example

What does a payout consist of? Omise names the charges of a transfer nowhere: it pays what is free of the balance.
omise-recon rebuilds it from the ledger, unit by unit. Every figure below is reckoned by the code that does it.
"""
_LEDGER = """## What happened

Three card charges at 3.65 % and 7 % VAT on the fee, each held for seven days; one refund; two payouts. A charge is
booked net of its fee and VAT, a refund whole. A payout costs 30.00, which comes out of it.
"""
_PARTS = """## What each payout paid

**First in, first out.** A debit, be it a refund, a dispute or a payout, uses up the oldest credits that are free.
The refund of day 3 finds none, and takes its 300.00 from the first that becomes free: the first payout therefore
has only what is left of chrg_001. What a payout leaves of a credit stays for the next one. The sheet Settlement
lists the parts:
"""
_UNPAID = """## What is still at Omise

What is free and in no payout for more than three business days is the break `settlement_overdue`.
"""
_PROOF = """## Why it can be trusted

The balance is proved beside it, from numbers that do not know of the list above: Omise's reading of the balance at
the beginning and all movements since are its reading at the end. Each transfer must be its own transaction
(`transfer_amount_mismatch`), each charge's credit its net (`transaction_amount_mismatch`), and then the bank's line
the transfer's net: 30.00 less than it took from the balance (`bank_amount_mismatch`, `bank_credit_missing`).
"""


def merchant() -> Merchant:
    """The example: what happened at Omise."""
    example = Merchant()
    first = example.charge(100_000)
    example.wait(DAY)
    example.charge(50_000)
    example.wait(DAY)
    example.refund(first, 30_000)
    example.wait(6 * DAY)
    example.pay_out()
    example.wait(DAY)
    example.charge(200_000)
    example.wait(8 * DAY)
    example.pay_out(120_000)
    return example


def page() -> str:
    """The whole page."""
    example = merchant()
    books = example.books()
    rebuilt = settlement.rebuild(books, ledger.read(books))
    nets = {row["charge_id"]: _baht(row["net"]) for row in example.charges}
    left = rebuilt.unpaid.assign(net=rebuilt.unpaid[c.CHARGE_ID].map(nets))
    reading = next(iter(balance.proof(books, "th", Reasons())))
    return "\n".join(
        (
            _HEAD,
            _LEDGER,
            *_movements(example),
            _PARTS,
            *_table(("payout", "takes from", "THB"), rebuilt.parts, (c.TRANSFER_ID, c.CHARGE_ID, c.AMOUNT)),
            _UNPAID,
            *_table(("charge", "of its net", "left, THB"), left, (c.CHARGE_ID, "net", c.AMOUNT)),
            _PROOF,
            f"Here: {_baht(reading.left)} = {_baht(reading.right)}, a difference of {_baht(reading.difference)}.",
            "",
        )
    )


def _movements(example: Merchant) -> Iterator[str]:
    yield "| day | what | THB | balance | free from day |\n|---|---|---:|---:|---|"
    total = 0
    for row in example.transactions:
        total += signed(row)
        day = (row["created_at"] - example.transactions[0]["created_at"]) // DAY + 1
        free = (row["transferable_at"] - row["created_at"]) // DAY + day
        shown = free if row["direction"] == "credit" else ""
        yield f"| {day} | {row['origin']} | {_baht(signed(row))} | {_baht(total)} | {shown} |"
    yield ""


def _table(heads: Sequence[str], frame: pd.DataFrame, names: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |\n|---|---|---:|"
    for *words, amount in frame[list(names)].astype(object).itertuples(index=False, name=None):
        yield f"| {' | '.join(map(str, words))} | {_baht(amount)} |"
    yield ""


def _baht(amount: int) -> str:
    return Currencies().show(amount, "THB")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
