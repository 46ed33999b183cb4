"""What a run says beside what earlier runs said of its range, on the whole road: changes, figures, ranges before."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pandas.testing import assert_frame_equal

from recon import columns as c
from recon.rules import RULE_OF
from reports.verify.digests import digests
from tests.kit.job import Job, finished_job
from tests.kit.loaded_book import loaded
from tests.kit.small_merchant import DAY, MIDNIGHT, charged, night
from tests.kit.small_merchant import merchant as merchant_of


def rows(path: Path, sheet: str) -> list[list[Any]]:
    book = load_workbook(path, read_only=True, data_only=True)
    found = [list(row) for row in book[sheet].iter_rows(min_row=2, values_only=True)]
    book.close()
    return found


def mark_paid(merchant: Job) -> str:
    """The shop corrects the order whose webhook was lost; its id."""
    planted = next(p for p in merchant.world.truth if p.code == "order_not_marked_paid" and p.account == "th")
    file = merchant.orders("th")
    text = file.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith(planted.subject_id + ","))
    file.write_text(text.replace(line, line.replace(",pending,", ",paid,")), encoding="utf-8")
    return planted.subject_id


@pytest.mark.parametrize("accounts", [("th",), pytest.param(("th", "jp"), marks=pytest.mark.proof)])
async def test_a_correction_is_a_change_and_running_again_says_the_same(
    tmp_path: Path, accounts: tuple[str, ...]
) -> None:
    async with finished_job(tmp_path, accounts) as (merchant, first):
        [words, *_] = rows(first.reports[0], "Changes")
        assert words[0] == "The first result of this range: there is nothing to compare with."
        order = mark_paid(merchant)
        second = await merchant.run()
        third = await merchant.run(report=True, accounts=("th",))

        now, then = second.results[0], first.results[0]
        details = now.details
        changed = details.changes
        assert changed[[c.WHAT, c.CODE, c.ORDER_ID, c.STATUS]].values.tolist() == [
            ["closed", "order_not_marked_paid", order, "auto_closed"]
        ]
        at_risk = changed[c.RISK_BEFORE].iloc[0]
        assert changed[c.RISK_CHANGE].tolist() == [-at_risk]
        counts = {
            row[c.FIGURE]: (row[c.COUNT_BEFORE], row[c.COUNT_NOW]) for row in details.figures.to_dict("records")
        }
        assert counts["matched_orders"] == (then.matched_orders, now.matched_orders)
        assert counts["expecting_orders"] == (then.expecting_orders, now.expecting_orders)
        amounts = details.figures[details.figures[c.FIGURE] == "amount_open"]
        assert amounts[[c.CURRENCY, c.DIFFERENCE]].values.tolist() == [["THB", -at_risk]]
        for result in second.results[1:]:  # of another account, only the digest of a file is new
            other = result.details
            assert (other.since, len(other.changes), len(other.figures)) == (details.since, 0, 0)
        [again] = third.results
        assert (digests(again), again.details.since) == (digests(now), details.since)
        for name in ("changes", "figures", "past"):
            assert_frame_equal(getattr(again.details, name), getattr(details, name))
        [shown, *_] = rows(third.reports[0], "Changes")
        assert shown[:4] == ["closed", "high", RULE_OF["order_not_marked_paid"].title, order]


async def test_earlier_ranges_of_the_same_length_stand_beside_this_one(tmp_path: Path) -> None:
    """Of three days with one, two and three orders that are paid; a range of two days does not stand beside them."""
    noons = [MIDNIGHT + DAY / 2 + number * DAY for number in range(3) for _ in range(number + 1)]
    config = merchant_of(
        tmp_path,
        "".join(f"A-{at},7.00,THB,paid,{noon.isoformat()}\n" for at, noon in enumerate(noons)),
        *(
            charged(f"chrg_{at}", amount=700, created_at=noon, paid_at=noon, metadata=f'{{"order_id": "A-{at}"}}')
            for at, noon in enumerate(noons)
        ),
    )
    days, now = [date(2026, 3, day) for day in (3, 4, 5)], MIDNIGHT + 5 * DAY
    await night(config, now, days[0], days[1])
    results = [(await night(config, now, day)).results[0] for day in days]
    again = await night(config, now, days[2])
    past = again.results[0].details.past
    assert past[c.FIRST_DAY].tolist() == [str(day) for day in days[:2]]
    assert past[c.MATCHED_ORDERS].tolist() == [one.matched_orders for one in results[:2]] == [1, 2]
    assert results[0].details.past.empty
    assert date.fromisoformat(past[c.LAST_DAY].iloc[1]) == days[1]


@pytest.mark.proof  # the suite has the group in test_verifying.py, test_group.py
async def test_several_accounts_have_a_group_workbook_and_one_has_none(tmp_path: Path) -> None:
    async with finished_job(tmp_path) as (merchant, both):
        assert [path.name.split("_")[1] for path in both.reports] == ["th", "jp", "group"]
        alone = await merchant.run(accounts=("jp",), report=True)
        assert [path.name.split("_")[1] for path in alone.reports] == ["jp"]
        summary = loaded(both.reports[-1])["Summary"]
        links = [cell.hyperlink.target for row in summary for cell in row if cell.hyperlink and cell.hyperlink.target]
        assert links == [path.name for path in both.reports[:-1]]
