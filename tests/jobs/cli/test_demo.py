"""`recon demo`: what was planted is found, the screen tells it, and its Summary answers what finance asks.

Here it has two accounts, and in its proofs all four: each costs as much time as the other.
"""

import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from jobs import demo as demonstration
from jobs.demo import FIRST, LAST
from recon.calendars import days_window
from recon.model import Exposure
from recon.sandbox.worlds.world import World, make_world
from tests.jobs.cli.test_app import Said, recon
from tests.kit.places import ROOT

ORDERS, SEED = 100, 3
PAGE = (ROOT / "docs" / "month-end.md").read_text(encoding="utf-8")


smaller = partial(make_world, accounts=("th", "jp"))


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Said, Path]]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(demonstration, "make_world", smaller)
        yield shown(tmp_path_factory.mktemp("demo"))


def shown(folder: Path) -> tuple[Said, Path]:
    """What the demonstration said, and its folder."""
    return recon("demo", "--out", folder, "--orders", str(ORDERS), "--seed", str(SEED)), folder


@pytest.fixture(scope="module")
def summary(week: tuple[Said, Path]) -> Worksheet:
    path = week[1] / "reports" / f"settlement_th_{FIRST}_{LAST}.xlsx"
    return load_workbook(path, data_only=True)["Summary"]


def test_the_demo_finds_what_it_planted(week: tuple[Said, Path]) -> None:
    said, _ = week
    assert said.code == 0  # every planted break was found, and nothing else
    assert "planted" in said.out
    assert "\nth: not read: " in said.err
    for code in ("late_success", "refund_window_closed", "transfer_stuck", "dispute_lost", "method_unknown"):
        assert code in said.out
    story = said.err[said.err.index("A made-up merchant's week") :]
    assert "faults were planted; all were found, and nothing else." in story
    for words in ("where the money went", "what is wrong", "owed to customers", "what to do first", "Stop delivery"):
        assert words in story
    paths = [Path(line) for line in said.out.splitlines() if line.endswith((".xlsx", ".toml"))]
    assert len(paths) == 4
    assert all(path.exists() for path in paths)


def test_the_last_lines_are_commands_that_can_be_copied(week: tuple[Said, Path]) -> None:
    said, folder = week
    steps = said.err[said.err.index("\nNext:\n") :]
    commands = [shlex.split(line)[1:] for line in steps.splitlines() if line.startswith("  ")]
    config = str(folder / "config.toml")
    assert ["sandbox", "--demo", "--out", str(folder)] in commands
    assert [command[2:4] for command in commands if command[:2] == ["--config", config]] == [
        ["breaks", "list"],
        ["check"],
        ["users", "add"],
        ["serve", "--no-scheduler"],
    ]
    assert recon("--config", config, "breaks", "list").code == 0


def test_the_sandbox_makes_the_demos_world_and_takes_its_address(week: tuple[Said, Path]) -> None:
    folder = week[1]
    made = demonstration.world_of(folder)
    planted = [asdict(fault) for fault in (*made[0].truth, *made[0].truth_since_first_look)]
    assert json.loads((folder / "planted.json").read_text(encoding="utf-8")) == {"planted": planted}
    assert f'base_url = "http://127.0.0.1:{made[1]}"' in (folder / "config.toml").read_text(encoding="utf-8")


def test_a_sandbox_that_cannot_be_the_demos_says_why(week: tuple[Said, Path], tmp_path: Path) -> None:
    said = recon("sandbox", "--demo", "--out", tmp_path)
    assert (said.code, "recon demo --out" in said.err) == (2, True)
    assert recon("sandbox", "--demo", "--out", week[1], "--seed", "2").code == 2
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        shutil.copytree(week[1], tmp_path, dirs_exist_ok=True)
        move(tmp_path / "config.toml", port)
        said = recon("sandbox", "--demo", "--out", tmp_path)
    assert (said.code, said.out) == (2, "")
    assert f"port {port} of this machine is taken" in said.err


