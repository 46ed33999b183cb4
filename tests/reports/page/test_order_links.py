"""Order ids on the page lead to the shop where their source has a `link`; the workbook of a run does so too."""

import re
import shutil
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import update

from jobs.config import config as configuration
from jobs.desk.verifying import CURRENT, UNTOUCHED, verify
from recon import columns as c
from recon.store import tables
from recon.store.desk import worklist
from recon.store.engine import writing
from recon.store.versions.evidence import versions
from tests.kit.job import done_once, finished_job
from tests.kit.loaded_book import loaded
from tests.kit.page import Trusting, paged

TEMPLATE = "https://shop.example/admin?a=1&id={order_id}"
_SHOP = re.compile(r'<a href="(https://shop\.example[^"]*)" target="_blank" rel="noopener noreferrer">([^<]*)</a>')


def with_link(config: Path) -> None:
    """The first source of a configuration gets a link."""
    text = config.read_text(encoding="utf-8")
    head = re.search(r"^\[orders\.\w+\]$", text, re.MULTILINE)
    assert head
    config.write_text(text.replace(head[0], f'{head[0]}\nlink = "{TEMPLATE}"', 1), encoding="utf-8")


async def test_an_order_leads_to_its_shop_on_the_list_and_on_its_break(tmp_path: Path) -> None:
    _, kept, _, _ = await done_once(("th", "jp"))
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    with_link(tmp_path / "config.toml")
    async with paged(tmp_path / "config.toml", Trusting()) as served, served.login("anna") as anna:
        listed = worklist.find(served.store, worklist.Filter(), "id", False, 0, 1_000).breaks
        with_order = [known.latest for known in listed if known.latest.order_id and known.latest.account]
        stored = [b for b in with_order if versions(served.store, "order", b.account, str(b.order_id))]
        linked, other = stored[0], next(b for b in stored if b.order_id != stored[0].order_id)
        with writing(served.store) as connection:
            table = tables.ORDER
            elsewhere = (table.c[c.ACCOUNT] == other.account) & (table.c[c.ORDER_ID] == other.order_id)
            connection.execute(update(table).where(elsewhere).values({c.SOURCE: "a source of no configuration"}))
        expected = [(f"https://shop.example/admin?a=1&amp;id={linked.order_id}", linked.order_id)]
        assert set(_SHOP.findall(await anna.text(f"/breaks?q={linked.order_id}"))) == set(expected)
        of_break = await anna.text(f"/breaks/{linked.id}")
        assert set(_SHOP.findall(of_break)) == set(expected)
        for path in (f"/breaks?q={other.order_id}", f"/breaks/{other.id}"):
            text = await anna.text(path)
            assert str(other.order_id) in text
            assert "shop.example" not in text
        without_order = next(known.latest for known in listed if not known.latest.order_id)
        assert "shop.example" not in await anna.text(f"/breaks/{without_order.id}")


@pytest.mark.proof  # in the suite reports/workbook/test_links.py has the links, test_verifying.py the digests
async def test_the_workbook_of_a_run_leads_to_the_shop_and_its_data_are_the_same(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (work, before):
        with_link(work.config)
        after = await work.run(report=True)
        [path] = after.reports
        assert path in before.reports
        sheets = loaded(BytesIO(path.read_bytes()))
        order = sheets["Matched"]["A2"]
        assert order.hyperlink.target == TEMPLATE.replace("{order_id}", order.value)
        assert sheets["Breaks"]["C2"].hyperlink.target.startswith("https://shop.example/")
        verified = verify(configuration.load(work.config, {}), path)
        assert (verified.verdict, verified.data) == (UNTOUCHED, CURRENT)
