"""A workbook's sheet on the page: what the workbook shows in percent, the page does."""

from io import BytesIO

from recon.money import Currencies
from reports.page.results.sheets import view
from reports.report import Report
from reports.workbook.write import write_report
from tests.kit.golden import results
from tests.reports.workbook.test_write import basis


def test_rates_of_a_table_below_a_sheet_are_percent_and_its_counts_are_not() -> None:
    file = BytesIO()
    write_report(Report(results()[0], basis()), file)
    disputes = [cells[:6] for cells, _ in view(file.getvalue(), "Disputes", 1, Currencies()).lines]
    assert disputes[-3:] == [
        ["2026-09", "2026-09-30", "1", "", "0", "no charges"],
        ["2026-10", "2026-10-31", "4", "0.33%", "1,201", "review"],
        ["2026-11", "2026-11-30", "2", "2.85%", "70", "above"],
    ]
    assert disputes[0][3:] == ["documents alone", "2026-11-30 01:30", "-1"]
