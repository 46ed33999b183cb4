"""Single sign-on from the button to the log-out, and what does not come in on the way."""

import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, delete, insert, select
from yarl import URL

from recon.people import Person, Role
from recon.store.desk import access, people
from recon.store.engine import reading, writing
from recon.store.tables.desk import RULING, SIGN_OFF, WORKBOOK
from recon.store.tables.people import SESSION
from reports.page.access.provider import Provider
from reports.page.access.security import COOKIE
from reports.page.access.throttle import FROM_ONE_ADDRESS
from tests.kit.page import PASSWORD, Page, Visitor, page
from tests.kit.sign_on import FakeProvider

PUBLIC = "https://recon.example"


async def to_provider(visitor: Visitor, target: str = "/breaks") -> URL:
    """Where the button leads."""
    async with visitor.http.get("/login/oidc", params={"next": target}, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        return URL(answer.headers["Location"])


async def from_provider(visitor: Visitor, url: URL) -> str:
    """Where the provider leads back to, on the page."""
    async with visitor.http.get(url, allow_redirects=False) as answer:
        back = URL(answer.headers["Location"])
    assert str(back.with_query("")).rstrip("?") == f"{PUBLIC}/login/oidc/callback"
    return back.path_qs


async def arrive(visitor: Visitor, path: str) -> tuple[int, str]:
    """What the way back ends with: a status, and the next address or the page's words."""
    async with visitor.http.get(path, allow_redirects=False) as answer:
        text = re.sub(r"\s+", " ", await answer.text())
        return answer.status, answer.headers.get("Location", text)


async def sign_on(visitor: Visitor, target: str = "/breaks") -> tuple[int, str]:
    return await arrive(visitor, await from_provider(visitor, await to_provider(visitor, target)))


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[Page, FakeProvider]]:
    """A page and its provider, whose clocks are one."""
    async with FakeProvider().served() as fake, page(folder, provider=Provider(fake.sign_on(PUBLIC))) as site_page:
        fake.at = site_page.clock.at
        yield site_page, fake


async def test_people_come_in_by_their_groups(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with served(tmp_path) as (site_page, fake):
        await _in_and_out(site_page, fake)
        await _groups_are_read_at_each_log_in(site_page, fake)
        await _two_people_of_one_name(site_page, fake)
        await _an_administrator_says_who_was_here_before(site_page, fake)
        await _the_last_administrator_stays_one(site_page, fake)
        await _passwords_are_for_administrators(site_page)
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("recon")]
    assert not any("code-" in line or "eyJ" in line for line in logged)


async def _in_and_out(site_page: Page, fake: FakeProvider) -> None:
    async with site_page.visitor() as anna:
        assert "Log in with single sign-on" in await anna.text("/login")
        anna.http.cookie_jar.update_cookies({COOKIE: "planted"}, URL(site_page.url))
        assert await sign_on(anna) == (303, "/breaks")
        assert anna.http.cookie_jar.filter_cookies(URL(site_page.url))[COOKIE].value != "planted"
        assert "Anna Smith" in await anna.text("/breaks")
        assert await anna.status("/admin") == 403
        assert "your password is with its provider" in await anna.text("/account")
        assert (await anna.post("/account", "/account", password="x", new="y" * 12, again="y" * 12))[0] == 404
        ended, text = await anna.post("/logout", "/breaks")
        assert ended == 200
        assert f"{fake.url}/logout?id_token_hint=eyJ" in text
        assert "post_logout_redirect_uri=https%3A%2F%2Frecon.example%2Flogin" in text
        assert await anna.status("/breaks") == 303
    with reading(site_page.store) as connection:
        assert connection.execute(select(SESSION.c.id_token)).scalars().all() == [None]
    _, entries = access.find(site_page.store, access.Wanted(name="Anna Smith"), 0, 10)
    assert [(entry.who, entry.what, entry.detail) for entry in entries] == [
        ("Anna Smith", "log out", ""),
        ("Anna Smith", "request", "GET /admin: your role (analyst) may not do this"),
        ("Anna Smith", "log in", "single sign-on"),
        ("single sign-on", "user added", "analyst, accounts all"),
    ]


async def _groups_are_read_at_each_log_in(site_page: Page, fake: FakeProvider) -> None:
    async with site_page.visitor() as desk, site_page.visitor() as phone:
        await sign_on(desk)
        fake.claims |= {"groups": ["leads"], "name": "Anna Jones"}
        await sign_on(phone)
        assert await desk.status("/breaks") == 303, "another role ends the sessions of before"
        assert _people(site_page)["Anna Smith"] == Person("Anna Smith", Role.APPROVER)
        assert "Anna Jones" not in _people(site_page), "the name of the first log-in stays"
        fake.claims |= {"groups": ["football"]}
        status, words = await sign_on(desk)
        assert status == 403
        assert "none of your groups" in words
        assert await phone.status("/breaks") == 303, "whoever lost their groups is out"
        assert _people(site_page)["Anna Smith"] == Person("Anna Smith", Role.VIEWER, frozenset())
        fake.claims |= {"groups": ["finance"]}
        people.disable_user(site_page.store, "Anna Smith", people.Act("ada", site_page.clock()))
        assert "has disabled you" in (await sign_on(desk))[1]
        people.enable_user(site_page.store, "Anna Smith", people.Act("ada", site_page.clock()))
    _, entries = access.find(site_page.store, access.Wanted(name="Anna Smith", result=access.REFUSED), 0, 10)
    assert ["disabled" in entry.detail for entry in entries if entry.what == access.LOG_IN] == [True, False]


