"""Omise's receipts for fees, one a Bangkok day, with what settles their VAT's rounding."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random

from recon.calendars import RECEIPT_ZONE, days_window, local_day
from recon.sandbox.forms import fill, stamp
from recon.sandbox.worlds.facts import Charge, Given, Transfer
from recon.sandbox.worlds.maker import Maker, Planted
from recon.sandbox.worlds.tariff import HOUR, half_up

_CREDIT = "receipt.vat_adjustment.credit"
_DEBIT = "receipt.vat_adjustment.debit"  # synthetic: only the credit was ever seen


class Receipts:
    """The receipts of one account's days, each an hour after its day ends: of what was paid and sent in it.

    VAT is reckoned on the sum of fees; where the charges' and transfers' own VAT comes to more, the balance gets the
    rest back, where to less it pays it. Days are closed in order, when all that is sent on them is known.
    """

    def __init__(self, maker: Maker) -> None:
        self.issued: list[Given] = []
        self._maker = maker
        self._next = local_day(datetime.fromtimestamp(maker.since, RECEIPT_ZONE), RECEIPT_ZONE)
        self._rests: list[tuple[int, int]] = []  # when the balance moved, and by how much

    def close_until(self, moment: int) -> None:
        """Issue the receipts that are there by a moment; none comes after the moment of truth."""
        while (created := _bounds(self._next)[1] + HOUR) <= min(moment, self._maker.as_of):
            self._close(self._next, created)
            self._next += timedelta(days=1)

    def settled(self, moment: int) -> int:
        """What the VAT's rounding has moved the balance by until a moment."""
        return sum(amount for at, amount in self._rests if at <= moment)

    def _close(self, day: date, created: int) -> None:
        start, end = _bounds(day)
        paid = [charge for charge in self._maker.charges if charge.paid_at and start <= charge.paid_at < end]
        sent = [
            transfer for transfer in self._maker.transfers if transfer.transaction and start <= transfer.sent_at < end
        ]
        if paid or sent:
            self.issued.append(self._receipt(day, created, paid, sent))

    def _receipt(self, day: date, created: int, paid: Sequence[Charge], sent: Sequence[Transfer]) -> Given:
        maker = self._maker
        account = self._maker.account
        costs = [charge.costs(charge.paid_at or 0) for charge in paid]
        charge_fee = sum(cost.fee + cost.interest for cost in costs)
        transfer_fee = len(sent) * account.transfer_fee
        vat = half_up((charge_fee + transfer_fee) * account.vat_rate, 10_000)
        charged_vat = sum(cost.vat + cost.interest_vat for cost in costs) + len(sent) * account.transfer_fee_vat
        id = maker.id("rcpt", created)
        rest = charged_vat - vat
        adjustment = None
        if rest:
            direction, key = ("credit", _CREDIT) if rest > 0 else ("debit", _DEBIT)
            adjustment = maker.move(created, abs(rest), direction, key, id).id
            self._rests.append((created, rest))
        body = fill(
            "receipt",
            id=id,
            location=f"/receipts/{id}",
            number=f"OM{account.region}{day:%Y%m%d}{len(self.issued) + 1:04d}",
            issued_on=day.isoformat(),
            currency=account.currency,
            charge_fee=charge_fee,
            transfer_fee=transfer_fee,
            subtotal=charge_fee + transfer_fee,
            vat=vat,
            total=charge_fee + transfer_fee + vat,
            adjustment_transaction={"transaction": adjustment} if adjustment else None,
            created_at=stamp(created),
        )
        return Given(id, created, body)


def misprint(
    account: str, receipts: Sequence[Given], days: tuple[date, date], rng: Random
) -> tuple[Sequence[Given], Planted]:
    """The receipts with one of these days that says another fee than its day's, and its break; VAT stays."""
    first, last = (day.isoformat() for day in days)
    wrong = rng.choice([receipt for receipt in receipts if first <= str(receipt.data["issued_on"]) <= last])
    error = rng.choice((-2, 3, 150))
    amounts = {name: int(str(wrong.data[name])) + error for name in ("charge_fee", "subtotal", "total")}
    printed = Given(wrong.id, wrong.created, wrong.data | amounts)
    planted = Planted("receipt_mismatch", account, "receipt", wrong.id, f"fees {error} units off the day's")
    return [printed if receipt is wrong else receipt for receipt in receipts], planted


def _bounds(day: date) -> tuple[int, int]:
    window = days_window(day, day, RECEIPT_ZONE)
    return int(window.start.timestamp()), int(window.end.timestamp())
