"""The commands as a script and a person meet them: exit codes, JSON, one line per mistake, no secret anywhere."""

import asyncio
import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from jobs.cli.app import COMMANDS, app, load_command
from jobs.demo import prepare
from jobs.logs.errors import told
from recon.rules import CATALOGUE
from recon.sandbox.worlds.world import World, make_world
from tests.kit.retries import retry_at_once
from tests.kit.sandbox import serve
from tests.kit.small_config import ONE_ACCOUNT, TRUSTED

FIRST, LAST = "2026-10-19", "2026-10-20"
RUN_KEYS = ["run_id", "status", "as_of", "accounts", "reports", "timings"]
ACCOUNT_KEYS = [
    "account",
    "from",
    "to",
    "orders",
    "charges",
    "refunds",
    "transfers",
    "transactions",
    "matched_orders",
    "match_rate",
    "breaks_open",
    "breaks_new",
    "breaks_closed",
    "breaks_by_code",
    "open_by_exposure",
    "currencies",
    "proof",
    "waterfall",
    "rejected_rows",
    "ignored_rows",
    "not_judged",
]
BREAK_KEYS = [
    "id",
    "code",
    "severity",
    "status",
    "account",
    "region",
    "currency",
    "subject_type",
    "subject_id",
    "order_id",
    "charge_id",
    "refund_id",
    "transfer_id",
    "transaction_id",
    "dispute_id",
    "expected",
    "actual",
    "difference",
    "amount_at_risk",
    "due_by",
    "first_seen",
    "last_seen",
    "age_days",
    "owner",
    "explanation",
    "suggestion",
    "title",
    "occurred_on",
    "exposure",
]


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def recon(*words: str | Path, env: dict[str, str] | None = None) -> Said:
    result = CliRunner().invoke(app, [str(word) for word in words], env={"RECON_CONFIG": None, **(env or {})})
    assert "Traceback" not in result.output
    return Said(result.exit_code, result.stdout, result.stderr)


def serve_elsewhere(world: World, told_url: list[str], ready: threading.Event, over: threading.Event) -> None:
    async def main() -> None:
        async with serve(world) as running:
            told_url.append(running.url)
            ready.set()
            while not over.is_set():
                await asyncio.sleep(0.02)

    asyncio.run(main())


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(11, date.fromisoformat(FIRST), date.fromisoformat(LAST), 120, accounts=("th", "sg"))


