"""Damage to order files: columns, separators, encodings, amounts, dates, words, cells and whole files."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

from tests.contract.mutations import Base, mutation

Rows = list[list[str]]
FILE = "shop.csv"


def order_file(folder: Path) -> Path:
    return folder / "orders" / "shop" / FILE


def on_text(change: Callable[[str], str | bytes]) -> Callable[[Base, Path], None]:
    """A change to the file's text; bytes come out as they are."""

    def apply(_: Base, folder: Path) -> None:
        path = order_file(folder)
        changed = change(path.read_text(encoding="utf-8"))
        path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())

    return apply


def on_rows(change: Callable[[Rows], None], delimiter: str = ",") -> Callable[[Base, Path], None]:
    """A change to the file's cells, the header's included."""

    def apply_text(text: str) -> str:
        rows = list(csv.reader(io.StringIO(text)))
        change(rows)
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
        return out.getvalue()

    return on_text(apply_text)


def column(rows: Rows, name: str) -> int:
    return rows[0].index(name)


def each_cell(name: str, change: Callable[[str], str], only: int | None = None) -> Callable[[Base, Path], None]:
    def apply(rows: Rows) -> None:
        at = column(rows, name)
        for number, row in enumerate(rows[1:]):
            if only is None or number == only:
                row[at] = change(row[at])

    return on_rows(apply)


def drop(name: str) -> Callable[[Base, Path], None]:
    def apply(rows: Rows) -> None:
        at = column(rows, name)
        for row in rows:
            del row[at]

    return on_rows(apply)


def rename(name: str, other: str) -> Callable[[Base, Path], None]:
    def apply(rows: Rows) -> None:
        rows[0][column(rows, name)] = other

    return on_rows(apply)


for needed in ("order_id", "account", "amount", "currency", "status", "created_at"):
    mutation(f"orders: column {needed} dropped", needed, after=True)(drop(needed))
for absent in ("refunded_amount", "payment_method", "charge_id"):
    tells = "refund_unrecorded" if absent == "refunded_amount" else ""  # the shop then says nothing of its refunds
    mutation(f"orders: column {absent} dropped", absent, after=True, tells=tells)(drop(absent))
for old, new in (("amount", "Amount"), ("order_id", "Order ID"), ("status", "state"), ("created_at", " created_at ")):
    mutation(f"orders: column {old} renamed {new!r}", old, FILE, after=True)(rename(old, new))
for mark in (";", "\t", "|"):
    mutation(f"orders: separator {mark!r}", FILE, "column", after=True)(on_rows(lambda _: None, mark))
for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32"):
    mutation(f"orders: encoding {encoding}", FILE, after=True)(on_text(lambda text, name=encoding: text.encode(name)))  # type: ignore[misc]

AMOUNTS: dict[str, Callable[[str], str]] = {
    "decimal comma": lambda text: text.replace(".", ","),
    "thousands comma": lambda text: f"{text[:-6]},{text[-6:]}" if len(text) > 6 else text,
    "thousands point and decimal comma": lambda text: (
        f"{text[:-6]}.{text[-6:-3]},{text[-2:]}" if len(text) > 6 else text
    ),
    "thousands blank": lambda text: f"{text[:-6]} {text[-6:]}" if len(text) > 6 else text,
    "thousands no-break blank": lambda text: f"{text[:-6]}\u00a0{text[-6:]}" if len(text) > 6 else text,
    "baht sign": lambda text: f"฿{text}",
    "currency code before": lambda text: f"THB {text}",
    "full-width digits": lambda text: text.translate({ord("0") + n: ord("０") + n for n in range(10)}),
    "Thai digits": lambda text: text.translate({ord("0") + n: ord("๐") + n for n in range(10)}),
    "blanks around": lambda text: f"  {text} ",
    "exponent": lambda text: f"{text[0]}.{text[1:].replace('.', '')}E+{len(text.partition('.')[0]) - 1}",
    "plus sign": lambda text: f"+{text}",
    "minus sign": lambda text: f"-{text}",
    "formula": lambda text: f'="{text}"',
    "three decimals": lambda text: text + "0",
    "a zero more before the point": lambda text: f"0{text}",
    "brackets": lambda text: f"({text})",
    "letter O for zero": lambda text: text.replace("0", "O"),
    "hexadecimal": lambda text: hex(int(text.replace(".", ""))),
}
for label, changed in AMOUNTS.items():
    mutation(f"orders: every amount with {label}", FILE, "amount", after=True)(each_cell("amount", changed))
