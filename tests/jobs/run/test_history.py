"""What a run says beside what earlier runs said of its range, on the whole road: changes, figures, ranges before."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from recon import columns as c
from recon.model import Result
from tests.kit.job import FIRST, Job, finished_job, job


def result_for(results: tuple[Result, ...], account: str) -> Result:
    return next(one for one in results if one.account.name == account)


def rows(path: Path, sheet: str) -> list[list[Any]]:
    return [list(row) for row in load_workbook(path, data_only=True)[sheet].iter_rows(min_row=2, values_only=True)]


def mark_paid(merchant: Job) -> str:
    """The shop corrects the order whose webhook was lost; its id."""
    planted = next(p for p in merchant.world.truth if p.code == "order_not_marked_paid" and p.account == "th")
    file = merchant.orders("th")
    text = file.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith(planted.subject_id + ","))
    file.write_text(text.replace(line, line.replace(",pending,", ",paid,")), encoding="utf-8")
    return planted.subject_id


async def test_a_correction_is_a_change_and_running_again_says_the_same(tmp_path: Path) -> None:
    async with finished_job(tmp_path) as (merchant, first):
        [words, *_] = rows(first.reports[0], "Changes")
        assert words[0] == "The first result of this range: there is nothing to compare with."
        order = mark_paid(merchant)
        second = await merchant.run(report=True)
        before = second.reports[0].read_bytes()
        third = await merchant.run(report=True, accounts=("th",))

        details = result_for(second.results, "th").details
        changed = details.changes
        assert changed[[c.WHAT, c.CODE, c.ORDER_ID, c.STATUS]].values.tolist() == [
            ["closed", "order_not_marked_paid", order, "auto_closed"]
        ]
        at_risk = changed[c.RISK_BEFORE].iloc[0]
        assert changed[c.RISK_CHANGE].tolist() == [-at_risk]
        counts = {
            row[c.FIGURE]: (row[c.COUNT_BEFORE], row[c.COUNT_NOW]) for row in details.figures.to_dict("records")
        }
        now, then = (result_for(one.results, "th") for one in (second, first))
        assert counts["matched_orders"] == (then.matched_orders, now.matched_orders)
        assert counts["expecting_orders"] == (then.expecting_orders, now.expecting_orders)
        amounts = details.figures[details.figures[c.FIGURE] == "amount_open"]
        assert amounts[[c.CURRENCY, c.DIFFERENCE]].values.tolist() == [["THB", -at_risk]]
        [shown, *_] = rows(second.reports[0], "Changes")
        assert shown[:4] == ["closed", "high", "order_not_marked_paid", order]
        other = result_for(second.results, "jp").details  # of it, only the digest of a file is new
        assert (other.since, len(other.changes), len(other.figures)) == (details.since, 0, 0)
        assert [path.read_bytes() for path in third.reports] == [before]


async def test_earlier_ranges_of_the_same_length_stand_beside_this_one(tmp_path: Path) -> None:
    async with job(tmp_path, accounts=("th",)) as merchant:
        days = [FIRST + timedelta(days=n) for n in range(3)]
        await merchant.run(first=days[0], last=days[1])
        results = [(await merchant.run(first=day, last=day)).results[0] for day in days]
        again = await merchant.run(first=days[2], last=days[2])
        past = again.results[0].details.past
        assert past[c.FIRST_DAY].tolist() == [str(day) for day in days[:2]]
        assert past[c.MATCHED_ORDERS].tolist() == [one.matched_orders for one in results[:2]]
        assert results[0].details.past.empty
        assert date.fromisoformat(past[c.LAST_DAY].iloc[1]) == days[1]


async def test_several_accounts_have_a_group_workbook_and_one_has_none(tmp_path: Path) -> None:
    async with finished_job(tmp_path) as (merchant, both):
        assert [path.name.split("_")[1] for path in both.reports] == ["th", "jp", "group"]
        alone = await merchant.run(accounts=("jp",), report=True)
        assert [path.name.split("_")[1] for path in alone.reports] == ["jp"]
        summary = load_workbook(both.reports[-1])["Summary"]
        links = [cell.hyperlink.target for row in summary for cell in row if cell.hyperlink and cell.hyperlink.target]
        assert links == [path.name for path in both.reports[:-1]]
