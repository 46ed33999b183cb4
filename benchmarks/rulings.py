"""How long the Excel desk takes: export of 5,000 breaks, import with an outcome for each; `make bench-rulings`.

The import is the command itself, in a process of its own, start-up and outcome file included. openpyxl's reader on
the same file is the peer: what reading alone would cost with it.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

from openpyxl import load_workbook

from recon.model import Account, Break, BreakStatus, KnownBreak, Severity
from recon.model.rulings import ApprovalLimits
from recon.store.engine import open_store
from recon.store.migrate import upgrade
from recon.store.runs.record import RunRecord, list_breaks
from reports.rulings.desk import write_rulings
from reports.rulings.read import read_rulings
from reports.rulings.sheet import NAME
from tests.kit.recorded_runs import put_run

CONFIG = """
[store]
url = "sqlite:///recon.db"
[accounts.th]
region = "TH"
currency = "THB"
timezone = "Asia/Bangkok"
secret_key = { env = "UNSET" }
[orders.shop]
kind = "csv"
path = "orders/*.csv"
"""
# What people do, in turn; the last asks for what is not allowed.
RULINGS: tuple[dict[str, object], ...] = (
    {"Ruling": "acknowledge", "Until": date(2099, 12, 31), "Reason": "timing"},
    {"Ruling": "resolve", "Reason": "order_corrected"},
    {"Ruling": "write off", "Reason": "no action needed"},
    {"Ruling": "assign", "Owner": "Somchai"},
    {"Ruling": "note", "Reason": "The shop was asked for the receipt and has not answered yet."},
    {"Ruling": "approve"},
)


def main() -> None:
    """Print seconds, and the counts that the import answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known = _store(folder, rows)
        path = folder / "desk.xlsx"
        begun = perf_counter()
        with path.open("wb") as file:
            write_rulings(known, _accounts(), ApprovalLimits(), file, date(2026, 11, 24))
        print(f"export, {rows:,} breaks, {path.stat().st_size / 1e6:.1f} MB: {perf_counter() - begun:.2f} s")
        _fill_in(path)
        begun = perf_counter()
        lines = read_rulings(path, "bench")
        print(f"read and check {len(lines):,} rows: {perf_counter() - begun:.2f} s")
        begun = perf_counter()
        for _ in load_workbook(path, read_only=True)[NAME].iter_rows(values_only=True):
            pass
        print(f"openpyxl reads the same, checking nothing: {perf_counter() - begun:.2f} s")
        for which in ("import", "the same file again"):
            seconds, busy, counts = _import(folder, path)
            print(f"{which}, the whole command: {seconds:.2f} s ({busy:.2f} s of CPU), {json.dumps(counts)}")


def _accounts() -> dict[str, Account]:
    from zoneinfo import ZoneInfo

    return {"th": Account("th", "TH", "THB", ZoneInfo("Asia/Bangkok"))}


def _store(folder: Path, rows: int) -> list[KnownBreak]:
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    store = open_store(f"sqlite:///{folder}/recon.db")
    upgrade(store)
    now = datetime(2026, 11, 24, tzinfo=UTC)
    run = RunRecord(now, now, now, "bench", "run", {}, "0", "d", "complete", {})
    put_run(store, run, breaks=[_break(number, now) for number in range(rows)])
    known = list_breaks(store)
    store.dispose()
    return known


def _break(number: int, now: datetime) -> KnownBreak:
    break_ = Break(
        "amount_mismatch",
        Severity.HIGH,
        "th",
        "order",
        f"{number:08d}",
        f"Order {number:08d} is 1,250.00 THB in the shop and its charge 1,240.00 THB: 10.00 THB are missing.",
        "Refund or collect the difference.",
        currency="THB",
        expected=125_000,
        actual=124_000,
        amount_at_risk=1_000 + number % 12_000,
        due_by=now + timedelta(days=number % 90),
        order_id=f"{number:08d}",
        charge_id=f"chrg_test_5xuy{number:015d}",
    )
    return KnownBreak(break_, BreakStatus.OPEN, now - timedelta(days=number % 40), now)


def _fill_in(path: Path) -> None:
    book = load_workbook(path)
    sheet = book[NAME]
    places = {str(cell.value): number for number, cell in enumerate(sheet[1], start=1)}
    for number in range(2, sheet.max_row + 1):
        for title, value in RULINGS[number % len(RULINGS)].items():
            sheet.cell(number, places[title]).value = value  # type: ignore[assignment]
    book.save(path)


def _import(folder: Path, path: Path) -> tuple[float, float, dict[str, int]]:
    """Seconds by the clock and of CPU, and the counts."""
    command = [sys.executable, "-c", "from jobs.cli.app import main; main()", "--config", str(folder / "config.toml")]
    begun, before = perf_counter(), _busy()
    done = subprocess.run([*command, "rulings", "import", str(path), "--json"], capture_output=True, check=False)
    seconds = perf_counter() - begun
    assert done.returncode in (0, 3), done.stderr.decode()
    return seconds, _busy() - before, json.loads(done.stdout)["counts"]


def _busy() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
