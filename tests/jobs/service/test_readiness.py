"""What `recon serve` wants: every reason against it at once, and the same in `recon check --serve`."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.service.readiness import refusals
from jobs.service.site import is_loopback
from recon.people import Person, Role
from recon.store.desk import people
from recon.store.engine import Store
from tests.jobs.cli.test_app import recon
from tests.kit.job import clock
from tests.kit.night_process import free_port
from tests.kit.retries import retry_at_once
from tests.kit.small_config import ONE_ACCOUNT, configured
from tests.kit.store_samples import opened

KEY = {"TH_KEY": "skey_test_1"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    yield from opened("sqlite", tmp_path)


def page(folder: Path, keys: str) -> Config:
    """A configuration with these keys of [page]."""
    return configuration.load(configured(folder, f"\n[page]\nport = {free_port()}\n{keys}", ONE_ACCOUNT), KEY)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"])
async def test_loopback_needs_neither_users_nor_tls(host: str, store: Store, tmp_path: Path) -> None:
    assert is_loopback(host)
    assert await refusals(page(tmp_path, f'host = "{host}"'), store, clock()) == []


async def test_off_loopback_the_page_needs_users_a_name_and_tls_or_a_proxy(store: Store, tmp_path: Path) -> None:
    bare = page(tmp_path, 'host = "0.0.0.0"')
    users, tls, name = await refusals(bare, store, clock())
    assert "there are no users: recon users add NAME --role admin" in users
    assert "there is no TLS" in tls
    assert "page.public_url" in name
    proxied = page(tmp_path, 'host = "0.0.0.0"\nbehind_proxy = true\npublic_url = "https://recon.example"')
    assert await refusals(proxied, store, clock()) == [users]
    act = people.Act("test", clock())
    people.add_user(store, Person("ada", Role.ANALYST), "hash", act)
    assert await refusals(proxied, store, clock()) == []
    assert await refusals(bare, store, clock()) == [tls, name]
    people.disable_user(store, "ada", act)
    assert await refusals(proxied, store, clock()) == [users]


async def test_single_sign_on_wants_its_secret(store: Store, tmp_path: Path) -> None:
    sign_on = 'issuer = "https://login.example"\nclient_id = "recon"\nroles = { finance = "analyst" }\n'
    secret = 'client_secret = { env = "OIDC" }\n'
    config = page(tmp_path, f'public_url = "https://recon.example"\n[page.oidc]\n{sign_on}{secret}')
    assert await refusals(config, store, clock()) == ["page.oidc.client_secret: environment variable OIDC is not set"]


async def test_a_certificate_that_is_none_and_an_address_that_is_taken_are_reasons(
    store: Store, tmp_path: Path
) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("nothing", encoding="utf-8")
    config = page(tmp_path, 'tls = { cert = "cert.pem", key = "key.pem" }')
    with socket.create_server(("127.0.0.1", config.page.port)):
        tls, port = await refusals(config, store, clock())
    assert tls.startswith("page.tls: ")
    assert port == f"page: 127.0.0.1:{config.page.port} cannot be served (Address already in use)"
    assert await refusals(config, store, clock(), page=False) == []


def test_serve_refuses_with_all_reasons_at_once_at_level_error_and_check_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retry_at_once(monkeypatch)
    more = f'[schedule]\nnightly = "99 1 * * *"\n[page]\nhost = "0.0.0.0"\nport = {free_port()}\n'
    path = configured(tmp_path, more, ONE_ACCOUNT)
    monkeypatch.setenv("TH_KEY", KEY["TH_KEY"])
    refused = recon("--config", path, "serve")
    assert refused.code == 2
    named, *lines = [json.loads(line) for line in refused.err.splitlines()]
    assert (named["event"].partition(":")[0], named["level"]) == ("store", "info")
    assert [line["level"] for line in lines] == ["error"] * 4
    checked = recon("--config", path, "check", "--serve", "--json")
    items = json.loads(checked.out)["items"]
    assert [item["details"] for item in items if item["what"] == "serve"] == [line["event"] for line in lines]
    assert checked.code == 2
