"""People and tokens managed on the page, the access log of it, and a person's own password."""

import re
from pathlib import Path

import aiohttp
import pytest
from argon2 import PasswordHasher

from recon.people import Person, Role
from recon.store.desk import access, people
from reports.page.access.log import KINDS
from tests.kit.page import PASSWORD, Page, Visitor, page

NEW = "another horse battery"


async def test_an_admin_manages_people_and_everything_is_in_the_access_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recon.people._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    async with page(tmp_path) as served, served.login("ada") as ada:
        await _a_new_person_chooses_a_password(served, ada)
        await _roles_and_accounts(served, ada)
        await _tokens(served, ada)
        await _the_last_admin_stays(served, ada)
        await _the_log(served, ada)


async def _a_new_person_chooses_a_password(served: Page, ada: Visitor) -> None:
    status, text = await ada.post("/admin/add", "/admin", name="nina", role="analyst", account=["th"])
    first = _secret(text)
    assert status == 200
    assert first not in await ada.text("/admin"), "it is shown once"
    assert "already" in (await ada.post("/admin/add", "/admin", name="nina", role="admin", all_accounts="on"))[1]
    for accounts in ({}, {"account": ["th"], "all_accounts": "on"}):
        assert (
            "tick the accounts"
            in (await ada.post("/admin/add", "/admin", name="nobody", role="analyst", **accounts))[1]
        )
    async with served.visitor() as nina:
        assert await nina.log_in("nina", first) == 200
        assert await nina.status("/breaks") == 303, "nothing before another password is chosen"
        form = {"password": first, "new": NEW}
        assert (await nina.post("/account", "/account", **form, again="something else"))[0] == 400
        assert (await nina.post("/account", "/account", password=first, new="short", again="short"))[0] == 400
        assert (await nina.post("/account", "/account", password=first, new=first, again=first))[0] == 400
        _, text = await nina.post("/account", "/account", password=first, new="x" * 1_025, again="x" * 1_025)
        assert "A password has 12 to 1,024 characters." in text
        assert (await nina.post("/account", "/account", password="wrong", new=NEW, again=NEW))[0] == 401
        assert (await nina.post("/account", "/account", **form, again=NEW))[0] == 200
        assert await nina.status("/breaks") == 303, "every session has ended"
        assert await nina.log_in("nina", first) == 401
        assert await nina.log_in("nina", NEW) == 200
        assert await nina.status("/breaks") == 200
        assert await nina.status("/admin/access") == 403
        assert (await nina.post("/admin/enable", "/account", name="nina"))[0] == 403
        again = _secret((await ada.post("/admin/password", "/admin", name="nina"))[1])
        assert await nina.status("/breaks") == 303
        assert await nina.log_in("nina", again) == 200
        assert await nina.status("/breaks") == 303


async def _roles_and_accounts(served: Page, ada: Visitor) -> None:
    await ada.post("/admin/change", "/admin", name="nina", role="approver", account=["th", "jp"])
    stored = {user.person.name: user for user in people.users(served.store)}
    assert stored["nina"].person == Person("nina", Role.APPROVER, frozenset({"th", "jp"}))
    await ada.post("/admin/disable", "/admin", name="nina")
    assert people.credentials(served.store, "nina") is None
    await ada.post("/admin/enable", "/admin", name="nina")
    assert people.credentials(served.store, "nina")
    assert (await ada.post("/admin/change", "/admin", name="nina", role="queen"))[0] == 404
    assert (await ada.post("/admin/nothing", "/admin", name="nina"))[0] == 404


async def _tokens(served: Page, ada: Visitor) -> None:
    token = _secret((await ada.post("/admin/token", "/admin", name="robot", role="viewer", all_accounts="on"))[1])
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(served.url, headers=headers) as robot:
        async with robot.get("/api/breaks") as answer:
            assert answer.status == 200
        await ada.post("/admin/revoke", "/admin", name="robot")
        for _ in range(2):
            async with robot.get("/api/breaks") as answer:
                assert answer.status == 401


