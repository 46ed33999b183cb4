"""What the shop and the bank say, as CSV files with the contract's column names."""

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from recon.money import Currencies
from recon.sandbox.worlds.maker import Order

ORDER_COLUMNS = (
    "order_id",
    "account",
    "amount",
    "currency",
    "status",
    "created_at",
    "refunded_amount",
    "payment_method",
    "charge_id",
    "customer_email",
)
BANK_COLUMNS = ("date", "amount", "currency", "description", "reference")
_CURRENCIES = Currencies()


def major(amount: int, currency: str) -> str:
    """Minor units as plain text in major units, with the currency's decimals and no separators."""
    return _CURRENCIES.show(amount, currency).replace(",", "")


def row_of(order: Order) -> dict[str, str]:
    """One row of the orders file; its time carries the account's offset."""
    return {
        "order_id": order.id,
        "account": order.account.name,
        "amount": major(order.amount, order.currency),
        "currency": order.currency,
        "status": order.status,
        "created_at": datetime.fromtimestamp(order.created, order.account.zone).isoformat(),
        "refunded_amount": major(order.refunded, order.currency),
        "payment_method": order.method,
        "charge_id": order.charge_id,
        "customer_email": order.email,
    }


def write_csv(path: Path, columns: tuple[str, ...], rows: Iterable[Mapping[str, str]]) -> Path:
    """Write rows under a header, UTF-8; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path
