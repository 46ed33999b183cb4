"""The demonstration: on worlds of unseen seeds every planted break is found, and nothing else."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from jobs.demo import demo
from tests.kit.job import Silent
from tests.kit.places import ROOT

pytestmark = pytest.mark.proof


@pytest.mark.parametrize("seed", [7_001])
async def test_it_finds_what_was_planted_and_nothing_else(tmp_path: Path, seed: int) -> None:
    done = await demo(tmp_path, 200, seed, Silent())
    assert done.outcome.complete
    assert [line for line in done.table if line.missed or line.extra] == []
    codes = {line.code for line in done.table if line.found}
    assert codes >= {"late_success", "refund_window_closed", "transfer_stuck", "dispute_lost", "method_unknown"}


async def test_the_page_for_finance_has_the_figures_of_its_own_week(tmp_path: Path) -> None:
    await demo(tmp_path, 2_000, 1, Silent())
    sheet = load_workbook(tmp_path / "reports" / "settlement_th_2026-10-19_2026-10-25.xlsx", data_only=True)[
        "Summary"
    ]
    page = (ROOT / "docs" / "month-end.md").read_text(encoding="utf-8")
    named = re.findall(r"([\d,]+(?:\.\d\d)?)[a-z, ]*\s\(`([A-Z]\d+)`\)", page)
    assert len(named) > 25
    for figure, cell in named:
        assert abs(Decimal(str(sheet[cell].value))) == Decimal(figure.replace(",", "")), cell