async def _two_people_of_one_name(site_page: Page, fake: FakeProvider) -> None:
    """Who made and who checks are told apart by the provider's own mark, whatever they are called."""
    async with site_page.visitor() as anna, site_page.visitor() as other:
        await sign_on(anna)
        fake.claims |= {"sub": "s-2", "name": "anna smith"}
        await sign_on(other)
        fake.claims |= {"sub": "s-3", "name": "ada", "groups": ["finance"]}
        await sign_on(other)
    assert {"Anna Smith", "anna smith (2)", "ada", "ada (2)"} <= set(_people(site_page))
    assert _people(site_page)["ada"].role is Role.ADMIN


async def _an_administrator_says_who_was_here_before(site_page: Page, fake: FakeProvider) -> None:
    """Same name or e-mail or not: only `link_user` makes a user of old of whom the provider knows."""
    fake.claims |= {"sub": "s-4", "name": "thea", "email": "thea@recon.example", "groups": ["leads"]}
    known, act = people.Identity(fake.url, "s-4"), people.Act("ada", site_page.clock())
    async with site_page.visitor() as thea:
        assert await sign_on(thea) == (303, "/breaks")
        assert _people(site_page)["thea (2)"].role is Role.APPROVER
        for table, words in ((RULING, "proposed"), (SIGN_OFF, "signed as preparer")):
            with _waiting(site_page, table, "thea (2)"), pytest.raises(people.PeopleError, match=f"{words} waits"):
                people.link_user(site_page.store, "thea", known, act)
        assert people.link_user(site_page.store, "thea", known, act) == "thea (2)"
        assert await thea.status("/breaks") == 303, "the session of the other user has ended"
        assert await sign_on(thea) == (303, "/breaks")
    assert _people(site_page)["thea"] == Person("thea", Role.APPROVER), "with the rights of their groups"
    assert people.is_disabled(site_page.store, "thea (2)")
    _, [line] = access.find(site_page.store, access.Wanted(what=access.LINKED), 0, 9)
    words = f"single sign-on of {fake.url}, until now thea (2)"
    assert (line.who, line.subject, line.result, line.detail) == ("ada", "thea", access.DONE, words)
    with pytest.raises(people.PeopleError, match="linked so already"):
        people.link_user(site_page.store, "thea", known, act)
    with pytest.raises(people.PeopleError, match="disabled"):
        people.link_user(site_page.store, "thea (2)", known, act)


@contextmanager
def _waiting(site_page: Page, table: Table, who: str) -> Iterator[None]:
    """Something of a person's that waits for a second one."""
    with writing(site_page.store, "record") as connection:
        sha256 = connection.execute(select(WORKBOOK.c.sha256).limit(1)).scalar_one()
        day = date(2026, 3, 2)
        row = {"who": who, "at": site_page.clock(), "reason": "", "account": "th", "first_day": day, "last_day": day}
        row |= {"kind": "write_off", "standing": "pending", "before": "{}"}
        row |= {"role": "preparer", "sha256": sha256, "result_digest": ""}
        connection.execute(insert(table), {name: row[name] for name in row.keys() & table.c.keys()})
    yield
    with writing(site_page.store, "record") as connection:
        connection.execute(delete(table).where(table.c.who == who))


async def _the_last_administrator_stays_one(site_page: Page, fake: FakeProvider) -> None:
    people.link_user(site_page.store, "ada", people.Identity(fake.url, "s-5"), people.Act("ada", site_page.clock()))
    fake.claims |= {"sub": "s-5", "groups": ["football"]}
    async with site_page.visitor() as ada:
        assert "none of your groups" in (await sign_on(ada))[1]
        fake.claims |= {"groups": ["finance"]}
        assert "the last administrator with a password" in (await sign_on(ada))[1]
    assert _people(site_page)["ada"].role is Role.ADMIN


async def _passwords_are_for_administrators(site_page: Page) -> None:
    async with site_page.visitor() as visitor:
        assert await visitor.log_in("paul", PASSWORD) == 403
        assert await visitor.status("/breaks") == 303
        assert await visitor.log_in("ada", PASSWORD) == 200
        people.open_session(site_page.store, "of before", "csrf", people.Act("paul", site_page.clock()))
        visitor.http.cookie_jar.update_cookies({COOKIE: "of before"}, URL(site_page.url))
        assert await visitor.status("/breaks") == 303, "a session with a password, from before there was sign-on"


