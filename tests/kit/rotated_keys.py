"""A merchant whose store has a hash key and an audit key in files, and what of its customers stands where."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from typer.testing import CliRunner, Result

from jobs.cli.app import app
from jobs.config import config as configuration
from jobs.run.opening.store import open_ready_store
from recon.journal.words import LedgerAccount
from recon.store import tables
from recon.store.desk.people import Act
from recon.store.engine import reading
from recon.store.versions import archiving
from recon.store.versions.archiving import Cut
from tests.kit.canaries import kept_by
from tests.kit.file_texts import hashes_in
from tests.kit.job import FIRST, Job, clock

SECTIONS = """
[privacy]
hash_key = { file = "keys/hash" }
[retention]
customer_fields = "1d"
[journal.accounts]
""" + "\n".join(f'{account} = "{account}"' for account in LedgerAccount)
KEYS = ("hash", "audit")
FIRST_KEY = "{} key number one, which is long enough"
_COUNTED = ("charge", "refund", "transaction", "order")


def configure(made: Job, url: str | None = None, more: str = "") -> None:
    """Both keys in files, every account of the journal, and another store than the job's own."""
    text = made.config.read_text(encoding="utf-8")
    store = f'url = "{url}"\narchive = "archive"' if url else 'url = "sqlite:///recon.db"'
    text = text.replace('url = "sqlite:///recon.db"', f'{store}\naudit_key = {{ file = "keys/audit" }}')
    made.config.write_text(text + SECTIONS + more, encoding="utf-8")
    for name in KEYS:
        (made.folder / "keys" / name).write_text(f"{FIRST_KEY.format(name)}\n", encoding="utf-8")


def recon(made: Job, *words: str) -> Result:
    """A command, its logs as JSON."""
    return CliRunner().invoke(app, ["--config", str(made.config), *words], env={"RECON_LOG": "json"})


def done(made: Job, *words: str) -> dict[str, Any]:
    """The document of a command that is done."""
    result = recon(made, *words, "--json")
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def keys(made: Job, name: str) -> list[bytes]:
    """A key a line, the newest first."""
    return (made.folder / "keys" / name).read_bytes().splitlines()


def hashes(made: Job) -> set[str]:
    """Every customer hash that is stored, raw objects and archive included."""
    texts = [text for name, text in kept_by(made) if not name.endswith((".xlsx", ".db"))]
    return hashes_in(texts)


def state(made: Job) -> dict[str, Any]:
    """How many versions there are, what is linked, and how every break stands."""
    store = open_ready_store(configuration.load(made.config, {}))
    with reading(store) as connection:
        found: dict[str, Any] = {
            name: len(connection.execute(select(tables.METADATA.tables[name])).all()) for name in _COUNTED
        }
        found["matches"] = sorted(tuple(row)[:4] for row in connection.execute(select(tables.MATCH)))
    store.dispose()
    return {**found, "breaks": sorted((known["id"], known["status"]) for known in made.breaks())}


def plant(made: Job, customer: str) -> None:
    """A customer of the first order that a charge without a name pays, on both sides."""
    path = made.orders("th")
    named = [charge for charge in made.world.books["th"].charges if "customer_email" in charge.metadata]
    middle = datetime(FIRST.year, FIRST.month, FIRST.day + 1, 12, tzinfo=UTC).timestamp()
    charge = min(named, key=lambda charge: abs(charge.created - middle))
    email = str(charge.metadata["customer_email"])
    path.write_text(path.read_text(encoding="utf-8").replace(email, customer), encoding="utf-8")
    for charge in named:
        if charge.metadata["customer_email"] == email:
            charge.metadata["customer_email"] = customer


def archive(made: Job) -> None:
    """All that can go into the archive, as if a day later."""
    config = configuration.load(made.config, {})
    store = open_ready_store(config)
    tomorrow = clock() + timedelta(days=1)
    assert archiving.archive(store, Cut({}, tomorrow), Act("anna", tomorrow, config.audit_key))
    store.dispose()


def book_of(paths: Iterable[Path]) -> Path:
    """The workbook of the account."""
    return next(path for path in paths if "_th_" in path.name)
