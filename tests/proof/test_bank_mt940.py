"""Statements of real banks: what is read adds up by a reading of our own, and what does not is an alarm.

RECON_MT940_SAMPLES names a folder with such files, as `mt940_tests` in the source distribution of mt-940 4.23.0.
"""

import os
import re
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from recon.bank.load import read
from recon.bank.source import BankSource, LoadedBank
from recon.money import Currencies
from recon.tabular.layout import Layout

pytestmark = pytest.mark.proof

CURRENCIES = Currencies(dict.fromkeys(("DEM", "HUF", "PLN", "UAH", "CZK", "RUB", "GHS", "BGN", "RON"), 2))
SAMPLES = Path(os.environ.get("RECON_MT940_SAMPLES", "/nonexistent"))
FILES = sorted(path for path in SAMPLES.rglob("*") if path.suffix in (".sta", ".txt"))
BALANCE = re.compile(r"^:6[02][FM]?:([CD])\d{6}[A-Z]{3}([\d,]+)", re.MULTILINE)
MOVE = re.compile(r"^:61:\d{6}(?:\d{4}|\s{4})?(R?[CD])[A-Z]?[\n ]?([\d,]+)", re.MULTILINE | re.IGNORECASE)
NUMBER = re.compile(r"^:25:(.*)$", re.MULTILINE)
INTERIM = re.compile(r"^:34F:", re.MULTILINE)


def adds_up(block: str) -> bool:
    """Whether the block's two balances and its lines agree, read by two patterns alone."""
    ends = [signed(mark, text) for mark, text in BALANCE.findall(block)]
    return len(ends) == 2 and ends[1] - ends[0] == sum(signed(mark, text) for mark, text in MOVE.findall(block))


def signed(mark: str, text: str) -> Decimal:
    amount = Decimal(text.replace(",", "."))
    return -amount if mark.upper() in ("D", "RC") else amount


def load(path: Path, account: str) -> LoadedBank:
    """What is read of one of the file's accounts, as it is named behind :25:."""
    encoding = "utf-8" if is_utf8(path) else "cp852"
    return read(
        BankSource(
            name="x",
            account="x",
            currency="EUR",
            kind="mt940",
            path=str(path),
            zone=ZoneInfo("UTC"),
            layout=Layout(encoding=encoding),
            settings={"statement_of": account},
        ),
        currencies=CURRENCIES,
    )


def is_utf8(path: Path) -> bool:
    try:
        path.read_bytes().decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.skipif(not FILES, reason="RECON_MT940_SAMPLES names no folder with statements")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_file_is_read_with_sums_that_agree_or_an_alarm(path: Path) -> None:
    text = path.read_text("utf-8" if is_utf8(path) else "cp852").replace("\r\n", "\n")
    blocks = [block for block in re.split(r"^(?=:20:)", text, flags=re.MULTILINE) if block.startswith(":20:")]
    if not blocks or INTERIM.search(text):
        [words] = load(path, "").unreadable
        assert ("interim report" in words) == bool(blocks)
        return
    accounts: dict[str, list[str]] = {}
    for block in blocks:
        accounts.setdefault("".join(NUMBER.findall(block)).strip(), []).append(block)
    for account, own in accounts.items():
        found = load(path, account if len(accounts) > 1 else "")
        right = sum(map(adds_up, own))
        assert found.proved <= right
        assert not found.unreadable
        assert found.proved + len(found.rejected) <= len(own)  # the same statement twice is one
        assert len(found.rejected) >= (right < len(own))