@pytest.mark.proof
def test_the_printed_configuration_works_beside_the_demos_sandbox(tmp_path: Path) -> None:
    said, _ = shown(tmp_path)
    assert (said.code, said.out.count(".xlsx")) == (0, 5)
    config = tmp_path / "config.toml"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        move(config, free.getsockname()[1])
    words = [sys.executable, "-m", "tests.kit.recon_process", "sandbox", "--demo", "--out", str(tmp_path)]
    before = recon("--config", config, "breaks", "list", "--json").document
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout
            assert sandbox.stderr
            assert sandbox.stdout.readline().startswith("http://127.0.0.1:")
            tried = next(line for line in sandbox.stderr if line.startswith("try: "))
            assert recon("--config", config, "check").code == 0
            assert recon(*shlex.split(tried)[2:]).code == 0
        finally:
            sandbox.terminate()
    after = recon("--config", config, "breaks", "list", "--json").document
    assert [known["id"] for known in after["breaks"]] == [known["id"] for known in before["breaks"]]


def move(config: Path, port: int) -> None:
    """Have a demo's configuration name another port."""
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", text), encoding="utf-8")


def answers(world: World) -> dict[str, tuple[int | None, int]]:
    """What finance asks of the Thai account, by the Summary's words, of the made world alone: how many, how much.

    Knows no rule: it adds up what happened in the days, and where each payout of them is by the bank's file.
    """
    books = world.books["th"]
    window = days_window(FIRST, LAST, books.account.zone)
    booked = [row for row in books.transactions if datetime.fromtimestamp(row.created, UTC) in window]
    ids = {row.id for row in booked}
    end = int(window.end.timestamp())
    now = int(world.as_of.timestamp())
    sold = [charge for charge in books.charges if charge.transaction in ids]
    sent = [transfer for transfer in books.transfers if transfer.transaction and transfer.transaction.id in ids]
    costs = sum(charge.costs(now).total for charge in sold)
    fees = books.account.transfer_fee + books.account.transfer_fee_vat
    credited = [transfer for transfer in sent if transfer.paid_at < end and transfer.credit != 0]
    short = [transfer for transfer in credited if transfer.credit not in (None, transfer.net)]
    back = ("refund.created.debit", "refund.voided.debit", "dispute.started.debit", "dispute.won.credit")
    returned = [row for row in booked if row.key in back]
    balance = [row for row in books.transactions if row.created < end]
    return {
        "Sold": (len(sold), sum(charge.funding(now) for charge in sold)),
        "Kept by Omise": (None, costs + len(sent) * fees),
        "Given back": (
            len(returned),
            sum(row.amount if row.direction == "debit" else -row.amount for row in returned),
        ),
        "Paid out": (len(sent), sum(transfer.net for transfer in sent)),
        "At the bank": (len(credited), sum(transfer.credit or transfer.net for transfer in credited)),
        "Kept by the bank": (len(short), sum(transfer.net - (transfer.credit or 0) for transfer in short)),
        "In transit": (len(sent) - len(credited), sum(transfer.net for transfer in sent if transfer not in credited)),
        "Still at Omise": (None, sum(row.amount if row.direction == "credit" else -row.amount for row in balance)),
    }


def test_the_summary_alone_answers_what_finance_asks(summary: Worksheet) -> None:
    world = smaller(SEED, FIRST, LAST, ORDERS, live=True, history=True)
    for row, (question, (count, amount)) in enumerate(answers(world).items(), start=8):
        assert summary[f"A{row}"].value == question
        assert summary[f"B{row}"].value == count, question
        assert Decimal(str(summary[f"C{row}"].value)).scaleb(2) == amount, question
        assert re.search(rf"\(`C{row}`\).*\| {question} \|$", PAGE, re.MULTILINE), "the page names this cell"


def test_what_is_outstanding_stands_by_reason_and_by_owner(summary: Worksheet, week: tuple[Said, Path]) -> None:
    rows = list(summary.iter_rows(values_only=True))
    counted: dict[str, Counter[str]] = {}
    for title, column in (("For cash", 0), ("Owner", 3)):
        start = next(at for at, row in enumerate(rows) if row[0] == title)
        for row in rows[start + 1 :]:
            if row[2] is None or row[0] == "All that is open":
                break
            counted.setdefault(title, Counter())[str(row[column])] += int(str(row[2]))
    document = recon("--config", week[1] / "config.toml", "breaks", "list", "--json").document
    own = [known for known in document["breaks"] if known["account"] in ("th", None)]
    exposures = Counter(Exposure(known["exposure"]).words for known in own)
    assert counted["For cash"] == counted["Owner"] == exposures
    assert summary["B16"].value == len(own)
    assert summary["A17"].value == "To be booked"
    assert summary["B17"].value > 20
