"""The page as it is wired: who may reach it, runs in the background, workbooks verified and signed, the process."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import select
from typer.testing import CliRunner
from yarl import URL

from jobs.cli.app import app
from jobs.config import config as configuration
from jobs.desk.journal import all_exports
from jobs.run.outcome import JobError, Outcome, Progress, RunOptions, Unsigned
from jobs.service.site import PageNotary, PageRuns
from recon.people import Person, Role
from recon.store.desk import workbooks
from recon.store.desk.workbooks import SignOff
from recon.store.engine import Store, reading
from recon.store.tables.desk import AUDIT
from reports.page.site import Runner, RunRequest, StageProgress
from tests.jobs.cli.test_journal import CODES
from tests.jobs.desk.test_verifying import correct_an_order
from tests.kit.job import FIRST, LAST, clock, finished_job
from tests.kit.night_process import free_port
from tests.kit.page import PASSWORD, Visitor, page, paged, served
from tests.kit.small_config import ONE_ACCOUNT

RUN_REQUEST = RunRequest(FIRST, LAST, ("th",), "anna")


async def test_behind_tls_cookies_are_for_tls_alone(tmp_path: Path) -> None:
    async with page(tmp_path) as plain:
        for secure in (False, True):
            async with (
                served(replace(plain.site, secure=secure), plain.clock) as site_page,
                site_page.visitor() as visitor,
            ):
                form = await visitor.csrf("/login")
                jar = {cookie.key: cookie.value for cookie in visitor.http.cookie_jar}
                data = {"name": "anna", "password": PASSWORD, "csrf": form}
                async with (
                    aiohttp.ClientSession(site_page.url) as bare,
                    bare.post(
                        "/login",
                        data=data,
                        headers={"Cookie": f"recon_login={jar.get('recon_login', form)}"},
                        allow_redirects=False,
                    ) as answer,
                ):
                    assert answer.status == 303
                    given = answer.headers["Set-Cookie"]
                    assert ("Secure" in given) == secure
                    assert given.startswith("__Host-recon_session=" if secure else "recon_session=")
                    assert "Domain" not in given
                    assert "HttpOnly" in given
                    assert "SameSite=Lax" in given
                    assert ("Strict-Transport-Security" in answer.headers) == secure


async def finished(rerun: Runner, ticket: str) -> tuple[tuple[str, ...], int | None, tuple[str, ...]]:
    """Stages, run and messages of a run when it is over."""
    async with asyncio.timeout(5):
        while not (seen := rerun.progress(ticket)) or not seen.finished:
            await asyncio.sleep(0.01)
    return tuple(stage.name for stage in seen.stages), seen.run_id, seen.messages


async def test_runs_go_one_after_the_other_and_a_failed_one_says_so() -> None:
    free, running = asyncio.Event(), 0

    async def run(options: RunOptions, progress: Progress) -> Outcome:
        nonlocal running
        running += 1
        assert running == 1, "two at once"
        assert (options.first, options.last, options.by, options.command) == (FIRST, LAST, "anna", "page")
        try:
            progress.start("pull", 2)
            progress.advance("pull", 1, 2)
            progress.finish("pull")
            await free.wait()
            progress.start("judge", None)
            if options.accounts == ("jp",):
                raise JobError("the key was refused", "so nothing ran")
            if options.accounts == ("sg",):
                raise ZeroDivisionError
            return Outcome(7, False, clock(), (), (), {}, ("jp: a list was short",))
        finally:
            running -= 1

    rerun = PageRuns(run)
    tickets = [rerun.start(replace(RUN_REQUEST, accounts=(name,))) for name in ("th", "jp", "sg")]
    assert rerun.progress("never given") is None
    await asyncio.sleep(0.05)
    first, second = rerun.progress(tickets[0]), rerun.progress(tickets[1])
    assert first
    assert second
    assert (first.stages, first.finished) == ((StageProgress("pull", 1, 2, over=True),), False)
    assert (second.stages, second.ahead, second.seconds) == ((), 1, 0.0), "it waits"
    free.set()
    ended = [await finished(rerun, ticket) for ticket in tickets]
    assert ended == [
        (("pull", "judge"), 7, ("jp: a list was short",)),
        (("pull", "judge"), None, ("the key was refused", "so nothing ran")),
        (("pull", "judge"), None, ("the run failed: ZeroDivisionError",)),
    ]
    await rerun.drain()


async def test_at_the_end_of_the_page_what_runs_is_ended() -> None:
    ended = []

    async def run(_options: RunOptions, _progress: Progress) -> Outcome:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("here")
        raise AssertionError

    rerun = PageRuns(run)
    rerun.start(RUN_REQUEST)
    rerun.start(RUN_REQUEST)
    await asyncio.sleep(0.01)
    await asyncio.wait_for(rerun.drain(), 5)
    assert ended == ["here"], "the second one never began"


async def test_a_run_is_cancelled_and_the_next_one_begins() -> None:
    begun = []

    async def run(options: RunOptions, _progress: Progress) -> Outcome:
        begun.append(options.accounts)
        if options.accounts == ("th",):
            await asyncio.Event().wait()
        return Outcome(8, True, clock(), (), (), {}, ())

    rerun = PageRuns(run)
    tickets = [rerun.start(replace(RUN_REQUEST, accounts=(name,))) for name in ("th", "jp", "sg")]
    await asyncio.sleep(0.01)
    rerun.cancel(tickets[1], "anna")  # it waits
    rerun.cancel(tickets[0], "anna")
    words = "cancelled by anna: what was finished is kept; run the range again"
    assert [await finished(rerun, ticket) for ticket in tickets] == [
        ((), None, (words,)),
        ((), None, (words,)),
        ((), 8, ()),
    ]
    assert begun == [("th",), ("sg",)]
    rerun.cancel(tickets[2], "anna")
    assert (await finished(rerun, tickets[2]))[1] == 8, "what has ended stays as it ended"


async def test_a_workbook_is_verified_and_signed_by_two_and_outdated_when_the_data_change(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (work, _):
        notary = PageNotary(configuration.load(work.config, {}), clock)
        async with paged(work.config, notary, as_of=work.world.as_of) as site_page:
            book = workbooks.latest(site_page.store, ("th",), 10)[0].sha256
            report = f"/reports/{book}"
            async with (
                site_page.login("anna") as anna,
                site_page.login("paul") as paul,
                site_page.login("vera") as vera,
            ):
                _, text = await vera.post(f"{report}/verify", "/")
                assert "is untouched" in text
                assert await vera.status(f"{report}/signed") == 404, "nobody has signed"
                assert (await vera.post(f"{report}/sign", "/", role="preparer", reason="known"))[0] == 403
                assert (await anna.post(f"{report}/sign", report, role="reviewer", reason="known"))[0] == 403
                _, text = await paul.post(f"{report}/sign", report, role="preparer", reason="known")
                assert "signed as preparer by paul" in text
                async with site_page.login("ada") as ada:
                    _, text = await ada.post(f"{report}/sign", report, role="reviewer", reason="known")
                    assert "signed as reviewer by ada" in text
                text = await anna.text("/reports?account=th")
                assert "preparer: <bdi>paul</bdi>" in text
                assert "reviewer: <bdi>ada</bdi>" in text
                text = await anna.text(report)
                assert f"{report}/signed" in text
                assert await anna.status(f"{report}/signed") == 200
                status, text = await vera.post(f"{report}/journal", "/")
                assert status == 403
                _, text = await anna.post(f"{report}/journal", report)
                assert "nothing was written: [journal.accounts]" in text
                correct_an_order(work)
                asked = {"from_": str(FIRST), "to": str(LAST), "account": "th"}
                _, text = await anna.post("/runs", "/runs", **asked)
                assert "is signed by paul as preparer and ada as reviewer: if its figures change" in text
                assert site_page.site.runner.tickets() == [], "the page asks first"
                await anna.post("/runs", "/runs", **asked, signed="known")
                [ticket] = site_page.site.runner.tickets()
                while not (seen := site_page.site.runner.progress(ticket)) or not seen.finished:
                    await asyncio.sleep(0.05)
                text = await anna.text(f"/runs/{ticket}")
                assert f"th {FIRST} to {LAST} is no longer signed: th: " in text
                assert "It ended a sign-off" in await anna.text("/runs/2")
                text = await anna.text("/reports?account=th")
                assert '<span class="tag incomplete">ended</span> by run 2: th: ' in text
                assert f'<a href="{report}">the signed file</a>' in text, "beside the workbook of now"
                assert f"{report}/signed" not in await anna.text(report), "nobody's signature stands"
                _, text = await anna.post(f"{report}/verify", report)
                assert "is outdated" in text
                assert 'class="error"' in text


async def test_who_sees_one_account_reads_of_no_other_where_they_sign_and_run(tmp_path: Path) -> None:
    async def run(_options: RunOptions, _progress: Progress) -> Outcome:
        ended = [Unsigned(name, FIRST, LAST, f"{name}: other fees") for name in ("th", "group")]
        return Outcome(8, True, clock(), (), (), {}, (), unsigned=tuple(ended))

    async with finished_job(tmp_path, ("th", "jp")) as (work, _):
        notary = PageNotary(configuration.load(work.config, {}), clock)
        async with (
            paged(work.config, notary, runner=PageRuns(run)) as site_page,
            site_page.login("thea") as thea,
            site_page.login("anna") as anna,
        ):
            books = {book.account: book for book in workbooks.latest(site_page.store, None, 10)}
            th = f"/reports/{books['th'].sha256}"
            beside = "not signed yet of the group: jp"
            for visitor, sees_all in ((thea, False), (anna, True)):
                assert (beside in await visitor.text(th)) is sees_all
                _, text = await visitor.post(f"{th}/sign", th, role="preparer")
                assert "say with a reason why it is signed all the same" in text
                assert text.count(beside) == 2 * sees_all, "where it was asked for, and in the answer"
            for name in ("th", "group"):
                book = books[name]
                days = (book.first_day, book.last_day)
                signed = SignOff(0, name, *days, book.result_digest, book.sha256, "preparer", "paul", clock())
                workbooks.sign(site_page.store, signed, None)
            asked = {"from_": str(FIRST), "to": str(LAST), "account": "th"}
            for visitor, sees_all in ((thea, False), (anna, True)):
                _, text = await visitor.post("/runs", "/runs", **asked)
                assert f"th {FIRST} to {LAST} is signed by paul" in text
                assert (f"group {FIRST} to {LAST} is signed by paul" in text) is sees_all
            _, text = await thea.post("/runs", "/runs", **asked, signed="known")
            [ticket] = site_page.site.runner.tickets()
            await finished(site_page.site.runner, ticket)
            for visitor, sees_all in ((thea, False), (anna, True)):
                for address in (f"/runs/{ticket}", f"/api/runs/{ticket}"):
                    text = await visitor.text(address)
                    assert f"th {FIRST} to {LAST} is no longer signed: th: other fees" in text
                    assert (f"group {FIRST} to {LAST} is no longer signed" in text) is sees_all


async def test_a_journal_is_exported_once_as_the_command_does_it(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th", "jp")) as (work, _):
        work.config.write_text(work.config.read_text(encoding="utf-8") + CODES, encoding="utf-8")
        config = configuration.load(work.config, {})
        async with (
            paged(work.config, PageNotary(config, clock)) as site_page,
            site_page.login("anna") as anna,
        ):
            [book] = workbooks.latest(site_page.store, ("th",), 10)
            _, text = await anna.post(f"/reports/{book.sha256}/journal", f"/reports/{book.sha256}")
            lines = text.splitlines()
            assert lines[0].startswith("journal_id,date,line,account_code,")
            [export] = all_exports(config)
            assert (export.who, export.accounts) == ("anna", ("th",))
            assert export.entries == len({line.split(",")[0] for line in lines[1:]})
            _, text = await anna.post(f"/reports/{book.sha256}/journal", f"/reports/{book.sha256}")
            assert f"nothing new to export: {export.entries} entries stand exported as they are" in text


async def test_who_has_lost_access_by_the_admin_page_has_none(tmp_path: Path) -> None:
    async with page(tmp_path) as site_page, site_page.login("ada") as ada, site_page.login("vera") as vera:
        header = site_page.token(Person("robot", Role.VIEWER))
        async with aiohttp.ClientSession(site_page.url, headers=header) as robot:
            async with robot.get("/api/runs") as answer:
                assert answer.status == 200
            _, text = await ada.post("/admin/revoke", "/admin", name="robot")
            assert "the token robot does not hold any more" in text
            async with robot.get("/api/runs") as answer:
                assert answer.status == 401
        await ada.post("/admin/sessions", "/admin", name="vera")
        assert await vera.status("/breaks") == 303
        assert await vera.log_in("vera", PASSWORD) == 200
        _, text = await ada.post("/admin/disable", "/admin", name="vera")
        assert "vera may not log in any more" in text
        assert await vera.status("/breaks") == 303
        assert await vera.log_in("vera", PASSWORD) == 401
        _, text = await ada.post("/admin/disable", "/admin", name="vera")
        assert "was disabled before" in text
        assert _done(site_page.store) == [
            ("ada", "token revoked"),
            ("ada", "sessions ended"),
            ("ada", "user disabled"),
        ]


def _done(store: Store) -> list[tuple[str, str]]:
    """What was done by people, by the audit log."""
    with reading(store) as connection:
        acts = select(AUDIT.c.who, AUDIT.c.what).where(AUDIT.c.who == "ada").order_by(AUDIT.c.seq)
        return [(who, what) for who, what in connection.execute(acts)]


async def test_a_login_that_ended_leads_back_to_where_one_was(tmp_path: Path) -> None:
    async with page(tmp_path) as site_page:
        where = "/breaks?account=th&sort=risk"
        async with site_page.login("anna") as anna:
            form = await anna.csrf(where)
            site_page.clock.forward(hours=13)
            for path, headers in (("/breaks/rule", {}), ("/", {"HX-Request": "true"})):
                method = "GET" if headers else "POST"
                headers["Referer"] = site_page.url + where
                async with anna.http.request(
                    method, path, data={"csrf": form}, headers=headers, allow_redirects=False
                ) as answer:
                    target = answer.headers["HX-Redirect" if method == "GET" else "Location"]
                    assert URL(target).query["next"] == where
                    assert answer.status == (401 if method == "GET" else 303)
            for referrer in ("http://evil.example/x", "http://[bad", ""):
                async with anna.http.post(
                    "/breaks/rule", headers={"Referer": referrer}, allow_redirects=False
                ) as answer:
                    assert answer.headers["Location"] == "/login", referrer
            text = await anna.text(target)
            assert f'name="next" value="{where.replace("&", "&amp;")}"' in text
            form = await anna.csrf(target)
            data = {"name": "anna", "password": "a wrong password", "csrf": form, "next": where}
            async with anna.http.post("/login", data=data) as answer:
                assert 'value="/breaks?account=th&amp;sort=risk"' in await answer.text(), "a mistake forgets nothing"
            async with anna.http.post("/login", data={**data, "password": PASSWORD}) as answer:
                assert str(answer.url) == site_page.url + where
            async with anna.http.get("/login", allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/"), "who is logged in goes on"
            for target in (
                "//evil.example",
                "/\\evil.example",
                "https://evil.example",
                "/\t/evil.example",
                "//[",
            ):
                async with anna.http.get("/login", params={"next": target}, allow_redirects=False) as answer:
                    assert answer.headers["Location"] == "/", target


async def when_up(http: aiohttp.ClientSession) -> Visitor:
    """A browser, as soon as the page answers."""
    async with asyncio.timeout(30):
        while True:
            try:
                async with http.get("/login"):
                    return Visitor(http)
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def served_process(path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`recon serve --no-scheduler` until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from jobs.cli.app import main; main()",
        "--config",
        str(path),
        "serve",
        "--no-scheduler",
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 30)


def add_user(path: Path, name: str) -> None:
    """`recon users add`, the password from standard input."""
    words = ["--config", str(path), "users", "add", name, "--role", "analyst"]
    assert CliRunner().invoke(app, words, input=f"{PASSWORD}\n").exit_code == 0


def without_a_run(folder: Path, more: str = "") -> Path:
    """A configuration whose store has no run, and nina as its user."""
    path = folder / "config.toml"
    path.write_text(ONE_ACCOUNT.replace('env = "TH_KEY"', 'file = "key"') + more, encoding="utf-8")
    (folder / "key").write_text("skey_test_none", encoding="utf-8")
    add_user(path, "nina")
    return path


async def logs_in_and_looks(visitor: Visitor, url: str) -> None:
    assert "Log in" in await visitor.text("/")
    assert await visitor.log_in("nina", "a wrong password") == 401
    assert await visitor.log_in("nina", PASSWORD) == 200
    for where in ("/", "/breaks", "/reports", "/settlement", "/about"):
        async with visitor.http.get(where) as answer:
            assert (answer.status, str(answer.url)) == (200, url + where)


async def test_a_store_without_a_run_has_pages_and_its_users_log_in(tmp_path: Path) -> None:
    path = without_a_run(tmp_path)
    async with paged(path, PageNotary(configuration.load(path, {}), clock)) as site_page, site_page.visitor() as nina:
        await logs_in_and_looks(nina, site_page.url)


@pytest.mark.proof  # the suite has the page above, and the process in tests/jobs/service/test_serve.py
async def test_recon_serve_has_the_page_and_its_users_log_in(tmp_path: Path) -> None:
    port = free_port()
    async with served_process(without_a_run(tmp_path, f"\n[page]\nport = {port}\n")):
        url = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession(url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            await logs_in_and_looks(await when_up(http), url)
