"""Every link of every page, followed as everybody: no error, no dead link, nothing of another's account."""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from jobs.config import config as configuration
from jobs.service.site import PageNotary
from recon.people import Person
from recon.store.desk import workbooks, worklist
from recon.store.engine import Store
from tests.kit.page import PEOPLE, Visitor, page, served

_LINK = re.compile(r'<a\b[^>]*?href="([^"]*)"')
_ONE_OF_MANY = re.compile(r"[0-9a-f]{64}|brk_[a-z2-7]{16}|\b\d+\b")
_OTHERS = re.compile(r"\b(jp|group)\b")
_MAY_BE_NAMED = re.compile(r'role="group"|sits in account \S{1,5}jp\b')  # what a break of hers itself is about
API = ("/api/breaks", "/api/runs", "/api/reports", "/api/patterns", "/api/openapi.json")


@dataclass
class Crawl:
    """What one person's browser came upon: the answers by address, and which page led there."""

    most: int  # addresses of one form
    seen: dict[str, tuple[int, str]] = field(default_factory=dict)
    led_by: dict[str, str] = field(default_factory=dict)
    forms: Counter[str] = field(default_factory=Counter)

    async def follow(self, visitor: Visitor) -> None:
        """From the first page on, every link once, of addresses that differ in ids or words alone a few."""
        waiting = deque(["/", *API])
        while waiting:
            address = waiting.popleft()
            async with visitor.http.get(address) as answer:
                is_text = answer.content_type in ("text/html", "application/json", "text/csv")
                self.seen[address] = (answer.status, await answer.text() if is_text else "")
            for link in links(address, self.seen[address][1]):
                if link in self.led_by or self.forms[form := form_of(link)] >= self.most:
                    continue
                self.forms[form] += 1
                self.led_by[link] = address
                waiting.append(link)

    @property
    def faults(self) -> list[tuple[str, int, str]]:
        """Addresses that did not answer well, and the pages that led there."""
        return [
            (address, status, self.led_by.get(address, ""))
            for address, (status, _) in self.seen.items()
            if status != 200
        ]


def notary_of(folder: Path, clock: Callable[[], datetime]) -> PageNotary:
    """The page's own, which says what stands before a signature."""
    return PageNotary(configuration.load(folder / "config.toml", {}), clock)


def links(address: str, text: str) -> Iterator[str]:
    """What a page leads to on the same site."""
    for link in _LINK.findall(text):
        target = urlsplit(urljoin(address, unescape(link)))
        if not target.netloc:
            yield f"{target.path}?{target.query}".rstrip("?")


def form_of(address: str) -> str:
    """An address without what only says which one."""
    parts = urlsplit(address)
    return f"{_ONE_OF_MANY.sub('*', parts.path)} {sorted(name for name, _ in parse_qsl(parts.query))}"


def others_words(store: Store, visible: frozenset[str]) -> set[str]:
    """What nobody may read who sees these accounts alone: ids of breaks and their orders, digests of workbooks."""
    breaks = worklist.find(store, worklist.Filter(), "id", False, 0, 10_000).breaks
    # Rows that name no known account stand in the workbook of the first account.
    others = [known.latest for known in breaks if known.latest.account not in {None, *visible}]
    books = [book.sha256 for book in workbooks.latest(store, None, 100) if book.account not in visible]
    # An order whose charge sits in another account is known there, too.
    orders = {break_.order_id for break_ in others if break_.order_id and break_.code != "wrong_account"}
    return {*(break_.id for break_ in others), *books, *orders}


async def crawled(folder: Path, most: int, people: Sequence[Person]) -> None:
    async with (
        page(folder) as plain,
        served(replace(plain.site, notary=notary_of(folder, plain.clock)), plain.clock) as site_page,
    ):
        crawls = {}
        for person in people:
            crawls[person.name] = Crawl(most)
            async with site_page.login(person.name) as visitor:
                await crawls[person.name].follow(visitor)
        for name, crawl in crawls.items():
            assert crawl.faults == [], name
        thea = next(person for person in PEOPLE if person.accounts)
        assert thea.accounts
        hidden = others_words(site_page.store, thea.accounts)
        assert len(hidden) > 40
        async with site_page.login(thea.name) as visitor:
            for address in crawls["ada"].seen.keys() - crawls[thea.name].seen.keys():  # as others know them
                async with visitor.http.get(address) as answer:
                    assert answer.status in (200, 403, 404), address
                    is_text = answer.content_type in ("text/html", "application/json", "text/csv")
                    crawls[thea.name].seen[address] = (answer.status, await answer.text() if is_text else "")
        for address, (_, text) in crawls[thea.name].seen.items():
            shown = {word for word in hidden if word in text and word not in address}
            assert not shown, f"{address} shows {thea.name} what is not hers"
            is_asked_of = _OTHERS.search(address)  # then the page says what was asked
            assert is_asked_of or not _OTHERS.search(_MAY_BE_NAMED.sub("", text)), f"{address} names another account"


async def test_one_link_of_each_form_as_who_sees_all_and_as_who_sees_one_account(tmp_path: Path) -> None:
    await crawled(tmp_path, 1, [person for person in PEOPLE if person.name in ("ada", "thea")])


@pytest.mark.proof
async def test_every_link_as_everybody(tmp_path: Path) -> None:
    await crawled(tmp_path, 25, PEOPLE)


async def test_an_address_that_leads_nowhere_says_so_in_words_and_leads_home(tmp_path: Path) -> None:
    rooms = {"breaks": "All breaks", "reports": "Reports", "runs": "Runs", "nowhere": "Home"}
    async with page(tmp_path) as site_page, site_page.login("vera") as vera:
        for room, name in rooms.items():
            async with vera.http.get(f"/{room}/none") as answer:
                assert answer.status == 404, room
                text = await answer.text()
            assert "There is no such " in text, room
            assert f">{name}</a>" in text.partition("<h1>")[2], room
        for path in ("/api/none", "/api/breaks/none", "/api/runs/none", "/api/reports/none"):
            async with vera.http.get(path) as answer:
                assert answer.status == 404
                assert (await answer.json())["error"].startswith("there is no such "), path
