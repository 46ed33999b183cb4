"""How long files of orders and of banks take to read, by how they are written: `python -m benchmarks.files`.

Processor seconds of 100,000 rows, the best of three, beside those of the plain CSV on the same machine.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo

from recon.bank import load as bank
from recon.bank.source import BankSource
from recon.model import Window
from recon.money import Currencies
from recon.orders import load as orders
from recon.orders.source import OrderSource
from recon.tabular.date_forms import DateForms
from recon.tabular.layout import Column, Direction, Layout

WINDOW = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))
BANGKOK = ZoneInfo("Asia/Bangkok")
ORDER_HEADER = "order_id,account,amount,currency,status,created_at,refunded_amount,payment_method,charge_id\n"
BANK_HEADER = "date,amount,currency,description,reference\n"
SIDES = "date,debit,credit,description\n"


def amount(at: int) -> str:
    """Baht with a point."""
    return f"{at % 9000}.{at % 100:02}"


def order_files(count: int) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Names, files and what their layouts say."""

    def rows(day: str, money: str = "{}", ending: str = "") -> str:
        return "".join(
            f"A-{at},th,{money.format(amount(at))},THB,paid,{day.format(at % 28 + 1, at % 24, at % 60)},0.00,card,"
            f"chrg_{at}{ending}\n"
            for at in range(count)
        )

    iso = "2026-11-{:02} {:02}:{:02}:00"
    yield "plain", (ORDER_HEADER + rows(iso)).encode(), {}
    yield "below titles", ("My shop,,,,,,,,\n\n" + ORDER_HEADER + rows(iso)).encode(), {}
    yield "day first, settled", (ORDER_HEADER + rows("{:02}/11/2026 {:02}:{:02}")).encode(), {}
    era = DateForms(("%d %b %Y - %H:%M",), "buddhist")
    yield "Thai months", (ORDER_HEADER + rows("{} พ.ย. 2569 - {:02}:{:02}")).encode("cp874"), {"dates": era}
    yield "marks", (ORDER_HEADER + rows(iso, "฿{}")).encode("cp874"), {}
    yield "quoted, spare comma", (ORDER_HEADER + rows(iso, '"{}"', ",")).encode(), {}
    yield (
        "filtered",
        (ORDER_HEADER + rows(iso)).encode(),
        {"keep": {"payment_method": ("!cod*",), "status": ("paid",)}},
    )


def bank_files(count: int) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Names, files and what their layouts say."""
    texts = ["OMISE PAYOUT" if at % 50 == 0 else "CARD SHOP" for at in range(count)]
    days = [at % 28 + 1 for at in range(count)]
    plain = "".join(f"2026-11-{days[at]:02},{amount(at)},THB,{texts[at]} {at},REF{at}\n" for at in range(count))
    yield "plain", (BANK_HEADER + plain).encode(), {}
    sides = "".join(
        f"{days[at]:02}-11-26,{amount(at) if at % 2 else '-'},{'-' if at % 2 else amount(at)},{texts[at]} {at}\n"
        for at in range(count)
    )
    columns = {name: Column.named(name) for name in ("date", "debit", "credit", "description")}
    layout = {"columns": columns, "dates": DateForms(("%d-%m-%y",))}
    yield "debit and credit", ("Account,,,\n\n" + SIDES + sides).encode(), layout
    minor = "".join(
        f"202611{days[at]:02}|{at:015}|{'CR' if at % 2 else 'DR'}|{texts[at]} {at}|REF{at}\n" for at in range(count)
    )
    direction = Direction(Column.named("direction"), ("DR",), ("CR",))
    header = "date|amount|direction|description|reference\n"
    yield "direction, minor units", (header + minor).encode(), {"direction": direction, "amount_unit": "minor"}
    kana = "".join(f'"令和8年11月{days[at]}日","{at % 9000:,}","","ｵﾐｾ(ｶ {at}"\n' for at in range(count))
    japanese = {"columns": columns, "dates": DateForms(era="japanese")}
    yield "quoted, Japanese", (SIDES + kana).encode("cp932"), japanese


def measured(name: str, read: Callable[[], int], count: int, base: float | None) -> float:
    """Prints one line; the seconds."""
    seconds = []
    for _ in range(3):
        start = process_time()
        assert read() == count, name
        seconds.append(process_time() - start)
    share = f"{min(seconds) / base:5.2f} x" if base else ""
    print(f"{name:28}{min(seconds):8.2f} s  {share}")
    return min(seconds)


def main() -> None:
    """Orders first, then banks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    count = parser.parse_args().rows
    for what, files, read in (("orders", order_files, _orders), ("bank", bank_files, _lines)):
        print(f"{what}, {count:,} rows")
        base: float | None = None
        for name, content, layout in files(count):
            with tempfile.NamedTemporaryFile(suffix=".csv") as file:
                Path(file.name).write_bytes(content)
                seconds = measured(name, partial(read, file.name, name, layout), count, base)
            base = base or seconds


def _orders(path: str, _name: str, layout: dict[str, Any]) -> int:
    source = OrderSource(
        name="shop",
        kind="csv",
        layout=Layout(place="orders.shop", **layout),
        statuses={"paid": ("paid",)},
        zone=BANGKOK,
        settings={"path": path},
    )
    loaded = orders.read(source, accounts={"th": "THB"}, currencies=Currencies(), hash_key=None, window=WINDOW)
    return len(loaded.orders)


def _lines(path: str, name: str, layout: dict[str, Any]) -> int:
    source = BankSource(
        name="x",
        account="th",
        currency="JPY" if "Japanese" in name else "THB",
        kind="csv",
        path=path,
        zone=BANGKOK,
        layout=Layout(place="bank.x", **layout),
    )
    return len(bank.read(source, currencies=Currencies()).lines)


if __name__ == "__main__":
    main()
