"""The first page says what its reader must do today, where the money went, and which nights lack."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from recon.model import Exposure, Severity
from recon.store.desk import workbooks, worklist
from recon.store.desk.overview import DayRun, OpenSum
from recon.store.desk.workbooks import SignOff
from reports.page.home.money import OpenValue, open_values
from reports.page.home.today import NightTrouble, Unsigned, night_troubles, unsigned
from tests.kit.job import LAST
from tests.kit.page import PEOPLE, Page, page

ADA = next(person for person in PEOPLE if person.name == "ada")
DAYS = [date(2026, 3, 10) - timedelta(days=back) for back in range(5)]


def test_nights_that_lack_are_named_and_what_never_began_is_not_missing() -> None:
    def run(account: str, day: date, complete: bool = True) -> tuple[tuple[str, date], DayRun]:
        return (account, day), DayRun(account, day, 1, complete, 0)

    nights = dict([run("th", DAYS[0]), run("th", DAYS[2], complete=False), run("jp", DAYS[0]), run("sg", DAYS[3])])
    ran = {"th": (date(2026, 1, 1), DAYS[0]), "jp": (DAYS[0], DAYS[0]), "sg": (DAYS[3], DAYS[3])}
    assert night_troubles(DAYS[0], DAYS, nights, ran) == [
        NightTrouble("th", [DAYS[1], DAYS[3], DAYS[4]], [DAYS[2]]),
        NightTrouble("sg", [], [], DAYS[3]),
    ]


def test_what_is_open_is_added_within_an_exposure_and_a_currency_alone() -> None:
    def part(code: str, sign: int, currency: str | None, count: int, amount: int) -> OpenSum:
        return OpenSum("th", code, Severity.HIGH, currency, sign, count, amount)

    parts = [
        part("amount_mismatch", 1, "THB", 2, 100),
        part("duplicate_charge", 0, "THB", 1, 5),
        part("amount_mismatch", 1, "JPY", 1, 7),
        part("order_invalid", 0, None, 3, 0),
    ]
    assert open_values(parts) == [
        OpenValue(Exposure.OWED_TO_CUSTOMER, 4, {"JPY": 7, "THB": 105}),
        OpenValue(Exposure.NO_CASH, 3, {}),
    ]


async def test_everybody_finds_what_waits_for_them(tmp_path: Path) -> None:
    async with page(tmp_path) as served:
        wanted = worklist.Filter(accounts=("th",), codes=("amount_scale_mismatch",))
        [known] = worklist.find(served.store, wanted, "id", False, 0, 9).breaks
        break_id = known.latest.id
        form = {"id": break_id, "one": break_id}
        async with served.login("anna") as anna, served.login("paul") as paul, served.login("vera") as vera:
            assert "nothing waits for your approval; no open break is yours" in (await paul.text("/")).lower()
            await anna.post("/breaks/rule", "/breaks", **form, kind="assign", owner="paul")
            await anna.post("/breaks/rule", "/breaks", **form, kind="write_off", reason="timing")
            for visitor, titles in ((paul, {"Waiting for your approval", "Yours"}), (anna, set()), (vera, set())):
                text = await visitor.text("/")
                assert {
                    title for title in ("Waiting for your approval", "Yours") if f"<h2>{title} <small>1<" in text
                } == titles
            for visitor, decides in ((paul, True), (anna, False), (vera, False)):
                for address in (f"/breaks/{break_id}", "/breaks?status=pending_approval"):
                    assert (">Approve</button>" in await visitor.text(address)) is decides, (visitor, address)
            assert "Waits for a second person: " in await anna.text(f"/breaks/{break_id}")
            await paul.post("/breaks/rule", "/breaks", **form, kind="undo")
            await paul.post("/breaks/rule", "/breaks", **form, kind="write_off", reason="timing")
            text = await paul.text("/")
            assert "Waiting for your approval" not in text, "nobody approves their own"


async def test_a_range_wants_its_signatures_until_it_has_both(tmp_path: Path) -> None:
    async with page(tmp_path) as served:
        now = datetime.combine(LAST, datetime.min.time(), UTC) + timedelta(days=2)
        book = next(b for b in workbooks.latest(served.store, ("th",), 9))

        def words(at: datetime = now) -> list[str]:
            found: list[Unsigned] = unsigned(served.site, ADA, at)
            return [entry.words for entry in found if entry.book.sha256 == book.sha256]

        assert words() == [], "a few days that nobody ever signed"
        days = (book.first_day, book.last_day)
        mine = SignOff(0, "th", *days, book.result_digest, book.sha256, "preparer", "anna", now)
        signed = workbooks.sign(served.store, mine, None)
        assert words() == ["signed by anna; the reviewer's signature is missing"]
        evening = datetime.combine(LAST, time(16), UTC)
        assert [bool(words(evening + timedelta(hours=hours))) for hours in (0, 2)] == [False, True], (
            "by Bangkok's day"
        )
        reviewed = workbooks.sign(served.store, replace(mine, role="reviewer", who="paul"), None)
        assert words() == []
        workbooks.end(served.store, [signed, reviewed], "run", "run 9", "the fees are others", now, None)
        assert words() == ["the sign-off ended: the fees are others (run 9)"]
        assert words(now + timedelta(days=90)) == []


async def test_money_and_nights_are_those_of_the_last_range_however_long_ago(tmp_path: Path) -> None:
    async with page(tmp_path) as served:
        assert await _home(served, "thea") == ({"th"}, {"th"})
        assert await _home(served, "ada") == ({"th", "jp"}, {"th", "jp"})


async def _home(served: Page, name: str) -> tuple[set[str], set[str]]:
    """Of which accounts the money is shown, and which are said to have had no night since; nothing else is red."""
    async with served.login(name) as visitor:
        text = await visitor.text("/")
    assert text.count("tag missing") == len(re.findall(r"</span> since", text)) + 1, "the legend's one"
    assert re.search(r"\d+ open</a>", text), "the grid goes back to what was run"
    assert "Balance at the beginning" in text
    return set(re.findall(r"<h3>(\w+): ", text)), set(
        re.findall(r">(\w+)</a>:\s+<span class=\"tag missing\">no run", text)
    )