async def test_a_person_has_tokens_of_their_own(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.login("thea") as thea, served.login("paul") as paul:
        token = _secret((await thea.post("/account/token", "/account", name="thea's sheet"))[1])
        assert "already" in (await paul.post("/account/token", "/account", name="thea's sheet"))[1]
        async with aiohttp.ClientSession(served.url, headers={"Authorization": f"Bearer {token}"}) as program:
            async with program.get("/api/breaks") as answer:
                assert {listed["account"] for listed in (await answer.json())["breaks"]} == {"th"}
            assert "thea&#39;s sheet" in await thea.text("/account")
            assert "thea" not in await paul.text("/account")
            assert (await paul.post("/account/revoke", "/account", name="thea's sheet"))[0] == 404
            assert (await thea.post("/account/revoke", "/account", name="thea's sheet"))[0] == 200
            async with program.get("/api/breaks") as answer:
                assert answer.status == 401


async def _the_last_admin_stays(served: Page, ada: Visitor) -> None:
    for what, fields in (("disable", {}), ("change", {"role": "viewer", "all_accounts": "on"})):
        assert "last administrator" in (await ada.post(f"/admin/{what}", "/admin", name="ada", **fields))[1], what
    await ada.post("/admin/change", "/admin", name="nina", role="admin", all_accounts="on")
    assert people.credentials(served.store, "ada") == (Person("ada", Role.ADMIN), _hash(served))
    assert "last administrator" not in (await ada.post("/admin/disable", "/admin", name="nina"))[1]


async def _the_log(served: Page, ada: Visitor) -> None:
    async with served.visitor() as visitor:
        await visitor.log_in("ada", "not the password")
        await visitor.log_in(PASSWORD, "typed into the wrong field")
        await visitor.log_in("vera", PASSWORD)
        await visitor.post("/logout")
    _, entries = access.find(served.store, access.Wanted(), 0, 1_000)
    assert [(entry.who, entry.what, entry.result, entry.address) for entry in entries[:4]] == [
        ("vera", "log out", "done", "127.0.0.1"),
        ("vera", "log in", "done", "127.0.0.1"),
        (None, "log in", "refused", "127.0.0.1"),
        ("ada", "log in", "refused", "127.0.0.1"),
    ]
    async with served.login("vera") as vera, served.visitor() as visitor:
        assert await vera.status("/admin") == 403
        await visitor.log_in("nina", PASSWORD)
    _, (disabled, request, *before) = access.find(served.store, access.Wanted(result=access.REFUSED), 0, 99)
    assert (disabled.who, disabled.what, disabled.detail) == ("nina", "log in", "disabled")
    assert (request.who, request.what) == ("vera", "request")
    assert request.detail == "GET /admin: your role (viewer) may not do this"
    assert [(entry.who, entry.address) for entry in before if entry.what == "token"] == [(None, "127.0.0.1")]
    changes = {(entry.what, entry.subject) for entry in entries if entry.who == "ada"}
    assert {("user added", "nina"), ("user changed", "nina"), ("password changed", "nina")} <= changes
    assert {("user disabled", "nina"), ("user enabled", "nina")} <= changes
    assert {("token added", "robot"), ("token revoked", "robot")} <= changes
    text = await ada.text("/admin/access.csv?name=nina&what=user%20changed")
    assert text.splitlines()[0] == "at,who,address,what,subject,result,detail"
    assert [line.split(",", 1)[1] for line in text.splitlines()[1:]] == [
        'ada,127.0.0.1,user changed,nina,done,"admin, accounts all"',
        'ada,127.0.0.1,user changed,nina,done,"approver, accounts jp, th"',
    ]
    shown = await ada.text("/admin/access?name=nina&result=refused")
    assert "0 lines" not in shown
    assert "wrong password" in shown
    for query, status in (("from=yesterday", 400), ("to=9999-12-31", 400), ("name=%00", 200), ("page=-1", 200)):
        assert await ada.status(f"/admin/access?{query}") == status, query
    async with ada.http.get("/admin/access.csv") as answer:
        everything = await answer.text()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
    assert {entry.what for entry in entries} <= {*KINDS}
    assert PASSWORD not in everything
    assert everything.count("\n") == len(access.find(served.store, access.Wanted(), 0, 1_000)[1]) + 1


def _secret(text: str) -> str:
    match = re.search(r'<code class="secret">([^<]+)</code>', text)
    assert match, text
    return match.group(1)


def _hash(served: Page) -> str:
    credentials = people.credentials(served.store, "ada")
    assert credentials
    return credentials[1]
