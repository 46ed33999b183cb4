"""Omise's receipts for fees, one a local day, with the adjustment of their VAT's rounding."""

from collections.abc import Sequence
from datetime import UTC, datetime

from recon.sandbox.server.answers import stamp
from recon.sandbox.worlds.facts import Charge, Given
from recon.sandbox.worlds.maker import Maker
from recon.sandbox.worlds.tariff import DAY, HOUR, half_up

_NULLS = ("company_address", "company_name", "company_tax_id", "customer_email", "customer_name", "customer_tax_id")


def issue(m: Maker) -> list[Given]:
    """The receipts of the world's days, each an hour after its day ends, for the charges that were paid in it.

    VAT is reckoned on the sum of fees; where the charges' own VAT comes to more, the balance gets the rest back, as
    `receipt.vat_adjustment.credit`. Call it before payouts are made. The fees of transfers are on none of them.
    """
    found: list[Given] = []
    for start in range(m.start, m.as_of - DAY, DAY):
        paid = [charge for charge in m.charges if charge.paid_at and start <= charge.paid_at < start + DAY]
        if paid:
            found.append(_receipt(m, start, paid, len(found) + 1))
    return found


def _receipt(m: Maker, start: int, paid: Sequence[Charge], number: int) -> Given:
    costs = [charge.costs(charge.paid_at or 0) for charge in paid]
    fee = sum(cost.fee + cost.interest for cost in costs)
    vat = half_up(fee * m.account.vat_rate, 10_000)
    back = sum(cost.vat + cost.interest_vat for cost in costs) - vat
    made = start + DAY + HOUR
    id = m.id("rcpt", made)
    moved = m.move(made, back, "credit", "receipt.vat_adjustment.credit", id) if back > 0 else None
    day = datetime.fromtimestamp(start, UTC).astimezone(m.account.zone).date()
    return Given(
        id,
        made,
        {
            "object": "receipt",
            "id": id,
            "location": f"/receipts/{id}",
            "livemode": False,
            "number": f"{m.account.region}{day:%Y%m}{number:05d}",
            "issued_on": day.isoformat(),
            "currency": m.account.currency,
            "charge_fee": fee,
            "transfer_fee": 0,
            "voided_fee": 0,
            "subtotal": fee,
            "vat": vat,
            "wht": 0,
            "total": fee + vat,
            "credit_note": False,
            "adjustment_transaction": {"transaction": moved.id} if moved else None,
            "created_at": stamp(made),
            **dict.fromkeys(_NULLS),
        },
    )
