"""Planted breaks of orders and charges, one function a code: each makes its own order or charge.

Follows the table of breaks that the product promises, and knows nothing of how they are found.
"""

from collections.abc import Callable

from recon.sandbox.worlds.facts import Charge
from recon.sandbox.worlds.files import row_of
from recon.sandbox.worlds.maker import CHARGE_ID, METADATA, Maker, Order, Planted, Subject, abroad, is_card, quick
from recon.sandbox.worlds.tariff import HOUR, Method

# Makes a break around the moment of an order; gives its subject and a note, or nothing where none could be made.
Plant = Callable[[Maker, int], tuple[Subject, str] | None]


class Plants(list[Plant]):
    """Some plants, each named as the code of its break."""

    def code(self, plant: Plant) -> Plant:
        """Adds a plant: stands above its function."""
        self.append(plant)
        return plant


ORDERS = Plants()


def sow(plant: Plant, maker: Maker, at: int) -> None:
    """Make a plant's break and write it into the truth."""
    planted = plant(maker, at)
    if planted is not None:
        subject, note = planted
        maker.plant(plant.__name__, subject, note)


def named_order(maker: Maker, at: int, status: str, method: Method) -> Order:
    """An order whose charges name it in their metadata."""
    return maker.order(at, maker.amount(method), status, method, link=METADATA)


def paid_order(maker: Maker, at: int, method: Method, status: str = "paid") -> tuple[Order, Charge, int]:
    """Such an order with its successful charge, and the moment it was paid."""
    order = named_order(maker, at, status, method)
    charge = maker.charge(order, at, method)
    return order, charge, maker.pay(charge)


@ORDERS.code
def wrong_account(maker: Maker, at: int) -> tuple[Order, str]:
    """Paid by a card charge that stands in another account, in the order's currency."""
    assert maker.other is not None, "there is another account"
    amount = maker.amount(maker.method(is_card))
    method = maker.other.method(abroad)
    order = maker.order(at, amount, "paid", method, link=maker.rng.choice((METADATA, CHARGE_ID)))
    maker.other.pay(maker.other.charge(order, at, method))
    return order, f"its charge is in {maker.other.account.name}"


@ORDERS.code
def charge_missing(maker: Maker, at: int) -> tuple[Order, str]:
    """Paid or refunded, and Omise has nothing; some name a charge that does not exist."""
    order = named_order(maker, at, maker.rng.choice(("paid", "paid", "refunded")), maker.method())
    if maker.rng.random() < 0.4:
        order.charge_id = maker.id("chrg", at)
    return order, f"{order.status}, no charge"


@ORDERS.code
def order_paid_charge_pending(maker: Maker, at: int) -> tuple[Order, str]:
    """Paid at the shop while the charge pends, beyond its expiry or not; a failed try may stand beside it."""
    method = maker.method()
    order = named_order(maker, at, "paid", method)
    if maker.rng.random() < 0.4:
        at = maker.fail(maker.charge(order, at, method))
    maker.charge(order, at, method)
    return order, "the charge is still pending"


@ORDERS.code
def order_paid_charge_failed(maker: Maker, at: int) -> tuple[Order, str]:
    """Paid at the shop, and every charge failed, expired or was reversed."""
    end = maker.rng.choice(("failed", "expired", "reversed"))
    method = maker.method(is_card if end == "reversed" else quick)
    order = named_order(maker, at, "paid", method)
    if end == "failed":
        maker.fail(maker.charge(order, maker.fail(maker.charge(order, at, method)), method))
    elif end == "expired":
        maker.lapse(maker.charge(order, at, method))
    else:
        charge = maker.charge(order, at, method, capture=False)
        charge.reversed_at = maker.authorize(charge) + HOUR
    return order, f"every charge {end}"


