"""Charts: an axis that shows its figures, bars that add up, the figures in words."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from recon.store.desk import worklist
from reports.page.render import environment
from reports.page.results.charts import Chart, Series, counted
from tests.kit.page import page


def test_a_match_rate_near_all_is_told_apart_on_its_axis() -> None:
    chart = Chart("Match rate", ["1", "2"], [Series("rate", [9_912, 9_990])], kind="line", least=9_500, most=10_000)
    assert chart.ticks == [9_400, 9_600, 9_800, 10_000]
    assert chart.y(9_912) - chart.y(9_990) > 15, "0.78 % are seen"


def test_bars_on_top_of_each_other_reach_their_sum() -> None:
    chart = Chart("Open", ["a"], [Series("lost", [3]), Series("late", [4])], kind="stacked")
    lost, late = chart.bars
    assert (lost[1], late[1]) == (lost[1], lost[1]), "in one column"
    assert late[2] == chart.y(7)
    assert lost[2] == round(late[2] + late[4], 1)


def test_a_chart_says_its_figures_to_those_who_do_not_see_it() -> None:
    ages = counted("Open by age", [("0–7 days", 1_200), ("over 90", 0)])
    template = environment().from_string('{% from "charts.html" import chart %}{{ chart(ages, "age") }}')
    drawn = template.render(ages=ages)
    assert '<figcaption id="age">Open by age</figcaption>' in drawn
    assert 'aria-labelledby="age" aria-describedby="age-figures"' in drawn
    assert "breaks: 0–7 days 1,200, over 90 0." in drawn
    assert re.findall(r'<td class="number">([^<]*)</td>', drawn) == ["1,200", "0"]
    assert "style=" not in drawn, "the policy of the page allows none"


@given(st.lists(st.integers(-(10**12), 10**15), min_size=1, max_size=40), st.sampled_from(("bars", "line")))
def test_every_mark_stands_between_few_round_ticks(values: list[int], kind: str) -> None:
    chart = Chart("", [str(value) for value in values], [Series("", values)], kind=kind)
    assert 2 <= len(chart.ticks) <= 6
    assert chart.ticks[0] <= min(*values, 0)
    assert max(*values, 0) <= chart.ticks[-1]
    assert all(22 <= chart.y(value) <= 168 for value in values)


async def test_what_is_open_is_on_the_first_page_by_what_it_means_for_cash(tmp_path: Path) -> None:
    async with page(tmp_path) as site_page, site_page.login("thea") as thea, site_page.login("vera") as vera:
        for visitor, visible in ((thea, ("th",)), (vera, ())):
            shown = await visitor.text("/")
            by_exposure = re.search(r"<desc[^>]*>(lost: [^<]*)</desc>", shown)
            assert by_exposure
            last_week = [int(row.rpartition(" ")[2].rstrip(".")) for row in by_exposure[1].split(". ")]
            opened = worklist.find(site_page.store, worklist.Filter(accounts=visible), "id", False, 0, 1).total
            assert (len(last_week), sum(last_week)) == (5, opened)
