"""The Summary answers alone: what was sold, kept, paid out, is at the bank, is open, and is to be booked."""

from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from jobs.cli.answers.documents import run_document
from recon import columns as c
from recon.calendars import days_window
from recon.model import MOVING_LINES, HeldLine
from recon.result.changes import open_breaks
from recon.sandbox.worlds.facts import Transaction
from recon.sandbox.worlds.world import AccountBooks, World
from reports.sheets import SHEETS
from reports.summary.arriving import HELD_TITLE
from reports.summary.money import BALANCE_WORDS, BRIDGE, IN_SHORT, NOT_EXPLAINED, TO_BANK, WENT, step_words
from tests.kit.job import FIRST, LAST, done_once
from tests.kit.loaded_book import loaded
from tests.reports.workbook.test_write import Rows, values

SUMMARY = SHEETS[0].name


def _summary(path: Path) -> Rows:
    return values(BytesIO(path.read_bytes()), SUMMARY)


def _block(rows: Rows, title: str) -> dict[str, tuple[int, Any, Any]]:
    """By the name of each line of a block of a Summary: its row, how many, how much."""
    lines = {}
    start = next((at for at, row in enumerate(rows) if str(row[0] or "").startswith(title)), len(rows))
    for place, row in enumerate(rows[start + 1 :], start=start + 2):
        if not any(row[:3]):
            break
        lines[str(row[0])] = (place, row[1], row[2])
    return lines


def _minor(amount: Any, exponent: int = 2) -> int:
    return int(Decimal(str(amount)).scaleb(exponent))


def _booked(world: World, books: AccountBooks) -> list[Transaction]:
    """Omise's transactions of the days, up to the moment of truth."""
    window = days_window(FIRST, LAST, books.account.zone)
    rows = [row for row in books.transactions if row.created <= world.as_of.timestamp()]
    return [row for row in rows if window.start.timestamp() <= row.created < window.end.timestamp()]


async def test_each_question_has_its_cell_and_the_world_s_own_figure() -> None:
    world, _, _, outcome = await done_once(("th", "jp"))
    result = next(result for result in outcome.results if result.account.name == "th")
    sheet = _summary(next(path for path in outcome.reports if "_th_" in path.name))
    books = world.books["th"]
    rows = _booked(world, books)
    short = _block(sheet, IN_SHORT)
    ids = {row.id for row in rows}
    sold = [charge for charge in books.charges if charge.transaction in ids]
    assert short["Sold"][1] == len(sold)
    waterfall = {
        line["line"]: line["amount"]
        for account in run_document(outcome)["accounts"]
        if account["account"] == "th"
        for line in account["waterfall"]
    }
    now = int(world.as_of.timestamp())
    assert _minor(short["Sold"][2]) == waterfall["sales"] == sum(charge.funding(now) for charge in sold)
    costs = sum(charge.costs(now).total for charge in sold)
    sent = [transfer for transfer in books.transfers if transfer.transaction in rows]
    fees = len(sent) * (books.account.transfer_fee + books.account.transfer_fee_vat)
    assert _minor(short["Kept by Omise"][2]) == costs + fees
    assert _minor(short["Still at Omise"][2]) == waterfall["closing"]
    assert short["Paid out"][1] == len(sent)
    assert short["To be cleared up"][1] == len(open_breaks(result.breaks))
    if "To be booked" in short:
        assert short["To be booked"][1] == result.journal[c.ENTRY].nunique()


async def test_every_block_closes_and_equals_the_json() -> None:
    _, _, _, outcome = await done_once(("th", "jp"))
    documents = {account["account"]: account for account in run_document(outcome)["accounts"]}
    for result in outcome.results:
        name = result.account.name
        exponent = 0 if result.account.currency == "JPY" else 2
        path = next(path for path in outcome.reports if f"_{name}_" in path.name)
        sheet = _summary(path)
        said = {line["line"]: line for line in documents[name]["waterfall"]}
        shown = _block(sheet, WENT)
        for line, (words, _) in BALANCE_WORDS.items():
            if line in said:
                assert _minor(shown[words][2], exponent) == said[line]["amount"], (name, line)
        total = said["opening"]["amount"] + sum(said[line]["amount"] for line in MOVING_LINES)
        assert total == said["closing"]["amount"]
        bridge = _block(sheet, BRIDGE)
        assert NOT_EXPLAINED not in bridge
        assert _minor(bridge["Sales"][2], exponent) == said["sales"]["amount"]
        held = result.settlement.held
        inside = int(held[held[c.LINE] != HeldLine.ON_ITS_WAY][c.AMOUNT].sum())
        assert _minor(_block(sheet, HELD_TITLE)["Balance on the as-of day"][2], exponent) == inside
        payouts = _block(sheet, TO_BANK)
        if payouts:
            assert _minor(payouts["Payouts"][2], exponent) == -said["payouts"]["amount"]


def test_steps_are_said_in_plain_words() -> None:
    assert step_words("open break charge_missing") == "Order paid, and no charge for it"
    closed = step_words("charge_missing, written off by Malee: too small")
    assert closed == "Order paid, and no charge for it, written off by Malee: too small"
    assert step_words("within the tolerance") == "Within the tolerance"


async def test_the_group_shows_each_account_in_its_own_column() -> None:
    _, _, _, outcome = await done_once(("th", "jp"))
    said = run_document(outcome)["accounts"]
    sheet = _summary(next(path for path in outcome.reports if "_group_" in path.name))
    shown = _block(sheet, WENT)
    for place, account in enumerate(said):
        exponent = 0 if account["account"] == "jp" else 2
        for line in account["waterfall"]:
            row = shown[BALANCE_WORDS[line["line"]][0]][0]
            assert _minor(sheet[row - 1][place + 1], exponent) == line["amount"]


async def test_names_longer_than_their_column_wrap() -> None:
    _, _, _, outcome = await done_once(("th", "jp"))
    path = next(path for path in outcome.reports if "_th_" in path.name)
    sheet = loaded(path)[SUMMARY]
    for row, _, _ in _block(_summary(path), BRIDGE).values():
        cell = sheet.cell(row, 1)
        assert len(str(cell.value)) <= 32 or cell.alignment.wrap_text, cell.value
