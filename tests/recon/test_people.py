"""People, tokens and their commands: who may do what, and what of a secret is kept."""

import json
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner

from jobs.cli.app import app
from recon.people import MIN_PASSWORD, Person, Right, Role, hash_password, is_password
from recon.store.desk import access, people
from recon.store.desk.people import Act, PeopleError
from recon.store.engine import open_store
from tests.kit.small_config import configured
from tests.kit.store_samples import DATABASES, fresh_url

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACT = Act("ada", NOON)
ANNA = Act("anna", NOON, address="192.0.2.7")


def test_a_role_may_what_the_ones_before_it_may() -> None:
    table = {role: [right for right in Right if Person("x", role).has(right)] for role in Role}
    assert table[Role.VIEWER] == [Right.VIEW]
    assert table[Role.ANALYST] == [Right.VIEW, Right.RULE]
    assert table[Role.APPROVER] == [Right.VIEW, Right.RULE, Right.APPROVE]
    assert table[Role.ADMIN] == list(Right)


def test_who_has_accounts_has_no_other_and_nothing_of_no_account() -> None:
    thea = Person("thea", Role.ADMIN, frozenset({"th"}))
    assert thea.has(Right.RULE)
    assert thea.sees("th")
    assert not thea.sees("jp")
    assert not thea.sees(None)
    assert Person("ada", Role.ADMIN).sees(None)


def test_a_password_is_kept_as_argon2id_alone() -> None:
    hashed = hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$")
    assert is_password("correct horse battery", hashed)
    assert not is_password("correct horse", hashed)
    assert not is_password("anything", "no hash")
    with pytest.raises(ValueError, match=str(MIN_PASSWORD)):
        hash_password("short")


@pytest.mark.parametrize("database", DATABASES)
def test_sessions_end_by_time_by_hand_and_with_their_user(database: str, tmp_path: Path) -> None:
    store = open_store(fresh_url(database, tmp_path))
    try:
        people.add_user(store, Person("anna", Role.ANALYST), "hash", ACT)
        people.open_session(store, "secret", "csrf", ANNA)
        found = people.session(store, "secret", NOON + timedelta(minutes=59))
        assert found
        assert (found.person, found.csrf) == (Person("anna", Role.ANALYST), "csrf")
        assert people.session(store, "secret", NOON + timedelta(minutes=118)), "each request keeps it alive"
        assert people.session(store, "guess", NOON) is None
        assert people.session(store, "secret", NOON + timedelta(hours=13)) is None, "not for ever"
        people.open_session(store, "second", "csrf", ANNA)
        people.end_session(store, "second", ANNA)
        assert people.session(store, "second", NOON) is None
        people.open_session(store, "third", "csrf", ANNA)
        people.disable_user(store, "anna", ACT)
        assert people.session(store, "third", NOON) is None
        assert people.credentials(store, "anna") is None
        with pytest.raises(PeopleError, match="disabled before"):
            people.disable_user(store, "anna", ACT)
        people.add_user(store, Person("anna", Role.VIEWER, frozenset({"th"})), "other", ACT)
        assert people.credentials(store, "anna") == (Person("anna", Role.VIEWER, frozenset({"th"})), "other")
    finally:
        store.dispose()


def test_commands_add_list_and_take_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon.people._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    config = configured(tmp_path)
    run = CliRunner()

    def recon(*words: str, typed: str = "", code: int = 0) -> str:
        done = run.invoke(app, ["--config", str(config), *words], input=typed)
        assert done.exit_code == code, done.output
        return done.output

    assert "at least 12" in recon("users", "add", "anna", typed="short\n", code=2)
    recon("users", "add", "anna", "--role", "analyst", "--account", "th", typed="correct horse battery\n")
    listed = recon("users", "list")
    assert ("analyst" in listed, "since (UTC)" in listed, re.search(r"\d{2}:\d{2}:", listed)) == (True, True, None)
    assert "nobody" in recon("users", "disable", "nobody", code=2)
    assert "queen" in recon("users", "add", "eve", "--role", "queen", code=2)
    token = recon("tokens", "add", "robot").splitlines()[-1]
    assert token.startswith("rct_")
    assert token not in recon("tokens", "list")
    assert "already" in recon("tokens", "add", "robot", code=2)
    recon("tokens", "revoke", "robot")
    recon("users", "add", "ada", "--role", "admin", typed="correct horse battery\n")
    assert "last administrator" in recon("users", "disable", "ada", code=2)
    assert "no [page.oidc]" in recon("users", "link", "anna", "--subject", "s-1", code=2)
    of_provider = ("--subject", "s-1", "--issuer", "https://login.example")
    assert "nobody" in recon("users", "link", "nobody", *of_provider, code=2)
    assert recon("users", "link", "anna", *of_provider).endswith("anna logs in by single sign-on\n")
    assert "ada logs in by single sign-on, and anna no more" in recon("users", "link", "ada", *of_provider)
    [ada, anna] = json.loads(recon("users", "list", "--json"))["users"]
    assert (ada["subject"], ada["issuer"]) == ("s-1", "https://login.example")
    assert (anna["subject"], anna["issuer"], anna["disabled"]) == (None, None, None), "she has a password"
    assert "last administrator" in recon("users", "add", "ada", typed="another horse battery\n", code=2)
    recon("users", "password", "ada", typed="another horse battery\n")
    assert "nobody" in recon("users", "password", "nobody", typed="another horse battery\n", code=2)
    _the_access_log_has_it(f"sqlite:///{tmp_path}/recon.db")
    stored = sqlite3.connect(tmp_path / "recon.db")
    try:
        dump = "\n".join(stored.iterdump())
    finally:
        stored.close()
    assert token not in dump
    assert "correct horse battery" not in dump
    assert "user added" in dump, "the audit log has it"


def _the_access_log_has_it(url: str) -> None:
    store = open_store(url)
    _, entries = access.find(store, access.Wanted(), 0, 100)
    store.dispose()
    assert {entry.address for entry in entries} == {None}
    assert [(entry.what, entry.subject, entry.detail) for entry in reversed(entries)] == [
        ("user added", "anna", "analyst, accounts th"),
        ("token added", "robot", "viewer, accounts all"),
        ("token revoked", "robot", "viewer, accounts all"),
        ("user added", "ada", "admin, accounts all"),
        ("user linked", "anna", "single sign-on of https://login.example"),
        ("user linked", "ada", "single sign-on of https://login.example, until now anna"),
        ("password changed", "ada", ""),
    ]
