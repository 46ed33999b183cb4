"""Who gets in, who sees what, and what the page refuses: logins, sessions, forms, other people's accounts."""

import asyncio
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from recon.people import Person, Role
from recon.store.desk import access, worklist
from recon.store.desk.people import Act, disable_user
from reports.page.access import security
from tests.kit.page import PASSWORD, Page, page


async def test_nothing_without_a_login(tmp_path: Path) -> None:
    async with page(tmp_path) as served:
        await _doors(served)
        await _roles(served)
        await _forms(served)
        await _guessing(served)
        await _sessions(served)


async def _doors(served: Page) -> None:
    async with served.visitor() as visitor:
        async with visitor.http.get("/", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/login")
        for path in ("/breaks", "/reports", "/settlement", "/about", "/admin", "/rulings/export"):
            assert await visitor.status(path) == 303, path
        for path in ("/api/breaks", "/api/openapi.json", "/api/nothing", "/api/reports/00"):
            assert await visitor.status(path) == 401, path
        async with visitor.http.post("/breaks/rule", allow_redirects=False) as answer:
            assert answer.status == 303
        for path in ("/login", "/static/style.css", "/api/breaks", "/nowhere"):
            async with visitor.http.get(path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy, path
                assert "unsafe" not in policy, path
        async with visitor.http.get("/login", headers={"Host": "evil.example"}) as answer:
            assert answer.status == 421
        for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/reports/..%2f..%2fetc%2fpasswd"):
            async with visitor.http.get(path, allow_redirects=False) as answer:
                assert answer.status in (303, 403, 404), path


async def _roles(served: Page) -> None:
    other = _break_of(served, "jp")
    async with served.login("thea") as thea:
        assert await thea.status(f"/breaks/{other}") == 404
        assert await thea.status(f"/breaks/{_break_of(served, 'th')}") == 200
        assert await thea.status("/admin") == 403
        assert other not in await thea.text("/breaks?account=jp")
        names = await thea.text("/reports")
        assert "settlement_th_" in names
        assert "settlement_jp_" not in names
        assert "settlement_group_" not in names
        async with thea.http.get("/api/breaks?per_page=1000") as answer:
            assert {one["account"] for one in (await answer.json())["breaks"]} == {"th"}
        foreign = (await _reports(served))["jp"]
        for path in (f"/reports/{foreign}", f"/reports/{foreign}/download", f"/api/reports/{foreign}"):
            assert await thea.status(path) == 404, path
        status, _ = await thea.post("/breaks/rule", "/breaks", id=f"{other}:0", kind="note", reason="mine?")
        assert status == 404
        status, _ = await thea.post("/runs", "/reports", from_="2026-03-02", to="2026-03-02", account="jp")
        assert status == 404
    async with served.login("vera") as vera:
        mine = _break_of(served, "th")
        status, _ = await vera.post("/breaks/rule", "/", id=f"{mine}:0", kind="note", reason="no right")
        assert status == 403
    async with served.login("anna") as anna:
        status, _ = await anna.post("/breaks/rule", "/breaks", id=f"{mine}:0", kind="approve")
        assert status == 403


async def _forms(served: Page) -> None:
    mine = _break_of(served, "th")
    async with served.login("anna") as anna:
        for path in ("/breaks/rule", "/patterns", "/runs", "/rulings/import", "/logout", "/admin/disable"):
            for data in ({}, {"csrf": "guessed"}):
                async with anna.http.post(path, data={"id": mine, **data}) as answer:
                    assert answer.status == 403, path
        headers = {"Sec-Fetch-Site": "cross-site", security.CSRF_HEADER: await anna.csrf("/breaks")}
        async with anna.http.post("/breaks/rule", data={"id": mine}, headers=headers) as answer:
            assert answer.status == 403
        token = {security.CSRF_HEADER: await anna.csrf("/breaks")}
        async with anna.http.post(
            "/breaks/rule", data=BytesIO(bytes(security.MAX_BODY + 1)), headers=token
        ) as answer:
            assert answer.status == 413
    async with served.visitor() as visitor, visitor.http.post("/login", data={"name": "x" * 100_000}) as answer:
        assert answer.status == 413, "a stranger's form is a small one"


async def _guessing(served: Page) -> None:
    async with served.visitor() as visitor:
        answers = [await visitor.log_in("paul", f"guess number {n}") for n in range(6)]
        assert answers == [401, 401, 401, 401, 401, 429]
        assert await visitor.log_in("paul", PASSWORD) == 429
        served.clock.forward(minutes=16)
        assert await visitor.log_in("paul", PASSWORD) == 200
    async with served.visitor() as visitor:
        assert await visitor.log_in("nobody", PASSWORD) == 401


async def _sessions(served: Page) -> None:
    async with served.visitor() as visitor:
        planted = "planted-by-somebody-else"
        visitor.http.cookie_jar.update_cookies({security.COOKIE: planted}, _url(served))
        assert await visitor.log_in("anna", PASSWORD) == 200
        mine = visitor.http.cookie_jar.filter_cookies(_url(served))[security.COOKIE].value
        assert mine != planted
        assert await visitor.status("/breaks") == 200
        served.clock.forward(minutes=59)
        assert await visitor.status("/breaks") == 200
        served.clock.forward(minutes=61)
        assert await visitor.status("/breaks") == 303, "an idle session ends"
    async with served.login("anna") as anna:
        old = {security.COOKIE: anna.http.cookie_jar.filter_cookies(_url(served))[security.COOKIE].value}
        await anna.post("/logout")
        anna.http.cookie_jar.update_cookies(old, _url(served))
        assert await anna.status("/breaks") == 303, "a session that was ended stays ended"
    async with served.login("vera") as vera:
        await asyncio.to_thread(disable_user, served.store, "vera", Act("ada", served.clock()))
        assert await vera.status("/breaks") == 303


async def test_a_token_has_its_role_and_accounts(tmp_path: Path) -> None:
    async with page(tmp_path) as served:
        reader = served.token(Person("reader", Role.VIEWER, frozenset({"th"})))
        other = _break_of(served, "jp")
        async with aiohttp.ClientSession(served.url, headers=reader) as http:
            async with http.get(f"/api/breaks/{other}") as answer:
                assert answer.status == 404
            ruling = {"kind": "note", "reason": "x", "break_id": _break_of(served, "th")}
            async with http.post("/api/rulings", json={"rulings": [ruling]}) as answer:
                assert answer.status == 403
            async with http.get("/breaks", allow_redirects=False) as answer:
                assert answer.status == 303, "a token is for the API alone"
        async with (
            aiohttp.ClientSession(served.url, headers={"Authorization": "Bearer rct_none"}) as http,
            http.get("/api/breaks") as answer,
        ):
            assert answer.status == 401


async def test_the_figures_are_for_this_machine_or_a_token_that_sees_all(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.visitor() as visitor:
        everything = served.token(Person("prometheus", Role.VIEWER))
        some = served.token(Person("half", Role.VIEWER, frozenset({"th"})))
        forwarded = {"X-Forwarded-For": "127.0.0.1"}

        async def status(**headers: str) -> int:
            async with visitor.http.get("/metrics", headers=headers) as answer:
                return answer.status

        assert await status() == 404, "from here; a test's page has no figures"
        assert await status(Host="evil.example") == 401, "a browser here, led by another site's name"
        assert await status(**forwarded) == 401
        assert await status(**forwarded, **some) == 403
        assert await status(**forwarded, **everything) == 404
        assert await status(**forwarded, Authorization="Bearer rct_none") == 401


async def test_behind_a_proxy_an_address_is_what_the_proxy_says_last(tmp_path: Path) -> None:
    async with page(tmp_path, behind_proxy=True) as served, served.visitor() as visitor:
        assert await visitor.status("/metrics") == 401
        for last, address in (
            ("198.51.100.4", "198.51.100.4"),
            ("198.51.100.5:4711", "198.51.100.5"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::8]:4711", "2001:db8::8"),
            ("nobody", "127.0.0.1"),
        ):
            sent = {"X-Forwarded-For": f"203.0.113.200, {last}"}
            form = {"name": "vera", "password": "a guess of it", "csrf": await visitor.csrf("/login")}
            async with visitor.http.post("/login", data=form, headers=sent) as answer:
                assert answer.status == 401
            _, [entry] = access.find(served.store, access.Wanted(result=access.REFUSED), 0, 1)
            assert entry.address == address


@pytest.mark.parametrize(
    ("asked", "header", "status"),
    [
        (b"POST /api/rulings", b"Cookie: recon_session=\xff", b"401"),
        (b"POST /api/rulings", b"Authorization: Bearer \xff", b"401"),
        (b"POST /login", b"Cookie: recon_login=\xff\r\nX-CSRF-Token: \xff", b"403"),
        (b"GET /login", b"Cookie: recon_login=\xff", b"200"),
        (b"POST /login", b"X-Forwarded-For: \xff", b"403"),
    ],
)
async def test_a_header_of_any_bytes_is_no_error(asked: bytes, header: bytes, status: bytes, tmp_path: Path) -> None:
    async with page(tmp_path, behind_proxy=True) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", URL(served.url).port)
        head = (b"%s HTTP/1.1" % asked, b"Host: 127.0.0.1", b"Content-Length: 0", b"Connection: close", header)
        writer.write(b"\r\n".join([*head, b"", b""]))
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
        assert answer.startswith(b"HTTP/1.1 " + status), answer


async def test_strangers_learn_no_version(tmp_path: Path) -> None:
    async with page(tmp_path) as served, served.visitor() as visitor:
        assert served.site.software not in await visitor.text("/login")
        assert served.site.software not in await visitor.text("/breaks/nothing")


async def test_a_slow_sender_is_cut_off(tmp_path: Path) -> None:
    async with page(tmp_path, body_seconds=0.2) as served:
        host, port = served.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nname=")
        await writer.drain()
        line = await asyncio.wait_for(reader.readline(), 5)
        assert b"408" in line
        writer.close()
        await writer.wait_closed()


def _break_of(served: Page, account: str) -> str:
    listed = worklist.find(served.store, worklist.Filter(accounts=(account,)), "id", False, 0, 1)
    return listed.breaks[0].latest.id


async def _reports(served: Page) -> dict[str, str]:
    async with served.login("ada") as ada, ada.http.get("/api/reports") as answer:
        return {one["account"]: one["sha256"] for one in (await answer.json())["reports"]}


def _url(served: Page) -> URL:
    return URL(served.url)
