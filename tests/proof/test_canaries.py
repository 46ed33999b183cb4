"""Keys, cards and e-mail addresses planted in data, configuration and failing requests come out nowhere.

The job runs as a user runs it, in a process of its own, over a sandbox that fails now and then, with one channel of
alerts that works and everything else down. Then every place that it wrote to is searched.
"""

import asyncio
import json
import os
import sqlite3
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

import pytest

from recon.journal.words import LedgerAccount
from tests.kit import canaries
from tests.kit.job import FIRST, LAST, Job, job
from tests.kit.receivers import nobody, post_office, webhook
from tests.kit.sandbox import Faults
from tests.kit.store_samples import DATABASES, fresh_url

pytestmark = pytest.mark.proof

KEY = "skey_test_0canary0key"
CARDS = ("5555555555554444", "5555 5555 5555 4444")
MAIL = "canary.person@example.com"
PLANTED = f"{KEY} {CARDS[0]} {CARDS[1]} {MAIL}"
FORBIDDEN = (b"canary", b"CANARY", *(card.encode() for card in CARDS))

SECTIONS = """
[privacy]
hash_key = {{ env = "HASH" }}
[orders.web]
kind = "sql"
account = "jp"
url = {{ env = "SHOP" }}
query = "select 1 where :from < :to"
[alerts]
urls = {{ env = "URLS" }}
smtp_url = {{ env = "SMTP" }}
mail_from = "recon@shop.test"
heartbeat_url = "http://127.0.0.1:{nobody}/ping/0canary0beat"
"""


@dataclass
class Ended:
    code: int
    out: bytes
    err: bytes


async def recon(made: Job, environ: dict[str, str], *words: str) -> Ended:
    """The command in a process of its own, while this one serves."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from jobs.cli.app import main; main()",
        "--config",
        str(made.config),
        *words,
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out, err)


def plant(made: Job) -> None:
    """In charges, in the shop's rows, readable or not, and in the bank's lines."""
    for books in made.world.books.values():
        for charge in books.charges[:40]:
            charge.description = f"{charge.description or ''} {PLANTED}"
            charge.metadata |= {"note": PLANTED, "customer_email": MAIL, "card": CARDS[0], "deep": {"a": [PLANTED]}}
            charge.holder = MAIL
            charge.failure = (charge.failure[0], PLANTED)
    path = made.orders("th")
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    names = head.split(",")
    for at, row in enumerate(rows[:30]):
        cells = row.split(",")
        cells[names.index("customer_email")] = MAIL
        cells[names.index("payment_method")] = PLANTED
        if at < 3:
            cells[names.index("amount")] = PLANTED
        rows[at] = ",".join(cells)
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    bank = made.folder / "bank" / "bank_th.csv"
    lines = bank.read_text(encoding="utf-8").splitlines()
    lines += [f"2026-03-03,10.00,THB,OMISE {PLANTED},{PLANTED}", f"{PLANTED},1.00,THB,OMISE,x"]
    bank.write_text("\n".join(lines) + "\n", encoding="utf-8")


def stored(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every cell of the store, compressed ones as they were."""
    connection = sqlite3.connect(path)
    try:
        for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            for row in connection.execute(f'select * from "{table}"'):
                for cell in row:
                    content = cell if isinstance(cell, bytes) else str(cell).encode()
                    with suppress(zlib.error):
                        content += zlib.decompress(content)
                    yield f"store: {table}", content
    finally:
        connection.close()