for label in ("decimal comma", "three decimals", "brackets", "letter O for zero", "exponent"):
    mutation(f"orders: one amount with {label}", FILE, "amount", after=True)(each_cell("amount", AMOUNTS[label], 2))

WORDS: dict[str, tuple[str, Callable[[str], str], int | None]] = {
    "status in capitals": ("status", str.upper, None),
    "status with a blank": ("status", lambda text: text + " ", None),
    "status not mapped": ("status", lambda _: "done", None),
    "one status not mapped": ("status", lambda _: "done", 1),
    "one status empty": ("status", lambda _: "", 1),
    "account in capitals": ("account", str.upper, None),
    "one account unknown": ("account", lambda _: "mars", 1),
    "currency in small letters": ("currency", str.lower, None),
    "one currency unknown": ("currency", lambda _: "XXX", 1),
    "one currency empty": ("currency", lambda _: "", 1),
    "order ids with blanks": ("order_id", lambda text: f" {text} ", None),
    "order ids with a no-break blank": ("order_id", lambda text: f"{text}\u00a0", None),
    "one order id empty": ("order_id", lambda _: "", 1),
    "moments without offset": ("created_at", lambda text: text[:19], None),
    "moments with a blank for T": ("created_at", lambda text: text.replace("T", " "), None),
    "moments as DD/MM/YYYY": ("created_at", lambda text: f"{text[8:10]}/{text[5:7]}/{text[:4]} {text[11:16]}", None),
    "moments as MM/DD/YYYY": ("created_at", lambda text: f"{text[5:7]}/{text[8:10]}/{text[:4]} {text[11:16]}", None),
    "moments in Buddhist years": ("created_at", lambda text: f"{int(text[:4]) + 543}{text[4:]}", None),
    "moments with two-digit years": ("created_at", lambda text: text[2:], None),
    "moments as seconds": ("created_at", lambda _: "1789200000", None),
    "moments as a sheet's days": ("created_at", lambda _: "46277.5", None),
    "one moment empty": ("created_at", lambda _: "", 1),
    "one moment on 31 September": ("created_at", lambda _: "2026-09-31T10:00:00+07:00", 1),
    "refunds as words": ("refunded_amount", lambda _: "none", None),
    "refunds empty where nothing is refunded": ("refunded_amount", lambda text: "" if text == "0.00" else text, None),
}
for label, (name, changed, only) in WORDS.items():
    mutation(f"orders: {label}", FILE, name, after=True)(each_cell(name, changed, only))


@mutation("orders: one row has a cell more before its amount", FILE, after=True)
def shifted(base: Base, folder: Path) -> None:
    on_rows(lambda rows: rows[3].insert(column(rows, "amount"), "x"))(base, folder)


@mutation("orders: one row lacks its amount cell", FILE, after=True)
def shifted_left(base: Base, folder: Path) -> None:
    def apply(rows: Rows) -> None:
        del rows[3][column(rows, "amount")]

    on_rows(apply)(base, folder)


@mutation("orders: one row ends after its amount", FILE, after=True)
def short_row(base: Base, folder: Path) -> None:
    def apply(rows: Rows) -> None:
        del rows[3][column(rows, "currency") :]

    on_rows(apply)(base, folder)


