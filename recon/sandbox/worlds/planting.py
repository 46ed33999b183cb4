"""Planted breaks, one function a code: each makes its own order or charge and writes itself into the truth.

Follows the table of breaks that the product promises, and knows nothing of how they are found.
"""

from collections.abc import Callable

from recon.sandbox.worlds.files import row_of
from recon.sandbox.worlds.maker import CHARGE_ID, METADATA, Maker, Order, Planted, abroad, is_card, quick
from recon.sandbox.worlds.tariff import HOUR, Method

Plant = Callable[[Maker, int, Maker], None]  # the account's maker, the moment of the order, another account's maker


def _order(m: Maker, at: int, status: str, method: Method) -> Order:
    return m.order(at, m.amount(method), status, method, link=METADATA)


def wrong_account(m: Maker, at: int, other: Maker) -> None:
    """Paid by a card charge that stands in another account, in the order's currency."""
    amount, method = m.amount(m.method(is_card)), other.method(abroad)
    order = m.order(at, amount, "paid", method, link=m.rng.choice((METADATA, CHARGE_ID)))
    other.pay(other.charge(order, at, method))
    m.plant("wrong_account", order, f"its charge is in {other.account.name}")


def charge_missing(m: Maker, at: int, other: Maker) -> None:
    """Paid or refunded, and Omise has nothing; some name a charge that does not exist."""
    del other
    order = _order(m, at, m.rng.choice(("paid", "paid", "refunded")), m.method())
    if m.rng.random() < 0.4:
        order.charge_id = m.id("chrg", at)
    m.plant("charge_missing", order, f"{order.status}, no charge")


def order_paid_charge_pending(m: Maker, at: int, other: Maker) -> None:
    """Paid at the shop while the charge pends, beyond its expiry or not; a failed try may stand beside it."""
    del other
    method = m.method()
    order = _order(m, at, "paid", method)
    if m.rng.random() < 0.4:
        at = m.fail(m.charge(order, at, method))
    m.charge(order, at, method)
    m.plant("order_paid_charge_pending", order, "the charge is still pending")


def order_paid_charge_failed(m: Maker, at: int, other: Maker) -> None:
    """Paid at the shop, and every charge failed, expired or was reversed."""
    del other
    way = m.rng.choice(("failed", "expired", "reversed"))
    method = m.method(is_card if way == "reversed" else quick)
    order = _order(m, at, "paid", method)
    if way == "failed":
        m.fail(m.charge(order, m.fail(m.charge(order, at, method)), method))
    elif way == "expired":
        m.lapse(m.charge(order, at, method))
    else:
        charge = m.charge(order, at, method, capture=False)
        charge.reversed_at = m.authorize(charge) + HOUR
    m.plant("order_paid_charge_failed", order, f"every charge {way}")


def order_missing(m: Maker, at: int, other: Maker) -> None:
    """A successful charge of nobody: it names an unknown order, or none, with an amount that no order has."""
    del other
    method = m.method()
    unknown = m.rng.random() < 0.5
    amount = m.amount(method) // 10 * 10 + 7
    # Only its own moment puts it into the range.
    charge = m.charge(None, min(at, m.end - HOUR), method, amount=amount)
    if unknown:
        charge.metadata = {"order_id": f"{m.account.region}-9{m.rng.randrange(10**6):06d}"}
    m.pay(charge)
    m.plant("order_missing", charge, "names an unknown order" if unknown else "names no order")


def order_not_marked_paid(m: Maker, at: int, other: Maker) -> None:
    """A lost webhook: the charge is successful, the order still pending."""
    del other
    method = m.method()
    order = _order(m, at, "pending", method)
    m.pay(m.charge(order, at, method))
    m.plant("order_not_marked_paid", order, "the webhook was lost")


def order_cancelled_but_charged(m: Maker, at: int, other: Maker) -> None:
    """Cancelled, and the money kept."""
    del other
    method = m.method()
    order = _order(m, at, "cancelled", method)
    m.pay(m.charge(order, at, method))
    m.plant("order_cancelled_but_charged", order, "cancelled, not refunded")


def duplicate_charge(m: Maker, at: int, other: Maker) -> None:
    """Paid twice."""
    del other
    method = m.method(lambda x: x.pay_s < HOUR)
    order = _order(m, at, "paid", method)
    m.pay(m.charge(order, m.pay(m.charge(order, at, method)), method))
    m.plant("duplicate_charge", order, "two successful charges")


def currency_mismatch(m: Maker, at: int, other: Maker) -> None:
    """The same number in dollars instead of the account's currency."""
    del other
    method, amount = m.method(abroad), m.rng.randint(20, 300) * 100
    order = m.order(at, amount, "paid", method, link=METADATA)
    m.pay(m.charge(order, at, method, currency="USD"))
    m.plant("currency_mismatch", order, f"charged in USD, ordered in {order.currency}")


def amount_scale_mismatch(m: Maker, at: int, other: Maker) -> None:
    """Decimals misread: the order says ten or a hundred times the charge, or a hundredth."""
    del other
    method = m.method(is_card)
    charged = (m.amount(method) // 100 + 1) * 100
    ordered = m.rng.choice((charged // 100, charged * 10, charged * 100))
    if ordered % 10 == 7:
        ordered = charged * 100
    order = m.order(at, ordered, "paid", method, link=METADATA)
    m.pay(m.charge(order, at, method, amount=charged))
    m.plant("amount_scale_mismatch", order, f"ordered {ordered}, charged {charged}")


def amount_mismatch(m: Maker, at: int, other: Maker) -> None:
    """A few units more or less than the order."""
    del other
    method = m.method()
    order = _order(m, at, "paid", method)
    off = m.rng.randint(1, order.amount // 20)
    less = order.amount - off >= method.low and m.rng.random() < 0.5
    charged = order.amount - off if less else order.amount + off
    m.pay(m.charge(order, at, method, amount=charged))
    m.plant("amount_mismatch", order, f"ordered {order.amount}, charged {charged}")


def pending_stuck(m: Maker, at: int, other: Maker) -> None:
    """A charge that pends far beyond its expiry, its order pending too."""
    del other
    method = m.method(quick)
    order = _order(m, at, "pending", method)
    m.plant("pending_stuck", m.charge(order, at, method), "pending beyond its expiry")


PLANTS: tuple[Plant, ...] = (
    wrong_account,
    charge_missing,
    order_paid_charge_pending,
    order_paid_charge_failed,
    order_missing,
    order_not_marked_paid,
    order_cancelled_but_charged,
    duplicate_charge,
    currency_mismatch,
    amount_scale_mismatch,
    amount_mismatch,
    pending_stuck,
)


def order_invalid(m: Maker, at: int) -> None:
    """Five rows that cannot be read, each for its own reason."""
    method = m.method()
    for cell, text, note in (
        ("amount", "12,3x", "the amount is no number"),
        ("created_at", "yesterday", "the time is no time"),
        ("currency", "ZZZ", "unknown currency"),
        ("account", "kr", "unknown account"),
        ("created_at", "", "a Buddhist-era year"),
    ):
        id = f"{m.account.region}-8{len(m.bad_rows):06d}"
        row = row_of(Order(id, at, m.account, m.amount(method), m.account.currency, "paid", method.name, METADATA))
        year = row["created_at"][:4]
        row[cell] = text or row[cell].replace(year, str(int(year) + 543), 1)
        m.bad_rows.append(row)
        named = None if cell == "account" else m.account.name
        m.truth.append(Planted("order_invalid", named, "row", id, note))
