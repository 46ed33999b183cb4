"""Omise's receipts for fees, one a local day, with the adjustment of their VAT's rounding."""

from collections.abc import Sequence
from datetime import UTC, datetime

from recon.sandbox.server.forms import fill, stamp
from recon.sandbox.worlds.facts import Charge, Given
from recon.sandbox.worlds.maker import Maker
from recon.sandbox.worlds.tariff import DAY, HOUR, half_up


def issue(maker: Maker) -> list[Given]:
    """The receipts of the world's days, each an hour after its day ends, for the charges that were paid in it.

    VAT is reckoned on the sum of fees; where the charges' own VAT comes to more, the balance gets the rest back, as
    `receipt.vat_adjustment.credit`. Call it before payouts are made. The fees of transfers are on none of them.
    """
    receipts: list[Given] = []
    for start in range(maker.start, maker.as_of - DAY, DAY):
        paid = [charge for charge in maker.charges if charge.paid_at and start <= charge.paid_at < start + DAY]
        if paid:
            receipts.append(_receipt(maker, start, paid, len(receipts) + 1))
    return receipts


def _receipt(maker: Maker, start: int, paid: Sequence[Charge], number: int) -> Given:
    costs = [charge.costs(charge.paid_at or 0) for charge in paid]
    fee = sum(cost.fee + cost.interest for cost in costs)
    vat = half_up(fee * maker.account.vat_rate, 10_000)
    rest = sum(cost.vat + cost.interest_vat for cost in costs) - vat
    created = start + DAY + HOUR
    id = maker.id("rcpt", created)
    credit = maker.move(created, rest, "credit", "receipt.vat_adjustment.credit", id) if rest > 0 else None
    day = datetime.fromtimestamp(start, UTC).astimezone(maker.account.zone).date()
    body = fill(
        "receipt",
        id=id,
        location=f"/receipts/{id}",
        number=f"{maker.account.region}{day:%Y%m}{number:05d}",
        issued_on=day.isoformat(),
        currency=maker.account.currency,
        charge_fee=fee,
        subtotal=fee,
        vat=vat,
        total=fee + vat,
        adjustment_transaction={"transaction": credit.id} if credit else None,
        created_at=stamp(created),
    )
    return Given(id, created, body)