def members(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every part of every workbook, its properties among them, and the names of both."""
    for path in sorted(folder.glob("*.xlsx")):
        yield "name of a workbook", path.name.encode()
        with zipfile.ZipFile(path) as book:
            for name in book.namelist():
                yield f"{path.name}: {name}", name.encode() + book.read(name)


async def test_nothing_that_was_planted_comes_out(tmp_path: Path) -> None:
    async with job(tmp_path, faults=Faults(bad_gateway=90, cut=70)) as made, webhook() as hook, post_office() as post:
        plant(made)
        port = nobody()
        text = made.config.read_text(encoding="utf-8")
        text = text.replace("[reports]\n", '[reports]\nmail = ["finance@shop.test"]\n')
        made.config.write_text(text + SECTIONS.format(nobody=port), encoding="utf-8")
        mail_url = f"mailto://127.0.0.1:{post.port}?from=recon@shop.test&to=finance@shop.test&mode=insecure"
        environ = {
            "HASH": "hash0canary0key0of0thirty0two0characters",
            "SHOP": f"postgresql://shop:0canary0word@127.0.0.1:{port}/shop",
            "URLS": f"{hook.url}/0canary0token {mail_url} json://127.0.0.1:{port}/0canary0down",
            "SMTP": f"smtp://u:0canary0smtp@127.0.0.1:{port}",
            "RECON_LOG": "json",
            "RECON_DEBUG": "1",
        }
        days = ("--from", str(FIRST), "--to", str(LAST), "--as-of", made.world.as_of.isoformat())
        logged = await recon(made, environ, "run", *days, "--json")
        (tmp_path / "keys" / "th").write_text(f"{KEY}\n", encoding="utf-8")
        refused = await recon(made, {**environ, "RECON_LOG": ""}, "run", *days)
        checked = await recon(made, {**environ, "RECON_LOG": ""}, "check", "--send-test")

    assert (logged.code, refused.code, checked.code) == (3, 2, 2), refused.err.decode()
    lines = [json.loads(line) for line in logged.err.splitlines()]
    assert {"stage", "account", "job"} <= {name for line in lines for name in line}
    assert [body["title"].partition(":")[2].partition(",")[0] for _, body in hook.calls] == [
        " run not complete",
        " run failed: th",
        " test message",
    ]
    assert len(post.mails) == 3

    places = [
        (name, text) for run in (logged, refused, checked) for name, text in vars(run).items() if name != "code"
    ]
    places += [("webhook", json.dumps(body).encode()) for _, body in hook.calls]
    places += [("mail", mail + part_of(mail)) for mail in post.mails]
    places += [*stored(tmp_path / "recon.db"), *members(tmp_path / "reports")]
    assert len([name for name, _ in places if name.startswith("settlement_th")]) > 10
    found = {name for name, text in places for word in FORBIDDEN if word in text}
    assert found == set()


def part_of(mail: bytes) -> bytes:
    """A mail's parts, decoded."""
    parts = [part.get_payload(decode=True) for part in message_from_bytes(mail).walk() if not part.is_multipart()]
    return b"\n".join(part for part in parts if isinstance(part, bytes))


CODES = "[journal.accounts]\n" + "\n".join(f'{account} = "{account}"' for account in LedgerAccount) + "\n"
PEOPLE_SECTIONS = """
[privacy]
hash_key = { file = "keys/hash" }
[alerts]
urls = { file = "keys/urls" }
"""


@pytest.mark.parametrize("database", DATABASES)
async def test_people_planted_in_every_text_are_found_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    canaries.plant(monkeypatch)
    places: list[tuple[str, bytes]] = []
    async with job(tmp_path, orders=40) as made, webhook() as hook:
        for account in ("th", "jp"):
            canaries.plant_in_files(made, account)
        text = made.config.read_text(encoding="utf-8") + PEOPLE_SECTIONS + CODES
        if database == "postgresql":
            url = fresh_url(database, tmp_path)
            text = text.replace('url = "sqlite:///recon.db"', f'url = "{url}"\narchive = "archive"')
        made.config.write_text(text, encoding="utf-8")
        (tmp_path / "keys" / "hash").write_text("a key of thirty-two bytes or so.", encoding="utf-8")
        (tmp_path / "keys" / "urls").write_text(hook.url, encoding="utf-8")
        days = ("--from", str(FIRST), "--to", str(LAST))
        commands: list[tuple[str | Path, ...]] = [
            ("run", *days, "--as-of", made.world.as_of.isoformat(), "--json"),
            ("run", *days, "--no-pull", "--no-alert", "--format", "csv"),
            ("run", *days, "--no-pull", "--no-alert", "--format", "parquet"),
            ("journal", *days, "--out", tmp_path / "journal.csv"),
            ("breaks", "list", "--json"),
            ("breaks", "list"),
            ("matches", "list", *days, "--json"),
            ("rulings", "export", tmp_path / "rulings.xlsx"),
            ("runs", "list", "--json"),
            ("check",),
            ("db", "archive", "--before", "2026-11-01"),
        ]
        for words in commands:
            places += await canaries.recon(made, *words)
        places += await canaries.pages_of(made)
        places += canaries.kept_by(made)
        assert list(made.folder.rglob("*.parquet"))
    places += [("webhook", json.dumps(body, ensure_ascii=False).encode()) for _, body in hook.calls]
    assert hook.calls
    assert (tmp_path / "journal.csv").stat().st_size > 1_000
    assert canaries.found_in(places) == {}