@pytest.fixture(scope="module")
def config(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A configuration over a sandbox that answers from another thread."""
    urls: list[str] = []
    ready, over = threading.Event(), threading.Event()
    thread = threading.Thread(target=serve_elsewhere, args=(world, urls, ready, over))
    thread.start()
    try:
        assert ready.wait(10)
        path = prepare(world, tmp_path_factory.mktemp("shop"), urls[0])
        path.write_text(path.read_text(encoding="utf-8") + TRUSTED, encoding="utf-8")
        yield path
    finally:
        over.set()
        thread.join()


@pytest.fixture(scope="module")
def ran(config: Path, world: World) -> Said:
    """The first run of the module, with everything printed."""
    as_of = world.as_of.isoformat()
    return recon("--config", config, "run", "--from", FIRST, "--to", LAST, "--as-of", as_of, "--by", "mali", "--json")


def broken(tmp_path: Path, text: str = ONE_ACCOUNT) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_what_the_root_says_of_a_command_is_what_the_command_says(name: str) -> None:
    command = load_command(name)
    assert command.get_short_help_str(200) == COMMANDS[name][1]


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_says_each_command_whole_at_80_columns(name: str) -> None:
    said = recon(*filter(None, (name, "--help")), env={"COLUMNS": "80"}).out
    listed = said.partition("Commands:\n")[2]
    assert not [line for line in listed.splitlines() if line.endswith("...") or not line.startswith("  ")]


def test_help_names_every_command() -> None:
    said = recon("--help")
    for name in ("demo", "check", "run", "pull", "report", "breaks", "matches", "rules", "runs", "sandbox", "db"):
        assert f"  {name} " in said.out
    assert said.code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["rum"], "rum"),
        (["run", "--form", FIRST], "--form"),
        (["run", "--from", "19.10.2026"], '"19.10.2026" is not a date such as 2026-01-31'),
        (["run", "--as-of", "2026-10-21T03:00:00"], "needs a time with its offset"),
        (["run", "--as-of", "2026-10-21"], "needs a time with its offset"),
        (["run", "--as-of", "now"], '"now" is not a moment such as'),
        (["run", "--fail-on", "hihg"], '--fail-on: "hihg" is not known (did you mean "high"?)'),
        (["run", "--account", "xx"], "--account xx"),
        (["run", "--from", LAST, "--to", FIRST], f"--from {LAST} is after --to {FIRST}"),
        (["run", "--from", "2999-01-01"], "future"),
        (
            ["breaks", "list", "--code", "chrge_missing"],
            '--code: "chrge_missing" is not known (did you mean "charge_m',
        ),
        (["breaks", "list", "--status", "done"], '--status: "done" is not known'),
        (
            ["breaks", "list", "--severity", "bad"],
            '--severity: "bad" is not known (there is critical, high, low, med',
        ),
        (["breaks", "list", "--account", "xx"], '--account: "xx" is not known (there is sg, th)'),
        (["breaks", "show", "brk_nothing"], 'there is no break "brk_nothing"'),
        (["runs", "show", "77"], "there is no run 77"),
        (["matches", "list", "--account", "xx"], "--account xx"),
    ],
)
def test_a_wrong_question_exits_with_2_and_says_what_is_wrong(config: Path, words: list[str], told: str) -> None:
    said = recon("--config", config, *words)
    assert said.code == 2
    assert told in said.err
    assert said.out == ""


def test_a_missing_configuration_is_one_line(tmp_path: Path) -> None:
    for words in (["run"], ["breaks", "list"], ["db", "current"], ["report", "--json"]):
        said = recon("--config", tmp_path / "none.toml", *words)
        path = tmp_path / "none.toml"
        assert (said.code, said.out) == (2, "")
        assert said.err == f"{path}: there is no such file: give --config PATH, or set RECON_CONFIG\n"


def test_the_configuration_is_beside_you_or_where_the_environment_says(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert recon("db", "current").code == 2
    assert recon("db", "current", env={"RECON_CONFIG": str(config)}).code == 0
    broken(tmp_path, "")
    assert recon("db", "current", env={"RECON_CONFIG": str(config)}).code == 0  # it beats a config.toml beside you
    assert recon("db", "current").code == 2


def test_five_mistakes_are_five_lines(tmp_path: Path) -> None:
    text = ONE_ACCOUNT.replace("Asia/Bangkok", "Asia/Bankok").replace('"csv"', '"cvs"').replace('"THB"', '"THX"')
    path = broken(tmp_path, text + "[omise]\nconcurrency = 11\n[alrts]\n")
    said = recon("--config", path, "run", env={"TH_KEY": "skey_test_0canary0"})
    assert said.code == 2
    lines = said.err.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "omise.concurrency",
        "accounts.th.currency",
        "accounts.th.timezone",
        "orders.shop.kind",
        "alrts",
    ]


def test_a_refused_key_is_told_and_not_shown(config: Path, tmp_path: Path) -> None:
    text = config.read_text(encoding="utf-8").replace("keys/th", "wrong")
    (tmp_path / "wrong").write_text("skey_test_0canary0", encoding="utf-8")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "sg").write_text("skey_test_sandbox_sg", encoding="utf-8")
    for name in ("orders", "bank"):
        (tmp_path / name).symlink_to(config.parent / name)
    said = recon("--config", broken(tmp_path, text), "run", "--from", FIRST, "--json", env={"RECON_DEBUG": "1"})
    assert (said.code, said.out) == (2, "")
    assert "th" in said.err
    assert "refused the key" in said.err
    assert "canary" not in said.err


def test_a_key_that_nobody_set_stops_a_run_but_not_a_look(tmp_path: Path) -> None:
    path = broken(tmp_path)
    message = "accounts.th.secret_key: environment variable TH_KEY is not set\n"
    assert recon("--config", path, "run").err == message
    assert recon("--config", path, "pull").err == message
    listed = recon("--config", path, "breaks", "list", "--json")
    assert (listed.code, listed.document) == (0, {"breaks": []})


def test_no_orders_file_is_told(tmp_path: Path) -> None:
    said = recon("--config", broken(tmp_path), "run", "--no-pull")
    assert said.code == 2
    assert "orders/*.csv" in said.err


def test_run_prints_one_document_with_the_contracts_keys(ran: Said, world: World) -> None:
    document = ran.document
    assert ran.code == 0
    assert list(document) == RUN_KEYS
    assert (document["status"], document["as_of"]) == ("complete", world.as_of.isoformat().replace("+00:00", "Z"))
    assert [part["account"] for part in document["accounts"]] == ["th", "sg"]
    for part in document["accounts"]:
        assert list(part) == ACCOUNT_KEYS
        assert (part["from"], part["to"]) == (FIRST, LAST)
        assert sum(part["breaks_by_code"].values()) == part["breaks_open"]
        assert list(part["currencies"][0]) == [
            "currency",
            "orders",
            "charges",
            "matched_orders",
            "amount_matched",
            "amount_open",
        ]
        assert list(part["proof"][0]) == ["name", "left", "right", "difference", "explained", "currency", "items"]
    assert [Path(path).exists() for path in document["reports"]] == [True, True, True]


def test_people_read_the_summary_on_stderr(ran: Said) -> None:
    assert "charge_missing" in ran.err
    assert "match" in ran.err


def variant(config: Path, name: str, more: str = "", pulled: bool = False) -> Path:
    """The same configuration beside the first one, over a store of its own: a new one, or the first one's copy."""
    if pulled:
        with closing(sqlite3.connect(config.with_name("recon.db"))) as store:
            store.execute("vacuum into ?", (str(config.with_name(f"{name}.db")),))
    path = config.with_name(f"{name}.toml")
    path.write_text(config.read_text(encoding="utf-8").replace("recon.db", f"{name}.db") + more, encoding="utf-8")
    return path


AGAIN = ("run", "--from", FIRST, "--to", LAST, "--account", "th", "--no-pull", "--no-report", "--json")


@pytest.fixture(scope="module")
def failed(config: Path, ran: Said) -> tuple[Path, Said]:
    """Another's run of one account, over a copy of the store, that is to fail on what is critical."""
    assert ran.code == 0
    path = variant(config, "loud", pulled=True)
    return path, recon("--config", path, *AGAIN, "--fail-on", "critical", env={"RECON_USER": "somchai"})


def test_fail_on_exits_with_1_where_such_breaks_are_open(config: Path, failed: tuple[Path, Said]) -> None:
    said = failed[1]
    assert said.code == 1
    assert said.document["reports"] == []
    rules = "".join(f'[rules.{rule.code}]\nseverity = "low"\n' for rule in CATALOGUE)
    quiet = variant(config, "quiet", rules, pulled=True)
    passed = recon("--config", quiet, *AGAIN, "--fail-on", "medium")
    assert passed.code == 0
    assert passed.document["accounts"][0]["breaks_open"] == said.document["accounts"][0]["breaks_open"] > 0


def test_a_run_that_reaches_nobody_is_not_complete_and_still_prints_its_document(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retry_at_once(monkeypatch)
    text = config.read_text(encoding="utf-8")
    lines = ['base_url = "http://127.0.0.1:9"' if line.startswith("base_url") else line for line in text.splitlines()]
    for name in ("keys", "orders", "bank"):
        (tmp_path / name).symlink_to(config.parent / name)
    said = recon("--config", broken(tmp_path, "\n".join(lines)), "run", "--from", FIRST, "--json")
    assert said.code == 3
    assert said.document["status"] == "incomplete"
    assert "th" in said.err


def test_breaks_are_listed_with_every_key_and_filtered(config: Path, ran: Said) -> None:
    everything = recon("--config", config, "breaks", "list", "--json").document["breaks"]
    assert len(everything) >= sum(part["breaks_new"] for part in ran.document["accounts"])
    assert all(list(one) == BREAK_KEYS for one in everything)
    missing = next(one for one in everything if one["code"] == "charge_missing")
    assert missing["actual"] - missing["expected"] == missing["difference"]
    assert missing["first_seen"] == missing["last_seen"] == ran.document["as_of"]
    assert missing["region"] == missing["account"].upper()
    assert missing["charge_id"] is None

    def count(*words: str) -> int:
        return len(recon("--config", config, "breaks", "list", "--json", *words).document["breaks"])

    assert count("--account", "th") == sum(one["account"] == "th" for one in everything)
    assert count("--account", "th", "--account", "sg") == sum(one["account"] in ("th", "sg") for one in everything)
    assert count("--code", "charge_missing") == 2
    assert count("--severity", "critical") == sum(one["severity"] == "critical" for one in everything) > 0
    assert count("--status", "resolved") == 0
    assert 0 < count("--age", "1") == sum(one["age_days"] >= 1 for one in everything), "by the day of the event"
    assert count("--age", "10000") == 0
    assert count("--owner", "nobody") == 0


def test_one_break_is_shown_whole(config: Path, ran: Said) -> None:
    assert ran.code == 0
    [found] = recon(
        "--config", config, "breaks", "list", "--json", "--code", "charge_missing", "--account", "th"
    ).document["breaks"]
    document = recon("--config", config, "breaks", "show", found["id"], "--json").document
    assert {name: document[name] for name in found} == found
    assert [event["what"] for event in document["events"]] == ["opened"]
    shown = recon("--config", config, "breaks", "show", found["id"]).out
    assert "charge_missing" in shown
    assert f"{found['expected'] / 100:,.2f} THB" in shown


def test_matches_say_which_pass_made_them(config: Path, ran: Said) -> None:
    said = recon("--config", config, "matches", "list", "--from", FIRST, "--to", LAST, "--json")
    matches = said.document["matches"]
    assert len(matches) >= sum(part["matched_orders"] for part in ran.document["accounts"])
    assert list(matches[0]) == [
        "account",
        "order_id",
        "charge_id",
        "matched_by",
        "order_amount",
        "charge_amount",
        "currency",
        "order_currency",
    ]
    assert isinstance(matches[0]["order_amount"], int)
    day_after = ["--from", "2026-10-28", "--to", "2026-10-28", "--account", "sg"]
    assert recon("--config", config, "matches", "list", *day_after, "--json").document == {"matches": []}


def test_runs_are_listed_with_who_ran_them(config: Path, ran: Said) -> None:
    runs = recon("--config", config, "runs", "list", "--json").document["runs"]
    first = runs[-1]
    assert (first["run_id"], first["by"], first["status"]) == (ran.document["run_id"], "mali", "complete")
    assert recon("--config", config, "runs", "show", str(first["run_id"]), "--json").document == first
    assert "mali" in recon("--config", config, "runs", "list").out
    shown = recon("--config", config, "runs", "show", str(first["run_id"])).out
    assert "config_digest" in shown
    assert re.search(r"currencies: THB: amount_matched +│ [\d,]+\.\d\d THB", shown)


def test_who_acts_can_stand_in_the_environment(failed: tuple[Path, Said]) -> None:
    runs = recon("--config", failed[0], "runs", "list", "--json").document["runs"]
    assert [run["by"] for run in runs] == ["somchai", "mali"]


def test_rules_name_every_break(config: Path) -> None:
    assert config.exists()
    said = recon("rules")
    assert all(rule.code in said.out for rule in CATALOGUE)
    assert "[matching]" in said.out
    assert [rule["code"] for rule in recon("rules", "--json").document["rules"]] == [rule.code for rule in CATALOGUE]


def test_check_exits_with_2_only_where_something_failed(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retry_at_once(monkeypatch)
    good = recon("--config", config, "check", "--json")
    assert (good.code, good.document["status"]) == (0, "ok")
    bad = recon("--config", broken(tmp_path), "check", "--json", env={"TH_KEY": "skey_test_0canary0"})
    assert (bad.code, bad.document["status"]) == (2, "FAILED")
    table = recon("--config", config, "check")
    assert "key of th" in table.out
    assert "orders.shop: the first rows as they are read" in table.out
    assert "order id" in table.out


def test_a_fresh_store_is_made_by_any_command(tmp_path: Path) -> None:
    path = broken(tmp_path)
    assert recon("--config", path, "db", "upgrade").out != "nothing to do\n"
    assert recon("--config", path, "db", "upgrade").out == "nothing to do\n"
    assert recon("--config", path, "db", "current").out.strip() != ""
    assert (tmp_path / "var" / "recon.db").exists()


def end_of(error: BaseException, as_json: bool = False) -> int:
    with pytest.raises(typer.Exit) as raised, told(as_json):
        raise error
    return raised.value.exit_code


def test_what_nobody_foresaw_is_one_line_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECON_DEBUG", raising=False)
    secrets = "skey_live_0canary0 postgresql://recon:canary@db/x Authorization: Basic c2tlY2FuYXJ5MDAw\nand more"
    assert end_of(RuntimeError(secrets), as_json=True) == 3
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert said.err.startswith("unexpected, so not complete: RuntimeError: [key] postgresql://recon:[…]@db/x ")
    assert json.loads(said.out)["status"] == "incomplete"
    assert "canary" not in said.out + said.err
    assert "c2tl" not in said.out + said.err
    monkeypatch.setenv("RECON_DEBUG", "1")
    assert end_of(RuntimeError(secrets)) == 3
    said = capsys.readouterr()
    assert "Traceback" in said.err
    assert "canary" not in said.err


def test_ctrl_c_is_not_mistaken_for_open_breaks() -> None:
    assert end_of(KeyboardInterrupt()) == 130


def test_the_root_says_its_version_and_what_a_mistyped_command_is_like() -> None:
    said = recon("--version")
    assert (said.code, said.out) == (0, "omise-recon 0.1.0\n")
    assert recon("-h").out == recon("--help").out
    assert recon("breaks", "-h").code == 0
    wrong = recon("braeks", "list")
    assert wrong.code == 2
    assert 'there is no command "braeks" (did you mean "breaks"?)' in wrong.err
