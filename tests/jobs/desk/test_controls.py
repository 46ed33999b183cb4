"""Each control of the desk, attacked in all four ways to act: nobody walks around it."""

from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.run.opening.login import system_login
from recon import people
from recon.model import BreakStatus, KnownBreak
from recon.store.desk.audit import prove
from tests.kit.page import CHEAP
from tests.kit.report_example import known_break
from tests.kit.ways_to_act import TOO_FAR, UNTIL, WAYS, Ask, Desk, desk

SMALL, LARGE = 1_000, 500_000  # minor units; the limit of a write-off is 10,000
CRITICAL = "order_paid_charge_failed"
PATTERN: Ask = {"kind": "ignore", "code": "order_missing", "reason": "trials", "until": UNTIL}
TO_PATTERNS = ("command line", "page", "API")  # Excel has rows of breaks alone


def a_break(number: int, code: str = "order_missing", risk: int = SMALL) -> KnownBreak:
    return known_break(code, number, risk=risk)


# What is tried, by whom, the amount and code of its break, and what must be said of it; the break stays as it was.
REFUSED: dict[str, tuple[str, dict[str, object], str]] = {
    "expected for longer than may be": (
        "anna",
        {"kind": "acknowledge", "until": TOO_FAR, "reason": "later"},
        "is too far away",
    ),
    "approved where nothing waits": ("paul", {"kind": "approve"}, "nothing waits for approval"),
    "rejected where nothing waits": ("paul", {"kind": "reject", "reason": "no"}, "nothing waits for approval"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_what_nobody_may_do_is_refused_in_words_and_changes_nothing(tmp_path: Path, way: str) -> None:
    one = a_break(1)
    async with desk(tmp_path, one) as at:
        for what, (who, ask, words) in REFUSED.items():
            answer = await WAYS[way](at, who, {**ask, "break_id": one.latest.id})
            assert words in answer, what
            assert at.known(one.latest.id).status == BreakStatus.OPEN, what


@pytest.mark.parametrize(
    ("code", "risk", "way"),
    [
        *(pytest.param("order_missing", LARGE, way, id=f"large-{way}") for way in WAYS),
        *(
            pytest.param(
                CRITICAL, SMALL, way, id=f"critical-{way}", marks=() if way == "command line" else pytest.mark.proof
            )
            for way in WAYS  # what is critical is told from what is large behind all of them
        ),
    ],
)
async def test_what_waits_is_decided_by_somebody_else_and_a_no_has_a_reason(
    tmp_path: Path, way: str, code: str, risk: int
) -> None:
    one = a_break(1, code, risk)
    async with desk(tmp_path, one) as at:
        act, about = WAYS[way], {"break_id": one.latest.id}
        assert "second person" in await act(at, "paul", {**about, "kind": "write_off", "reason": "old"})
        assert "own" in await act(at, "paul", {**about, "kind": "approve"})
        assert "own" in await act(at, "paul", {**about, "kind": "reject", "reason": "mine"})
        without = await act(at, "ada", {**about, "kind": "reject"})
        assert any(words in without for words in ("reason is needed", "reject needs Reason", "Missing option")), (
            without
        )
        assert at.known(one.latest.id).status == BreakStatus.PENDING_APPROVAL
        assert "is rejected" in await act(at, "ada", {**about, "kind": "reject", "reason": "not yet"})
        assert at.known(one.latest.id).status == BreakStatus.OPEN
        await act(at, "paul", {**about, "kind": "write_off", "reason": "old"})
        await act(at, "ada", {**about, "kind": "approve"})
        assert at.known(one.latest.id).status == BreakStatus.WRITTEN_OFF


@pytest.mark.parametrize("way", TO_PATTERNS)
async def test_a_pattern_acts_after_a_second_person_is_listed_and_ends(tmp_path: Path, way: str) -> None:
    test_order, other = a_break(1), a_break(2, CRITICAL)
    async with desk(tmp_path, test_order, other) as at:
        act, break_id = WAYS[way], test_order.latest.id
        assert "is too far away" in await act(at, "paul", {**PATTERN, "until": TOO_FAR})
        asked = await act(at, "paul", PATTERN)
        assert "rul_1 waits for a second person: it would acknowledge 1 break" in asked
        assert at.known(break_id).status == BreakStatus.OPEN, "one person silences nothing"
        assert at.patterns() == [
            {
                "id": "rul_1",
                "code": "order_missing",
                "account": None,
                "match": "",
                "until": UNTIL.isoformat(),
                "by": "paul",
                "approved_by": None,
                "status": "pending_approval",
                "covers": 1,
            }
        ]
        assert "own" in await act(at, "paul", {"kind": "approve", "ruling": "rul_1"})
        assert "1 break acknowledged by it" in await act(at, "ada", {"kind": "approve", "ruling": "rul_1"})
        assert at.known(break_id).status == BreakStatus.ACKNOWLEDGED
        assert at.known(other.latest.id).status == BreakStatus.OPEN
        [pattern] = at.patterns()
        assert (pattern["approved_by"], pattern["status"], pattern["covers"]) == ("ada", "stands", 1)
        async with at.served.login("anna") as anna:
            assert "rul_1" in await anna.text(f"/breaks/{break_id}"), "a break says on which pattern it rests"
            text = await anna.text("/patterns")
            assert "ada" in text
            assert '<option value="order_missing">Charge without an order</option>' in text
        ended = await act(at, "anna", {"kind": "undo", "ruling": "rul_1"})
        assert "rul_1 is undone: 1 break open again" in ended
        assert at.known(break_id).status == BreakStatus.OPEN
        assert at.patterns() == []


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=pytest.mark.proof if way == "Excel" else ()) for way in WAYS]
)
async def test_whoever_proposes_decides_or_undoes_sees_sum_limit_and_proposer(tmp_path: Path, way: str) -> None:
    one = a_break(1, risk=LARGE)
    seen = "write off of THB 5,000.00 (limit THB 100.00), asked for by paul"
    async with desk(tmp_path, one) as at:
        act, about = WAYS[way], {"break_id": one.latest.id}
        proposal: Ask = {**about, "kind": "write_off", "reason": "too old"}
        assert seen in await act(at, "paul", proposal)
        async with at.served.login("ada") as ada:
            text = await ada.text(f"/breaks/{one.latest.id}")
            for words in (f"{seen}: too old", 'value="approve"', 'value="reject"', "write-offs up to THB 100.00"):
                assert words in text
            async with ada.http.get(f"/api/breaks/{one.latest.id}") as answer:
                [ruling] = (await answer.json())["rulings"]
            async with ada.http.get("/rulings/export") as answer:
                book = load_workbook(BytesIO(await answer.read()), read_only=True)
                rows = list(book["Rulings"].iter_rows(values_only=True))
        assert (ruling["who"], ruling["amount"], ruling["limit"]) == ("paul", LARGE, 10_000)
        rests_on = rows[1][rows[0].index("Rests on")]
        assert rests_on == "write off, asked for by paul (limit THB 100.00): too old"
        async with at.served.login("paul") as paul:
            assert seen in await paul.text(f"/breaks/{one.latest.id}")
        shown = at.run("breaks", "show", one.latest.id)
        assert "5,000.00 THB" in shown
        assert "100.00 THB" in shown
        assert seen in await act(at, "ada", {**about, "kind": "reject", "reason": "not yet"})
        assert seen in await act(at, "paul", proposal)
        assert seen in await act(at, "ada", {**about, "kind": "approve"})
        if way != "Excel":  # a closed break is in no export
            assert seen in await act(at, "anna", {**about, "kind": "undo"})


