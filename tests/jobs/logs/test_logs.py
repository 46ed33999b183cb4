"""Logs: JSON lines with their context, everything redacted, whoever logs; and little of it for people."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from jobs.logs import logs
from jobs.logs.errors import say
from jobs.logs.redaction import keep_secret

SECRET = "hunter2horse0815"


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    yield
    logs.configure(as_json=False)
    logging.captureWarnings(False)


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_carries_what_is_bound_and_no_longer_than_that(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(as_json=True)
    with logs.bound(run_id=7, account="th"):
        with logs.bound(stage="pull"):
            logs.log("page stored", rows=100)
        logging.getLogger("sqlalchemy.engine").warning("slow: %s s", 3)
    logs.log("over")
    first, second, third = said(capsys)
    assert (first["event"], first["rows"], first["run_id"], first["account"], first["stage"]) == (
        "page stored",
        100,
        7,
        "th",
        "pull",
    )
    assert (second["event"], second["logger"], second["account"]) == ("slow: 3 s", "sqlalchemy.engine", "th")
    assert "stage" not in second
    assert "account" not in third
    assert first["timestamp"].endswith("Z")


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("name", ["recon", "apprise", "aiohttp.client", "apscheduler.scheduler", "asyncio"])
def test_every_logger_is_redacted(name: str, as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    keep_secret(SECRET)
    logs.configure(as_json)
    words = f"%s {SECRET} somchai@example.com 4242424242424242 123-4-56789-0 Authorization: Basic c2tleV90ZXN0OmFi"
    logging.getLogger(name).critical(words, "skey_test_5abc", extra={"who": "somchai@example.com"})
    text = capsys.readouterr().err
    assert "[key] [secret] [e-mail] [card number] …7890" in text
    for secret in ("skey_test", SECRET, "somchai", "4242", "56789", "c2tleV90"):
        assert secret not in text


@pytest.mark.parametrize("as_json", [True, False])
def test_an_exception_shows_where_and_no_locals(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(as_json)

    def inner(address: str) -> None:
        local = {"key": "pass" + "phrase0815", "address": address}
        raise ValueError(f"bad {len(local)} for somchai@example.com")

    try:
        inner("".join(("nok", "@example.com")))
    except ValueError:
        logging.getLogger("aiohttp.server").exception("it broke")
    text = capsys.readouterr().err
    assert "inner" in text
    assert "bad 2 for [e-mail]" in text
    assert "passphrase0815" not in text
    assert "nok@" not in text


def test_values_of_any_depth_are_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(as_json=True)
    logs.log("x", deep={"a@b.example": [("c@d.example", 1, None, True)], "n": 2}, thing=ValueError("e@f.example"))
    [line] = said(capsys)
    assert line["deep"] == {"[e-mail]": [["[e-mail]", 1, None, True]], "n": 2}
    assert line["thing"] == "[e-mail]"


def test_the_access_log_has_no_query(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(as_json=True)
    line = '127.0.0.1 [24/Nov/2026] "GET /breaks?q=somchai&token=x HTTP/1.1" 200 5 "http://h/?q=somchai" "UA"'
    extra = {"first_request_line": "GET /breaks?q=somchai HTTP/1.1", "request_header": {"Referer": "/?q=somchai"}}
    logging.getLogger("aiohttp.access").info(line, extra=extra)
    text = capsys.readouterr().err
    assert "GET /breaks HTTP/1.1" in text
    assert "somchai" not in text
    assert "token" not in text


def test_for_people_only_warnings_of_libraries_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(as_json=False)
    logs.log("page stored", rows=100)
    logging.getLogger("aiohttp.access").info("GET /")
    logging.getLogger("apscheduler").warning("late")
    say("told")
    assert capsys.readouterr().err.splitlines() == ["WARNING: apscheduler: late", "told"]


def test_what_is_said_to_people_is_a_line_of_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(as_json=True)
    say("account th: run again")
    [line] = said(capsys)
    assert (line["event"], line["level"]) == ("account th: run again", "warning")


@pytest.mark.parametrize("as_json", [True, False])
def test_what_a_channel_says_of_itself_is_heard_and_not_shown_twice(
    as_json: bool, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    logs.configure(as_json)
    logging.getLogger("apprise.plugins").warning("the address did not answer")
    assert capsys.readouterr().err == ""
    assert "the address did not answer" in caplog.text