async def test_a_way_back_that_is_not_the_browsers_own_leads_nowhere(tmp_path: Path) -> None:
    async with served(tmp_path) as (site_page, fake), site_page.visitor() as anna, site_page.visitor() as mallory:
        first = await from_provider(anna, await to_provider(anna))
        second = await from_provider(anna, await to_provider(anna, "/reports"))
        await to_provider(mallory)
        assert (await arrive(mallory, first))[0] == 400, "somebody else's log-in"
        kept = dict(anna.http.cookie_jar.filter_cookies(URL(site_page.url)))
        forged = {name: cookie.value.replace(".", "A.") for name, cookie in kept.items()}
        anna.http.cookie_jar.update_cookies(forged, URL(site_page.url))
        assert (await arrive(anna, first))[0] == 400, "a seal that somebody broke"
        anna.http.cookie_jar.update_cookies(kept, URL(site_page.url))
        assert await arrive(anna, first) == (303, "/breaks")
        anna.http.cookie_jar.update_cookies(kept, URL(site_page.url))
        assert (await arrive(anna, first))[0] == 400, "each way back once"
        assert await arrive(anna, second) == (303, "/reports"), "two tabs"
        assert (await arrive(anna, "/login/oidc/callback?code=code-0&state=guessed"))[0] == 400
        assert (await arrive(anna, "/login/oidc/callback"))[0] == 400
        late = await from_provider(anna, await to_provider(anna))
        site_page.clock.forward(minutes=11)
        assert (await arrive(anna, late))[0] == 400
        fake.at = site_page.clock.at
        mixed = await from_provider(anna, await to_provider(anna))
        assert "another provider" in (await arrive(anna, f"{mixed}&iss=https://evil.example"))[1]
        assert await sign_on(anna, f"/breaks?q={'x' * 4_000}") == (303, "/"), "more than a cookie holds"
        for target in ("//evil.example", "https://evil.example/", "/\\evil.example"):
            assert await sign_on(anna, target) == (303, "/"), target


async def test_an_address_comes_back_in_vain_so_many_times(tmp_path: Path) -> None:
    async with served(tmp_path) as (site_page, fake), site_page.visitor() as anna:
        for _ in range(FROM_ONE_ADDRESS + 1):
            assert await sign_on(anna) == (303, "/breaks")
            anna.http.cookie_jar.clear(lambda cookie: cookie.key == COOKIE)
        fake.refusal = {"error": "access_denied"}
        statuses = [(await sign_on(anna))[0] for _ in range(FROM_ONE_ADDRESS + 2)]
        assert statuses == [403] * FROM_ONE_ADDRESS + [429] * 2
        total, _ = access.find(site_page.store, access.Wanted(result=access.REFUSED), 0, 1)
        assert total == FROM_ONE_ADDRESS + 1, "and one lock-out"


async def test_what_the_provider_says_is_text_and_is_not_logged(tmp_path: Path) -> None:
    async with served(tmp_path) as (site_page, fake):
        async with site_page.visitor() as anna:
            fake.refusal = {"error": "access_denied", "error_description": "<script>alert(1)</script> call 555"}
            status, words = await sign_on(anna)
            assert status == 403
            assert "&lt;script&gt;" in words
            assert "<script>alert" not in words
            fake.refusal = {}
            fake.is_away = True
            async with anna.http.get("/login/oidc", allow_redirects=False) as answer:
                assert answer.status == 303, "its address is known"
            unknown = Provider(fake.sign_on(PUBLIC))
        _, [entry] = access.find(site_page.store, access.Wanted(), 0, 1)
        assert (entry.who, entry.result, entry.detail) == (None, access.REFUSED, "the provider refused")
    async with page(tmp_path, provider=unknown) as site_page, site_page.visitor() as anna:
        async with anna.http.get("/login/oidc", allow_redirects=False) as answer:
            assert answer.status == 503
            assert "was not reached" in await answer.text()
        assert await anna.log_in("ada", PASSWORD) == 200, "the day when the provider is away"


async def test_without_single_sign_on_its_sessions_end_and_its_doors_are_not_there(tmp_path: Path) -> None:
    async with page(tmp_path) as site_page, site_page.visitor() as visitor:
        assert "single sign-on" not in await visitor.text("/login")
        assert await visitor.status("/login/oidc") == 404
        signed_on = people.SignedOn("https://login.example", "eyJ")
        act = people.Act("paul", site_page.clock())
        people.open_session(site_page.store, "of before", "csrf", act, signed_on)
        visitor.http.cookie_jar.update_cookies({COOKIE: "of before"}, URL(site_page.url))
        assert await visitor.status("/breaks") == 303
        at = act.at
        while at - act.at < people.ABSOLUTE_SIGNED_ON:
            assert people.session(site_page.store, "of before", at)
            at += timedelta(minutes=50)
        assert people.session(site_page.store, "of before", at) is None, "eight hours, however busy"


def _people(site_page: Page) -> dict[str, Person]:
    return {user.person.name: user.person for user in people.users(site_page.store)}