async def test_a_command_says_what_it_decides_on_before_it_does(tmp_path: Path) -> None:
    one = a_break(1, risk=LARGE)
    async with desk(tmp_path, one) as at:
        about = {"break_id": one.latest.id}
        await at.command_line("paul", {**about, "kind": "write_off", "reason": "too old"})
        refused = await at.command_line("paul", {**about, "kind": "approve"})
        assert "rul_1: write off of THB 5,000.00 (limit THB 100.00), asked for by paul: too old" in refused


async def test_excel_has_no_way_to_silence_a_pattern(tmp_path: Path) -> None:
    one = a_break(1)
    async with desk(tmp_path, one) as at:
        assert "is no ruling" in await at.excel("paul", {"kind": "ignore", "break_id": one.latest.id, "until": UNTIL})
        assert at.patterns() == []


async def test_a_pattern_shows_what_it_covers_before_it_is_asked_for(tmp_path: Path) -> None:
    one, two = a_break(1), a_break(2)
    async with desk(tmp_path, one, two) as at:
        printed = await at.command_line("anna", {**PATTERN, "pattern": "*_1"})
        assert one.latest.id in printed
        assert two.latest.id not in printed
        assert "1 open break would be acknowledged; it acts after a second person" in printed
        async with at.served.login("anna") as anna:
            address = f"/patterns?code=order_missing&account=th&pattern=*_2&until={UNTIL}&reason=trials"
            text = await anna.text(address)
            assert f"/breaks/{two.latest.id}" in text
            assert f"/breaks/{one.latest.id}" not in text
            assert await anna.status(f"/patterns?code=order_missing&until={TOO_FAR}&reason=x") == 303
            assert await anna.status(f"/patterns?code=%00&until={UNTIL}&reason=x") == 404
        assert len(at.patterns()) == 1, "looking asks for nothing"


