"""The page's work on breaks: lists that filter and sort, many rulings at once, Excel there and back, the API."""

import re
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
from openpyxl import load_workbook
from sqlalchemy import delete, insert, update

from recon.model import Exposure, Severity
from recon.people import Person, Role
from recon.rules import exposure_of, title_of
from recon.store.desk import people, rulings, workbooks, worklist
from recon.store.desk.workbook_bytes import sha256_of
from recon.store.engine import writing
from recon.store.runs.break_rows import break_row
from recon.store.tables import BREAK
from recon.store.tables.desk import WORKBOOK, WORKBOOK_CHUNK
from reports.page.results.kept import SHOWN
from tests.kit.page import HASH, Page, page


async def test_the_list_says_what_the_store_says(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.login("anna") as anna:
        all_of_them = worklist.find(served.store, worklist.Filter(), "risk", True, 0, 1_000)
        assert f"{all_of_them.total} breaks" in await anna.text("/breaks")
        codes = {known.latest.code for known in all_of_them.breaks}
        for code in codes:
            ours = [known for known in all_of_them.breaks if known.latest.code == code]
            text = await anna.text(f"/breaks?code={code}")
            assert f"{len(ours)} break" in text
            assert all(known.latest.id in text for known in ours)
        one = next(known.latest for known in all_of_them.breaks if known.latest.charge_id)
        assert one.id in await anna.text(f"/breaks?q={one.charge_id}")
        assert "No break is like this" in await anna.text("/breaks?q=nothing-begins-so")
        assert await anna.status("/breaks?severity=dreadful") == 400
        assert await anna.status("/breaks?sort=password") == 400
        sums = [known.latest for known in all_of_them.breaks if known.latest.amount_at_risk is not None]
        risky = [int(b.amount_at_risk or 0) * (100 if b.currency == "JPY" else 1) for b in sums]
        assert risky == sorted(risky, reverse=True), "as people read them: JPY 300 before THB 200.00"


async def test_breaks_of_one_cause_are_one_group_with_its_members(tmp_path: Path) -> None:
    async with page(tmp_path) as served:
        late = (BREAK.c.currency == "THB") & (BREAK.c.account == "th")
        with writing(served.store) as connection:
            connection.execute(update(BREAK).where(late).values(code="settlement_overdue"))
        wanted = worklist.Filter(accounts=("th",), codes=("settlement_overdue",), currency="THB")
        members = worklist.find(served.store, wanted, "age", False, 0, 100)
        assert members.total > 1
        async with served.login("anna") as anna, served.login("thea") as thea:
            for text in [await who.text(address) for who in (anna, thea) for address in ("/", "/breaks")]:
                assert text.count("<strong>Payouts of th are late or paused</strong>") == 1
                assert f">{members.total:,} breaks</a>" in text
                assert all(known.latest.id in text for known in members.breaks[:12])
            assert "Payouts of th are late" not in await anna.text("/breaks?account=sg")


async def test_many_breaks_are_ruled_on_at_once_and_only_as_they_were_seen(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.login("anna") as anna:
        two = worklist.find(served.store, worklist.Filter(accounts=("th",)), "id", False, 0, 2).breaks
        ticked = [f"{known.latest.id}:{known.version}" for known in two]
        before = await anna.text("/breaks?account=th")
        assert two[0].latest.id in before
        fields = {"kind": ["", "resolve"], "reason": ["test_order", ""]}  # all of them, where no script hides any
        status, text = await anna.post("/breaks/rule", "/breaks", id=ticked, **fields)
        assert status == 200
        assert text.count('class="done"') == 1
        assert "Of 2 breaks 2 resolved" in text
        after = await anna.text("/breaks?account=th")
        assert not any(known.latest.id in after for known in two), "a list is never older than a ruling"
        closed = [worklist.find_break(served.store, known.latest.id, None) for known in two]
        assert [known and str(known.status) for known in closed] == ["resolved", "resolved"]
        _, text = await anna.post("/breaks/rule", "/breaks", id=ticked, kind="resolve", reason="again")
        assert text.count('class="error"') == 1
        assert "Of 2 breaks 2 refused: it changed since: resolved by anna" in text, "what was seen is not what stands"
        [ruling] = rulings.rulings(served.store, two[0].latest.id)
        assert (ruling.who, ruling.reason) == ("anna", "test_order")
        page_of_it = await anna.text(f"/breaks/{two[0].latest.id}")
        assert "test_order" in page_of_it
        assert "resolved" in page_of_it


async def test_all_that_match_are_ruled_on_and_taken_back_in_one_line(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.login("anna") as anna:
        wanted = worklist.Filter(accounts=("th",), severities=(Severity.HIGH,))
        matching = worklist.find(served.store, wanted, "id", False, 0, 100)
        assert 1 < matching.total < 50
        seen = str(worklist.state(served.store)[1])
        form = {"all": seen, "back": "account=th&severity=high", "kind": "assign", "owner": "paul"}

        def owners() -> set[str | None]:
            found = worklist.find(served.store, wanted, "id", False, 0, 100).breaks
            return {known.owner for known in found}

        _, text = await anna.post("/breaks/rule", "/breaks", **form)
        assert f"Of {matching.total} breaks {matching.total} assigned" in text
        assert owners() == {"paul"}
        told = re.search(r'name="told" value="([^"]+)"', text)
        assert told
        undo = {"told": told[1], "back": "/breaks?account=th"}
        _, text = await anna.post("/breaks/undo", "/breaks", **undo)
        assert f"Of {matching.total} breaks {matching.total} assigned" in text
        assert owners() == {None}
        _, text = await anna.post("/breaks/undo", "/breaks", **undo)
        assert "taken back before" in text
        _, text = await anna.post("/breaks/rule", "/breaks", **form)
        assert f"Of {matching.total} breaks {matching.total} refused: it changed since" in text
        assert owners() == {None}, "what changed since the list was looked at is left as it is"
        later = {**form, "all": str(worklist.state(served.store)[1]), "owner": "nobody of ours", "reason": "typed"}
        _, text = await anna.post("/breaks/rule", "/breaks", **later)
        assert "choose whose the break is to be" in text
        assert '<option value="assign" selected>' in text, "nothing that was typed is lost"
        assert 'value="typed"' in text
        monkey = {**later, "owner": "-", "back": "account=jp&q=no-such-thing"}
        _, text = await anna.post("/breaks/rule", "/breaks", **monkey)
        assert "no break matches any more" in text


async def test_a_list_is_what_its_address_says_and_keeps_what_it_cannot_read(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.login("thea") as thea:
        whole = worklist.find(served.store, worklist.Filter(visible=frozenset({"th"})), "risk", True, 0, 100).breaks

        async def ids(query: str) -> set[str]:
            return set(re.findall(r'name="id" value="(brk_\w+):', await thea.text(f"/breaks?{query}")))

        first = whole[0].latest
        assert first.amount_at_risk
        shown = served.site.currencies.show(first.amount_at_risk, "THB")
        assert first.id in await ids(f"q={shown}")
        assert await ids(f"least={shown.replace(',', '')}&account=th") == {first.id}
        by_exposure: dict[Exposure, set[str]] = {exposure: set() for exposure in Exposure}
        for known in whole:
            break_ = known.latest
            by_exposure[exposure_of(break_.code, break_.expected, break_.actual)].add(break_.id)
        assert len([some for some in by_exposure.values() if some]) > 2
        for exposure, expected in by_exposure.items():
            assert await ids(f"exposure={exposure}") == expected, exposure
        titled = {k.latest.id for k in whole if "paid" in title_of(k.latest.code).lower() or "paid" in k.latest.code}
        assert titled <= await ids("q=PAID")
        day = min(k.latest.occurred_on for k in whole if k.latest.occurred_on)
        of_day = {k.latest.id for k in whole if k.latest.occurred_on == day}
        assert await ids(f"from={day}&to={day}") == of_day
        everything = await ids("")
        assert await ids("age=91-") == await ids("owner=-") == await ids("status=all") == everything, "made in March"
        assert await ids("age=8-30") | await ids("status=closed") | await ids("owner=thea") == set()
        assert await ids("due=2999-01-01") == {k.latest.id for k in whole if k.latest.due_by}
        async with thea.http.get("/breaks?q=kept&from=yesterday&severity=high") as answer:
            text = await answer.text()
            assert answer.status == 400
        assert "this list has no day after &#34;from&#34; &#34;yesterday&#34;" in text
        assert 'value="kept"' in text
        assert '<option value="high" selected>' in text
        async with thea.http.get("/breaks/brk_none") as answer:
            assert answer.status == 404
            assert '<a href="/breaks">All breaks</a>' in await answer.text()


async def test_a_break_leads_on_through_the_list_it_was_found_in_and_shows_its_order(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.login("anna") as anna:
        wanted = worklist.Filter(accounts=("th",), severities=(Severity.HIGH,))
        listed = worklist.find(served.store, wanted, "risk", False, 0, 100).breaks
        query = "account=th&severity=high&sort=risk&order=asc"
        address = f"/breaks/{listed[0].latest.id}?{query}"
        assert f'href="{address.replace("&", "&amp;")}"' in await anna.text(f"/breaks?{query}")
        seen = [listed[0].latest.id]
        while following := re.search(r'href="/breaks/(brk_\w+)\?[^"]*" rel="next"', await anna.text(address)):
            seen.append(following[1])
            address = f"/breaks/{following[1]}?{query}"
        assert seen == [known.latest.id for known in listed]
        known = next(known for known in listed if known.latest.order_id)
        twin = replace(known.latest, code="refund_missing", subject_id="another of its order")
        long = "ยาว " * 100
        with writing(served.store) as connection:
            connection.execute(insert(BREAK), [break_row(replace(known, latest=twin, version=0))])
        here = f"/breaks/{known.latest.id}?{query}"
        form = {"id": f"{known.latest.id}:{known.version}", "one": known.latest.id, "back": query}
        _, text = await anna.post("/breaks/rule", here, **form, kind="note", reason=long)
        assert f'href="/breaks/{twin.id}"' in text
        assert "Its other breaks" in text
        assert 'rel="next"' in text, "after a decision the list still goes on"
        assert '<details class="more"><summary><bdi>ยาว ยาว' in text, "a long note is shown when it is asked for"
        assert "<h2>Notes</h2>" in text


async def test_excel_out_and_back(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.login("thea") as thea:
        async with thea.http.get("/rulings/export") as answer:
            book = load_workbook(BytesIO(await answer.read()))
        sheet = book["Rulings"]
        heads = {str(cell.value): number for number, cell in enumerate(sheet[1], start=1)}
        accounts = {sheet.cell(row, heads["Account"]).value for row in range(2, sheet.max_row + 1)}
        assert accounts == {"th"}, "another account's breaks are not in the file"
        sheet.cell(2, heads["Ruling"]).value = "acknowledge"
        sheet.cell(2, heads["Until"]).value = f"{served.clock() + timedelta(days=30):%Y-%m-%d}"
        sheet.cell(2, heads["Reason"]).value = "timing"
        file = BytesIO()
        book.save(file)
        form = aiohttp.FormData({"csrf": await thea.csrf("/breaks")})
        form.add_field("file", file.getvalue(), filename="rulings.xlsx")
        async with thea.http.post("/rulings/import", data=form) as answer:
            text = await answer.text()
            assert answer.status == 200, text
        assert "1 applied" in text
        form = aiohttp.FormData({"csrf": await thea.csrf("/breaks")})
        form.add_field("file", b"no workbook", filename="rulings.xlsx")
        async with thea.http.post("/rulings/import", data=form) as answer:
            assert answer.status == 400


async def test_somebody_whose_account_is_configured_no_more_exports_nobody_elses_breaks(tmp_path: Path) -> None:
    async with page(tmp_path) as served:
        gone = Person("malee", Role.ANALYST, frozenset({"my"}))
        people.add_user(served.store, gone, HASH, people.Act("test", served.clock()))
        async with served.login("malee") as malee, malee.http.get("/rulings/export") as answer:
            sheet = load_workbook(BytesIO(await answer.read()))["Rulings"]
        assert [row[0].value for row in sheet.iter_rows(min_row=2)] == ["No break is open."]


async def test_a_script_reads_rules_and_downloads(tmp_path: Path) -> None:
    async with page(tmp_path) as served:
        header = served.token(Person("robot", Role.ANALYST))
        async with aiohttp.ClientSession(served.url, headers=header) as http:
            async with http.get("/api/breaks?account=th&per_page=5&sort=age") as answer:
                listed = await answer.json()
            assert len(listed["breaks"]) == 5
            assert listed["total"] > 5
            one = listed["breaks"][0]
            async with http.get(f"/api/breaks/{one['id']}") as answer:
                full = await answer.json()
            ask = {"kind": "note", "break_id": one["id"], "reason": "seen by a script", "version": full["version"]}
            async with http.post("/api/rulings", json={"rulings": [ask]}) as answer:
                [said] = (await answer.json())["answers"]
            assert (said["became"], said["id"]) == ("applied", one["id"])
            async with http.get(f"/api/breaks/{one['id']}") as answer:
                after = await answer.json()
            assert after["events"][-1]["who"] == "token:robot"
            async with http.get("/api/reports") as answer:
                report = (await answer.json())["reports"][0]
            async with http.get(f"/api/reports/{report['sha256']}") as answer:
                content = await answer.read()
            assert sha256_of(content) == report["sha256"]
            assert answer.headers["Content-Length"] == str(len(content)), "a browser shows how much is still to come"
            wrong: list[Any] = [{}, {"rulings": []}, {"rulings": [{"kind": "burn"}]}, [1]]
            for body in wrong:
                async with http.post("/api/rulings", json=body) as answer:
                    assert answer.status == 400, body
                    assert "error" in await answer.json()


async def test_a_file_that_is_no_longer_what_was_written_is_not_handed_out(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.login("ada") as ada:
        book = next(iter(_books(served)))
        served.store.dispose()
        assert await ada.status(f"/reports/{book}/download") == 200
        _forget_bytes(served, book)
        assert await ada.status(f"/reports/{book}/download") == 200, "the file in its folder is the same"
        for path in tmp_path.rglob("settlement_*.xlsx"):
            path.write_bytes(path.read_bytes()[:-1] + b"?")
        assert await ada.status(f"/reports/{book}/download") == 404


async def test_a_workbook_that_is_very_large_is_not_opened_for_the_page(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.login("ada") as ada:
        book = next(iter(_books(served)))
        assert '<table class="sheet">' in await ada.text(f"/reports/{book}?sheet=Breaks")
        with writing(served.store) as connection:
            connection.execute(update(WORKBOOK).where(WORKBOOK.c.sha256 == book).values(size=SHOWN + 1))
        text = await ada.text(f"/reports/{book}?sheet=Breaks")
        assert "is not shown here" in text
        assert '<table class="sheet">' not in text
        assert f"/reports/{book}/download" in text


def _books(served: Page) -> list[str]:
    return [book.sha256 for book in workbooks.latest(served.store, ("th",), 10)]


def _forget_bytes(served: Page, sha256: str) -> None:
    with writing(served.store) as connection:
        connection.execute(delete(WORKBOOK_CHUNK).where(WORKBOOK_CHUNK.c.sha256 == sha256))