@ORDERS.code
def order_missing(maker: Maker, at: int) -> tuple[Charge, str]:
    """A successful charge of nobody: it names an unknown order, or none, with an amount that no order has."""
    method = maker.method()
    is_named = maker.rng.random() < 0.5
    amount = maker.amount(method) // 10 * 10 + 7
    # Only its own moment puts it into the range.
    charge = maker.charge(None, min(at, maker.end - HOUR), method, amount=amount)
    if is_named:
        charge.metadata = {"order_id": f"{maker.account.region}-9{maker.rng.randrange(10**6):06d}"}
    maker.pay(charge)
    return charge, "names an unknown order" if is_named else "names no order"


@ORDERS.code
def order_not_marked_paid(maker: Maker, at: int) -> tuple[Order, str]:
    """The charge is successful, the order still pending."""
    order, _, _ = paid_order(maker, at, maker.method(), "pending")
    return order, "the webhook was lost"


@ORDERS.code
def order_cancelled_but_charged(maker: Maker, at: int) -> tuple[Order, str]:
    """Cancelled, and the money kept."""
    order, _, _ = paid_order(maker, at, maker.method(), "cancelled")
    return order, "cancelled, not refunded"


@ORDERS.code
def duplicate_charge(maker: Maker, at: int) -> tuple[Order, str]:
    """Paid twice."""
    method = maker.method(lambda method: method.pay_s < HOUR)
    order, _, paid_at = paid_order(maker, at, method)
    maker.pay(maker.charge(order, paid_at, method))
    return order, "two successful charges"


@ORDERS.code
def currency_mismatch(maker: Maker, at: int) -> tuple[Order, str]:
    """The same number in dollars instead of the account's currency."""
    method = maker.method(abroad)
    order = maker.order(at, maker.rng.randint(20, 300) * 100, "paid", method, link=METADATA)
    maker.pay(maker.charge(order, at, method, currency="USD"))
    return order, f"charged in USD, ordered in {order.currency}"


@ORDERS.code
def amount_scale_mismatch(maker: Maker, at: int) -> tuple[Order, str]:
    """Decimals misread: the order says ten or a hundred times the charge, or a hundredth."""
    method = maker.method(is_card)
    charged = (maker.amount(method) // 100 + 1) * 100
    ordered = maker.rng.choice((charged // 100, charged * 10, charged * 100))
    if ordered % 10 == 7:
        ordered = charged * 100
    order = maker.order(at, ordered, "paid", method, link=METADATA)
    maker.pay(maker.charge(order, at, method, amount=charged))
    return order, f"ordered {ordered}, charged {charged}"


@ORDERS.code
def amount_mismatch(maker: Maker, at: int) -> tuple[Order, str]:
    """A few units more or less than the order."""
    method = maker.method()
    order = named_order(maker, at, "paid", method)
    difference = maker.rng.randint(1, order.amount // 20)
    is_less = order.amount - difference >= method.low and maker.rng.random() < 0.5
    charged = order.amount - difference if is_less else order.amount + difference
    maker.pay(maker.charge(order, at, method, amount=charged))
    return order, f"ordered {order.amount}, charged {charged}"


@ORDERS.code
def pending_stuck(maker: Maker, at: int) -> tuple[Charge, str]:
    """A charge that pends far beyond its expiry, its order pending too."""
    method = maker.method(quick)
    return maker.charge(named_order(maker, at, "pending", method), at, method), "pending beyond its expiry"


def order_invalid(maker: Maker, at: int) -> None:
    """Five rows that cannot be read, each for its own reason."""
    account = maker.account
    method = maker.method()
    for column, text, note in (
        ("amount", "12,3x", "the amount is no number"),
        ("created_at", "yesterday", "the time is no time"),
        ("currency", "ZZZ", "unknown currency"),
        ("account", "kr", "unknown account"),
        ("created_at", "", "a Buddhist-era year"),
    ):
        id = f"{account.region}-8{len(maker.bad_rows):06d}"
        row = row_of(Order(id, at, account, maker.amount(method), account.currency, "paid", method.name, METADATA))
        year = row["created_at"][:4]
        row[column] = text or row[column].replace(year, str(int(year) + 543), 1)
        maker.bad_rows.append(row)
        name = None if column == "account" else account.name
        maker.truth.append(Planted("order_invalid", name, "row", id, note))
