"""People who never were, planted in every text that comes from outside, and where each of them may be found again."""

import asyncio
import copy
import csv
import json
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import resources
from itertools import groupby, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.config import config as configuration
from jobs.run.opening.store import open_ready_store
from recon.sandbox import forms
from recon.sandbox.server import objects
from recon.sandbox.worlds import receipts
from recon.store.engine import Store, reading
from recon.store.runs.record import list_breaks
from recon.store.tables import METADATA
from recon.store.versions import packing
from tests.kit.file_texts import files_of
from tests.kit.job import Job
from tests.kit.page import Trusting, paged

# What a text shows by its shape: phones of four countries, national ids, cards, an address.
SHAPES = (
    *("081-987-6543", "+66 81 987 6543", "0819876543", "+65 9187 6543", "090-1987-6543", "012-987 6543"),
    *("1-1017-00230-70-8", "900101-14-5987", "S1234567D", "5105 1051 0510 5100", "kanari.person@example.com"),
)
NAMES = (
    *("Kanariya Wongsuwannee", "คานารียา วงศ์คานารี", "金糸雀太郎", "Kenarimah binti Kenaridin", "金丝雀明"),
    *("99/1 Kanaryvit Road Kanaryburi", "99/1 ถนนคานารีวิท แขวงคานารี"),
)
CARD = "5105105105105100"
SENTENCE = "Order for " + ", for ".join((*NAMES, *SHAPES))
# What is found of them, whatever stands between.
TRACES = (
    *("987-6543", "987 6543", "9876543", "9187 6543", "91876543", "1987-6543", "19876543", "1-1017-00230"),
    *("1101700230", "14-5987", "S1234567D", "5105 1051", "51051051", "kanari.person", "Kanari", "Wongsuwannee"),
    *("Kenari", "คานารี", "金糸雀", "金丝雀", "Kanary"),
)
KEYS = (
    *("contact", "ship_to", "idcard", "line_id", "customer_name", "note", "remark", "Deliver To", "anything"),
    *("ชื่อผู้รับ", "เบอร์โทร", "ที่อยู่", "เลขบัตรประชาชน"),
    *("お名前", "電話番号", "住所", "マイナンバー"),
    *("nama_penuh", "alamat", "no_telefon", "kad_pengenalan"),
    *("姓名", "电话", "地址", "身份证"),
)
# In clear by design, as the README says: what it is, and how the names of the places begin where it may stand.
_EVERYWHERE = ("",)
BY_DESIGN: Mapping[str, tuple[str, ...]] = {
    "Kestrelburi Shop": ("store: ",),  # what Omise, banks and shops name, in the evidence alone
    "Kestrelkey": ("store: ", "recon.db", "page: "),  # a short name of a key of metadata
    "kestrel99": _EVERYWHERE,  # a handle with a digit in a description, which may be an order's id
    "Kestrelorder": _EVERYWHERE,  # a name that stands where an order's id does
    "Kestrelpayee": _EVERYWHERE,  # a name in the text of a payout's line
}
_FIELDS = tomllib.loads(resources.files("recon").joinpath("omise", "personal.toml").read_text(encoding="utf-8"))
_HOLD_NO_TEXT = frozenset(
    {"card", "source", "dispute", "refunds", "documents", "transactions", "data", "metadata", "customer", "schedule"}
    | {"installment_term", "zero_interest_installments", "receipt_amount", "adjustment_transaction", "linked_account"}
    | {"qr_settings", "references", "provider_references", "scannable_code", "number", "capture"}
    | {"amount", "transaction_fees", "interest", "expiration_month", "webhook_deliveries", "bank_account"}
    | {"authorized_amount", "captured_amount", "interest_vat", "fee", "fee_vat", "net", "funding_amount"}
    | {"refunded_amount", "total_fee", "charge_fee", "subtotal", "vat", "total"}
)
_MARK = f"{KEYS[0]}_of_omise"


def metadata() -> dict[str, Any]:
    """A shop's metadata full of people, under keys of five languages."""
    people = (*NAMES, *SHAPES)
    plain = {key: people[at % len(people)] for at, key in enumerate(KEYS)}
    deep = {"deep": {key: [SENTENCE] for key in KEYS}, "as_text": json.dumps(plain), SENTENCE: 1, "Kestrelkey": 1}
    return {**plain, **deep, "order_key": " ".join(SHAPES), "store_name": " ".join(SHAPES), SHAPES[0]: 1}


def planted(body: dict[str, Any]) -> dict[str, Any]:
    """An object of Omise with people in each of its texts but those that Omise writes itself, and in new fields."""
    if _MARK in body:
        return body
    kind = body.get("object")
    for name, value in body.items():
        if isinstance(value, dict) and name != "metadata":
            body[name] = planted(value)
        elif isinstance(value, list):
            body[name] = [planted(item) if isinstance(item, dict) else item for item in value]
        elif name not in _HOLD_NO_TEXT and name not in _FIELDS["plain"] and (value is None or isinstance(value, str)):
            body[name] = _planted_text(name, value)
    if kind in ("charge", "refund", "transfer", "dispute"):
        body["metadata"] = {**(body.get("metadata") or {}), **metadata()}
    if kind == "charge":
        person = {"email": SHAPES[-1], "description": SENTENCE, "name": NAMES[0], "metadata": metadata()}
        body["customer"] = {"object": "customer", "id": "cust_test_1", **person}
        body["schedule"] = {"object": "schedule", "id": "schd_test_1", "charge": {"object": "plan", **person}}
    return body if kind is None else {**body, **{f"{key}_of_omise": SENTENCE for key in KEYS}}


