"""Cases in few words: rows become values at once, without frames, matching or triage."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from recon.model import Break, Case, Charge, Dispute, Order, Refund
from recon.money import Money
from recon.rules import judge
from recon.settings import Context
from tests.kit.books import AS_OF, Row


def order_of(row: Row) -> Order:
    """An order of a row (of `tests.kit.books.order`)."""
    return Order(
        account=row["account"],
        id=row["order_id"],
        source=row["source"],
        status=row["status"],
        money=Money(row["amount"], row["currency"]),
        created_at=row["created_at"],
        refunded=Money(row["refunded_amount"], row["currency"]),
        payment_method=row.get("payment_method"),
        charge_id=row.get("charge_id"),
    )


def charge_of(row: Row) -> Charge:
    """A charge of a row (of `tests.kit.books.charge`)."""
    captured = row["captured_amount"]
    return Charge(
        account=row["account"],
        id=row["charge_id"],
        status=row["status"],
        money=Money(row["amount"], row["currency"]),
        captured=Money(row["amount"] if captured is None else captured, row["currency"]),
        refunded=Money(row["refunded_amount"], row["currency"]),
        funding=Money(row["funding_amount"], row["funding_currency"]),
        authorized=row["authorized"],
        voided=row["voided"],
        method=row["method"],
        created_at=row["created_at"],
        paid_at=row["paid_at"],
        expires_at=row["expires_at"],
        failure_code=row.get("failure_code"),
        card_brand=row.get("card_brand"),
        was_failed=row.get("was_failed", False),
    )


def refund_of(row: Row) -> Refund:
    """A refund of a row (of `tests.kit.clocks.refund`)."""
    money = Money(row["amount"], row["currency"])
    return Refund(row["account"], row["refund_id"], row["charge_id"], row["status"], money, row["created_at"])


def dispute_of(row: Row) -> Dispute:
    """A dispute of a row (of `tests.kit.clocks.dispute`)."""
    money = Money(row["amount"], row["currency"])
    names = (row["account"], row["dispute_id"], row["charge_id"], row["status"])
    return Dispute(*names, money, row.get("reason_code"), row["created_at"])


def case(
    order: Row | None,
    *charges: Row,
    refunds: Sequence[Row] = (),
    disputes: Sequence[Row] = (),
    **fields: Any,
) -> Case:
    """One case of these rows; `fields` are further ones of `Case`."""
    account = (order or charges[0])["account"]
    return Case(
        account,
        order_of(order) if order else None,
        tuple(charge_of(row) for row in charges),
        refunds=tuple(refund_of(row) for row in refunds),
        disputes=tuple(dispute_of(row) for row in disputes),
        **fields,
    )


def breaks(*cases: Case, as_of: datetime = AS_OF, using: Context | None = None) -> list[Break]:
    """Every break of the cases."""
    return list(judge(cases, using or Context(as_of, regions={"th": "TH", "sg": "SG"})))


def says(*cases: Case, **settings: Any) -> list[str]:
    """Every break in words: its code and its subject."""
    return [f"{raised.code} {raised.subject_id}" for raised in breaks(*cases, **settings)]