@mutation("orders: two columns swapped under their names", FILE, after=True)
def swapped(base: Base, folder: Path) -> None:
    def apply(rows: Rows) -> None:
        first, second = column(rows, "currency"), column(rows, "status")
        for row in rows[1:]:
            row[first], row[second] = row[second], row[first]

    on_rows(apply)(base, folder)


@mutation("orders: columns in another order", after=True)
def reordered(base: Base, folder: Path) -> None:
    def apply(rows: Rows) -> None:
        for row in rows:
            row.reverse()

    on_rows(apply)(base, folder)


@mutation("orders: a column twice", FILE, "amount", after=True)
def column_twice(base: Base, folder: Path) -> None:
    def apply(rows: Rows) -> None:
        for number, row in enumerate(rows):
            row.append("amount" if number == 0 else "1.00")

    on_rows(apply)(base, folder)


TEXTS: dict[str, Callable[[str], str | bytes]] = {
    "cut inside the last row's amount": lambda text: text[: text.rstrip().rindex("\n") + 15],
    "cut inside the last row's moment": lambda text: text.rstrip()[:-24],
    "no line break at the end": lambda text: text.rstrip("\n"),
    "lines that end with CR LF": lambda text: text.replace("\n", "\r\n"),
    "lines that end with CR": lambda text: text.replace("\n", "\r"),
    "empty lines between": lambda text: text.replace("\n", "\n\n"),
    "lines of commas at the end": lambda text: text + ",,,,,,,,\n,,,,,,,,\n",
    "the header again in the middle": lambda text: text + text.partition("\n")[0] + "\n",
    "rows before the header": lambda text: "Shop Example,,,\nOrders of September,,,\n\n" + text,
    "no header": lambda text: text.partition("\n")[2],
    "every row twice": lambda text: text + text.partition("\n")[2],
    "a quote that nobody closes": lambda text: text.replace("paid", '"paid', 1),
    "a NUL in one row": lambda text: text.replace("paid", "pa\x00id", 1),
    "a byte that is no UTF-8": lambda text: text.replace("paid", "pa\udcffid", 1).encode(errors="surrogateescape"),
    "a total row at the end": lambda text: text + "TOTAL,,123456.00,,,,,,\n",
    "nothing at all": lambda _: "",
    "an HTML page": lambda _: "<html><body>Please log in</body></html>\n",
    "a JSON document": lambda _: '{"orders": []}\n',
    "bytes of a workbook": lambda _: b"PK\x03\x04\x14\x00\x06\x00\x08\x00" + bytes(range(256)) * 4,
}
for label, text_change in TEXTS.items():
    mutation(f"orders: {label}", FILE, "column", after=True)(on_text(text_change))


@mutation("orders: a second file with some of the same orders", after=True)
def overlapping_file(_: Base, folder: Path) -> None:
    lines = order_file(folder).read_text(encoding="utf-8").splitlines(keepends=True)
    order_file(folder).with_name("zz.csv").write_text("".join(lines[:6]), encoding="utf-8")


@mutation("orders: a second file that cannot be read", "zz.csv", after=True)
def unreadable_file(_: Base, folder: Path) -> None:
    order_file(folder).with_name("zz.csv").write_bytes(bytes(range(256)) * 4)


@mutation("orders: a second file that is empty", "zz.csv", after=True)
def empty_file(_: Base, folder: Path) -> None:
    order_file(folder).with_name("zz.csv").write_text("", encoding="utf-8")


@mutation("orders: a second file with other columns", "zz.csv", after=True)
def other_columns(_: Base, folder: Path) -> None:
    order_file(folder).with_name("zz.csv").write_text("sku,price\nA,1.00\n", encoding="utf-8")


@mutation("orders: no file at all", "shop", after=True)
def no_file(_: Base, folder: Path) -> None:
    order_file(folder).unlink()


@mutation("orders: a folder where the file was", "shop", after=True)
def folder_for_a_file(_: Base, folder: Path) -> None:
    path = order_file(folder)
    path.unlink()
    path.mkdir()
