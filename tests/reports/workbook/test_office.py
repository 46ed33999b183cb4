"""LibreOffice opens the workbook, and its own recalculation agrees with every value that stands beside a formula."""

import random
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import load_workbook

from recon import columns as c
from recon.model import BreakStatus, Result
from recon.rules import RULE_OF
from reports.report import Group, Report
from reports.workbook.write import write_report
from tests.kit.job import finished_job
from tests.kit.report_example import (
    JP,
    breaks,
    empty_result,
    known_break,
    matched,
    rejected,
    result_of,
    result_with_a_closed_break,
)
from tests.reports.summary.test_group import group_of
from tests.reports.workbook.test_write import report_of

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed"),
]

# Without this setting LibreOffice shows the stored values and never looks at the formulas.
_ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item>
</oor:items>
"""


def recalculated(files: list[Path], folder: Path) -> list[Path]:
    """Copies of workbooks as LibreOffice computes them."""
    profile = folder / "profile" / "user"
    profile.mkdir(parents=True)
    (profile / "registrymodifications.xcu").write_text(_ALWAYS_RECALCULATE)
    command = ["soffice", f"-env:UserInstallation=file://{profile.parent}", "--headless", "--convert-to", "xlsx"]
    out = folder / "recalculated"
    subprocess.run([*command, "--outdir", str(out), *map(str, files)], check=True, capture_output=True, timeout=300)
    return [out / file.name for file in files]


def figures(path: Path) -> dict[str, float]:
    """Every cell of the Summary that has a formula, with the value beside it."""
    formulas, values = load_workbook(path)["Summary"], load_workbook(path, data_only=True)["Summary"]
    found: dict[str, Any] = {
        cell.coordinate: values[cell.coordinate].value
        for row in formulas.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }
    return found


def some_result(seed: int) -> Result:
    """Any sizes, currencies, severities and ages, with codes and texts that a formula could trip over."""
    dice = random.Random(seed)
    links = pd.concat(
        [matched(dice.randrange(60), currency=code) for code in dice.sample(["THB", "JPY", "SGD", "USD"], 2)],
        ignore_index=True,
    )
    links[c.ORDER_ID] = pd.Series([f"{i:05d}" for i in range(len(links))], dtype=c.TEXT)
    codes = list(RULE_OF)
    known = [
        known_break(
            dice.choice(codes),
            number,
            currency=dice.choice(["THB", "JPY", "SGD", "MYR", None]),
            risk=dice.choice([None, 0, 1, 99, dice.randrange(10**9)]),
            age=dice.choice([0, 1, 2, 7, 8, 30, 31, 90, 91]),
            status=dice.choice(list(BreakStatus)[:3]),
            explanation=dice.choice(["=1", "*", "?", "<>", "~"]),
        )
        for number in range(dice.randrange(40))
    ]
    aside = rejected().iloc[: dice.randrange(3)]
    result = result_of(links, breaks(known), aside)
    few = result.waiting.iloc[[dice.randrange(len(result.waiting)) for _ in range(dice.randrange(12))]]
    past = result.details.past.iloc[: dice.randrange(4)]
    waiting = few.reset_index(drop=True).assign(
        **{c.AMOUNT: [dice.choice([0, 1, 99, 10**9]) for _ in range(len(few))]}
    )
    return replace(result, waiting=waiting.astype({c.AMOUNT: c.MINOR}), details=replace(result.details, past=past))


def in_japan(result: Result) -> Result:
    """The same, of another account and region."""
    found = result.breaks if len(result.breaks.columns) else c.BREAKS.empty()
    found = found.astype({c.ACCOUNT: c.TEXT}).assign(**{c.ACCOUNT: JP.name, c.REGION: JP.region})
    return replace(result, account=JP, breaks=found)


def test_recalculation_agrees_with_every_stored_value(tmp_path: Path) -> None:
    results = [result_of(), empty_result(), result_with_a_closed_break(), *map(some_result, range(47))]
    reports: list[Report | Group] = [
        *map(report_of, results),
        *(group_of(results[n], in_japan(results[n + 1])) for n in range(0, 20, 2)),
    ]
    files = [tmp_path / f"{number:02d}.xlsx" for number in range(len(reports))]
    for number, (path, report) in enumerate(zip(files, reports, strict=True)):
        with path.open("wb") as file:
            write_report(report, file, tab_rows=1_048_576 if number % 2 else 16)
    for path, computed in zip(files, recalculated(files, tmp_path), strict=True):
        stored = figures(path)
        assert len(stored) >= 2
        assert figures(computed) == pytest.approx(stored, abs=1e-9)


def test_a_planted_wrong_value_is_found(tmp_path: Path) -> None:
    path, wrong = tmp_path / "right.xlsx", tmp_path / "wrong.xlsx"
    with path.open("wb") as file:
        write_report(report_of(result_of()), file)
    with zipfile.ZipFile(path) as package, zipfile.ZipFile(wrong, "w") as planted:
        for name in package.namelist():
            content = package.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert content.count(b"</f><v>60</v>") >= 2
                content = content.replace(b"</f><v>60</v>", b"</f><v>61</v>")
            planted.writestr(name, content)
    [computed] = recalculated([wrong], tmp_path)
    assert figures(wrong) != pytest.approx(figures(path))
    assert figures(computed) == pytest.approx(figures(path))


async def test_where_the_money_went_is_recalculated_to_what_stands_there(tmp_path: Path) -> None:
    async with finished_job(tmp_path / "job", ("th", "jp")) as (_, outcome):
        files = list(outcome.reports)
    for file, again in zip(files, recalculated(files, tmp_path), strict=True):
        shown = figures(file)
        assert len(shown) > 100
        assert figures(again) == pytest.approx(shown, abs=1e-9), file.name