async def test_whoever_sees_one_account_has_no_hand_on_a_pattern_of_all(tmp_path: Path) -> None:
    async with desk(tmp_path, a_break(1)) as at:
        await at.page("paul", PATTERN)
        await at.page("anna", {**PATTERN, "account": "th"})
        async with at.served.login("thea") as thea:
            text = await thea.text("/patterns")
            assert "rul_2" in text
            assert "rul_1" not in text
            async with thea.http.get("/api/patterns") as answer:
                assert [pattern["id"] for pattern in (await answer.json())["patterns"]] == ["rul_2"]
        for kind in ("undo", "approve", "reject"):
            for way in (Desk.page, Desk.api):
                assert (await way(at, "thea", {"kind": kind, "ruling": "rul_1"})).startswith(("403", "404")), kind
        assert (await at.api("thea", PATTERN)).startswith("404")
        assert "rul_2 is undone" in await at.page("thea", {"kind": "undo", "ruling": "rul_2"})


@pytest.mark.parametrize(("code", "waits"), [("order_missing", False), (CRITICAL, True)])
async def test_where_patterns_need_no_second_person_those_of_what_is_critical_do(
    tmp_path: Path, code: str, waits: bool
) -> None:
    one = a_break(1, code)
    async with desk(tmp_path, one, more="pattern_needs_approval = false\n") as at:
        await at.command_line("anna", {**PATTERN, "code": code})
        assert (at.known(one.latest.id).status == BreakStatus.OPEN) == waits
        if not waits:
            return
        assert "is rejected: 0 breaks open again" in await at.command_line(
            "paul", {"kind": "reject", "ruling": "rul_1", "reason": "no"}
        )
        assert "no pattern" in at.recon("anna", "patterns", "end", "rul_1")


# How a command may be told whose word it is: (what stands on the line, what stands in the environment).
NAMED = {"--by": (("--by", "mallory"), {}), "RECON_USER": ((), {"RECON_USER": "mallory"})}
# Every variable that programs believe about who is logged in.
BELIEVED = dict.fromkeys(("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"), "mallory")


@pytest.mark.parametrize(("words", "environ"), NAMED.values(), ids=NAMED)
async def test_the_command_line_is_whoever_is_logged_in(
    tmp_path: Path, words: tuple[str, ...], environ: dict[str, str]
) -> None:
    one = a_break(1)
    async with desk(tmp_path, one) as at:
        at.config.write_text(at.config.read_text("utf-8").replace("trusted_names = true", ""), encoding="utf-8")
        note = ("breaks", "note", one.latest.id, "seen")
        for command in (
            note,
            ("sign", str(at.config), "--as", "preparer"),
            ("db", "archive", "--before", "2020-01-01"),
        ):
            refused = at.run(*command, *words, **environ)
            assert refused.startswith("2 "), command
            assert "only with [rulings] trusted_names = true" in refused
        assert at.audit() == []
        login = system_login()
        assert at.run(*note, **BELIEVED).startswith("0 "), "what the environment says of logins is not believed"
        assert at.run(*note, "--by", login.upper()).startswith("0 "), "one's own name is no other person's"
        assert [(who, detail["login"]) for who, detail in at.audit()] == [(login, login)] * 2