def _planted_text(name: str, value: str | None) -> str:
    if name in _FIELDS["texts"]:
        return " ".join(("Kestrelburi Shop", *SHAPES)) if value is None else value
    if name in _FIELDS["links"]:
        return f"https://api.example.com/payments/paym_test_1?name={NAMES[3]}&mail={SHAPES[-1]}"
    if name in _FIELDS["shop_links"]:
        return f"https://shop.example.com/return/{NAMES[0]}/{quote(NAMES[1])}?name={NAMES[3]}&mail={SHAPES[-1]}"
    return f"{value or ''} kestrel99 {SENTENCE}".strip()


def plant(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every object that a sandbox makes from now on."""

    def fill(kind: str, **fields: Any) -> dict[str, Any]:
        return planted(copy.deepcopy(forms.fill(kind, **fields)))  # the forms' own parts are those of later tests

    monkeypatch.setattr(objects, "fill", fill)
    monkeypatch.setattr(receipts, "fill", fill)


def plant_in_files(made: Job, account: str) -> None:
    """In each column of the shop's and the bank's file, and in rows that are torn or longer than the header."""
    people = (*NAMES, *SHAPES)
    for path in (made.orders(account), made.folder / "bank" / f"bank_{account}.csv"):
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        names = head.split(",")
        rows = [line.split(",") for line in lines]
        template = rows[0]
        new = []
        for at, name in enumerate(names):
            turns = (SENTENCE, *(people[(5 * at + turn) % len(people)] for turn in range(5)))
            if name == "order_id":  # a name or a phone that is one stays
                turns = ("Kestrelorder", f"A-1 {SHAPES[-1]}", f"A-2 {CARD}", CARD, SHAPES[-1])
            for turn, person in enumerate(turns):
                if name.endswith("amount") and person.isdigit():
                    continue  # what is an amount is one
                cells = [*template[:at], person, *template[at + 1 :]]
                if names[0] == "order_id" and at:
                    cells[0] = f"CN-{at}-{turn}"
                new.append(cells)
        if names[0] != "order_id":
            new += [
                [*row[:3], f"{row[3]} Kestrelpayee {' '.join(SHAPES)}", *row[4:]] for row in rows if "OMISE" in row[3]
            ]
        new = [[*row, NAMES[0], NAMES[1], SHAPES[0]] for row in (*rows, *new)]
        new += [[*template[:2], NAMES[0]], [*template, *people, SENTENCE]]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*names, "contact", "ชื่อผู้รับ", "備考"])
            writer.writerows(new)


def cells_of(store: Store) -> Iterator[tuple[str, bytes]]:
    """Every cell of every table, what is packed as it was."""
    with reading(store) as connection:
        for table in METADATA.sorted_tables:
            for row in connection.execute(table.select()):
                for column, cell in zip(table.columns, row, strict=True):
                    content = cell if isinstance(cell, bytes) else str(cell).encode()
                    yield f"store: {table.name}.{column.name}", content
                    if isinstance(cell, bytes):
                        for unpack in (zlib.decompress, packing.unpack):
                            with suppress(zlib.error, ValueError, KeyError, IndexError):
                                yield f"store: {table.name}.{column.name}, unpacked", unpack(cell)


async def recon(made: Job, *words: str | Path) -> list[tuple[str, bytes]]:
    """What a command prints, its logs as JSON."""
    result = await asyncio.to_thread(
        CliRunner().invoke,
        app,
        ["--config", str(made.config), *map(str, words)],
        env={"RECON_LOG": "json", "RECON_DEBUG": "1"},
    )
    assert "Traceback" not in result.stderr
    return [(f"{words[0]}: stdout", result.stdout_bytes), (f"{words[0]}: stderr", result.stderr_bytes)]


def kept_by(made: Job) -> Iterator[tuple[str, bytes]]:
    """All that the job keeps: the files that it was not given, and each cell of the store."""
    given = {path.name for folder in ("orders", "bank", "keys") for path in (made.folder / folder).iterdir()}
    yield from (place for place in files_of(made.folder) if place[0] not in {*given, "planted.json", "config.toml"})
    store = open_ready_store(configuration.load(made.config, {}))
    yield from cells_of(store)
    store.dispose()


async def pages_of(made: Job) -> list[tuple[str, bytes]]:
    """What the finance page shows an admin: its pages and documents, and some breaks of each code."""
    store = open_ready_store(configuration.load(made.config, {}))
    known = sorted(list_breaks(store), key=lambda known_break: known_break.latest.code)
    store.dispose()
    groups = groupby(known, lambda known_break: known_break.latest.code)
    ids = [known_break.latest.id for _, group in groups for known_break in islice(group, 4)]
    paths = ["/", "/breaks", "/reports", "/settlement", "/about", "/admin", "/api/breaks", "/api/runs", "/metrics"]
    paths += [path for id in ids for path in (f"/breaks/{id}", f"/api/breaks/{id}")]
    async with paged(made.config, Trusting()) as page, page.login("ada") as visitor:
        return [(f"page: {path}", (await visitor.text(path)).encode()) for path in paths]


def found_in(places: Iterable[tuple[str, bytes]]) -> dict[str, list[str]]:
    """Which traces stand where they may not, as they are or as JSON and HTML write them, by place."""
    written = {
        trace: {trace.encode(), json.dumps(trace)[1:-1].encode(), trace.encode("ascii", "xmlcharrefreplace")}
        for trace in (*TRACES, *BY_DESIGN)
    }
    found: dict[str, list[str]] = {}
    for place, content in places:
        for trace, ways in written.items():
            if not place.startswith(BY_DESIGN.get(trace, ())) and any(way in content for way in ways):
                found.setdefault(place, []).append(trace)
    return found