async def test_where_names_are_trusted_the_audit_log_has_the_login_beside_the_name(tmp_path: Path) -> None:
    one = a_break(1)
    async with desk(tmp_path, one) as at:
        for way in WAYS.values():
            await way(at, "anna", {"kind": "note", "break_id": one.latest.id, "reason": "seen"})
        ours = [(who, detail["login"]) for who, detail in at.audit() if who == "anna"]
        assert ours == [("anna", system_login())] * 4
        assert prove(at.served.store, ()) == []


async def test_a_token_is_its_person_and_neither_approves_nor_signs(tmp_path: Path) -> None:
    one = a_break(1, risk=LARGE)
    about = {"break_id": one.latest.id}
    async with desk(tmp_path, one) as at:
        token = at.token("paul")
        assert "second person" in await at.by_token(token, {**about, "kind": "write_off", "reason": "old"})
        for way in WAYS.values():
            assert "own: a second person" in await way(at, "paul", {**about, "kind": "approve"}), "one person"
        for name in ("ada", "paul"):
            for ask in ({"kind": "approve"}, {"kind": "reject", "reason": "no"}):
                answer = await at.by_token(at.token(name), {**about, **ask})
                assert answer.startswith("403"), answer
                assert "no token approves" in answer
        assert (await at.by_token("rct_guessed", {**about, "kind": "note"})).startswith("401")
        headers = {"Authorization": f"Bearer {token}"}
        async with at.served.visitor() as visitor:
            for path in (f"/reports/{'0' * 64}/sign", "/breaks/rule", "/patterns"):
                async with visitor.http.post(path, headers=headers, allow_redirects=False) as refused:
                    assert refused.headers["Location"].startswith("/login"), "a token opens the API alone"
        [(who, detail)] = [entry for entry in at.audit() if "rulings" in entry[1]]
        assert (who, detail["token"]) == ("paul", "paul 1")
        await at.page("ada", {**about, "kind": "approve"})
        assert at.known(one.latest.id).status == BreakStatus.WRITTEN_OFF
        assert "paul may not log in any more" in at.recon("ada", "users", "disable", "paul")
        assert (await at.by_token(token, {**about, "kind": "note", "reason": "still here"})).startswith("401")


async def test_a_token_may_do_no_more_than_its_person(tmp_path: Path) -> None:
    one = a_break(1)
    note: Ask = {"kind": "note", "break_id": one.latest.id, "reason": "seen"}
    async with desk(tmp_path, one) as at:
        assert (await at.by_token(at.token("vera"), note)).startswith("403"), "its person is a viewer"
        assert (await at.by_token(at.token("anna", "--role", "viewer"), note)).startswith("403"), "it is a viewer's"
        assert (await at.by_token(at.token("thea"), PATTERN)).startswith("404"), "its person sees one account"
        assert 'there is no user "nobody"' in at.recon("ada", "tokens", "add", "x", "--person", "nobody")


async def test_names_are_one_person_s_whatever_their_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "_HASHER", CHEAP)
    one = a_break(1, risk=LARGE)
    async with desk(tmp_path, one) as at:
        for name in ("Anna", "ANNA", "\uff41nna", "an\u200bna"):
            result = CliRunner().invoke(
                app, ["--config", str(at.config), "users", "add", name], input="a long pass phrase\n" * 2
            )
            assert result.exit_code == 2, name
        await at.command_line("anna", {"kind": "write_off", "break_id": one.latest.id, "reason": "old"})
        for name in ("Anna", " ANNA ", "\uff41nna", "an\u200bna"):
            ask: Ask = {"kind": "approve", "break_id": one.latest.id}
            assert "is anna's own" in await at.command_line(name, ask), name
