"""What only some need: each refusal names what to install, and everything else runs without it."""

import subprocess
import sys
from pathlib import Path

import pytest

from jobs.logs import tracing
from recon.extras import EXTRAS, advice
from recon.tabular.table import SourceUnreadable
from tests.jobs.cli.test_app import recon
from tests.jobs.config.test_config import ENV, SIGN_ON, read, refused
from tests.kit.small_config import ONE_ACCOUNT, configured
from tests.recon.orders.test_csv import a_source, load
from tests.test_project import EXTRAS as PROJECT_EXTRAS

URLS = {"STORE": "postgresql://u:canary@h/recon", "ALERTS": "json://canary@h"}
ON_POSTGRESQL = ONE_ACCOUNT.replace('"sqlite:///var/recon.db"', '{ env = "STORE" }')
ALERTS = '[alerts]\nurls = { env = "ALERTS" }\n'
ROUTE = '[[alerts.routes]]\nurls = { env = "ALERTS" }\n'
QUEUE = '[queue]\nurl = { env = "STORE" }\n'
DELIVERY = '[reports]\ndeliver = ["s3://bucket/reports"]\n'
# Every module that a command may import, and a command.
WITHOUT = """
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys(("apprise", "procrastinate", "psycopg")))
import jobs
for module in pkgutil.walk_packages(jobs.__path__, "jobs."):
    if module.name not in ("jobs.batch.queue", "jobs.batch.worker"):
        importlib.import_module(module.name)
from jobs.cli.app import main
main()
"""


def without(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    """As if it were not installed."""
    monkeypatch.setitem(sys.modules, library, None)


@pytest.mark.parametrize(
    ("library", "place", "text"),
    [
        ("psycopg", "store.url: ", ON_POSTGRESQL),
        ("psycopg", "store.url: ", ONE_ACCOUNT.replace("sqlite:///var/recon.db", "postgresql://h/recon")),
        ("apprise", "alerts.urls: ", ONE_ACCOUNT + ALERTS),
        ("apprise", "alerts.routes.0.urls: ", ONE_ACCOUNT + ROUTE),
        ("procrastinate", "queue: ", ON_POSTGRESQL + QUEUE),
        ("joserfc", "page.oidc: ", ONE_ACCOUNT + SIGN_ON),
        ("obstore", 'reports.deliver.0: "s3://bucket/reports" ', ONE_ACCOUNT + DELIVERY),
    ],
)
def test_the_configuration_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, library: str, place: str, text: str
) -> None:
    without(monkeypatch, library)
    words = f"{place}needs {library}: pip install 'omise-recon[{EXTRAS[library]}]'"
    assert refused(tmp_path, text, ENV | URLS) == (words,)


def test_what_is_not_set_needs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for library in EXTRAS:
        without(monkeypatch, library)
    assert read(tmp_path, ALERTS + ROUTE).alerts.urls


@pytest.mark.parametrize(("library", "scheme"), [("pymysql", "mysql"), ("psycopg", "postgresql")])
def test_a_source_of_orders_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, library: str, scheme: str
) -> None:
    without(monkeypatch, library)
    with pytest.raises(SourceUnreadable) as raised:
        load(a_source(tmp_path, kind="sql", url=f"{scheme}://shop@db/shop", query="SELECT :from, :to"))
    assert str(raised.value) == f"[orders.shop] {advice(library)}"


def test_traces_that_are_asked_for_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "opentelemetry")
    for name in [name for name in sys.modules if name.startswith("opentelemetry.")]:
        without(monkeypatch, name)
    [words] = tracing.start({tracing.ASKED_BY[0]: "http://127.0.0.1:4318"})
    assert words == "traces: needs opentelemetry: pip install 'omise-recon[tracing]'"


def test_every_extra_is_one_of_the_project() -> None:
    assert set(EXTRAS.values()) == set(PROJECT_EXTRAS) - {"dev"}


def run_without(*words: object) -> None:
    command = [sys.executable, "-c", WITHOUT, *map(str, words)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr


@pytest.mark.proof  # the suite sees it of what reads: tests/jobs/cli/test_reading.py
def test_no_command_imports_them(tmp_path: Path) -> None:
    run_without("--config", configured(tmp_path), "db", "upgrade")


@pytest.mark.proof
def test_a_night_needs_none_of_them(tmp_path: Path) -> None:
    run_without("demo", "--orders", 100, "--out", tmp_path)
    assert list(tmp_path.glob("reports/*.xlsx"))


def test_a_worker_without_a_queue_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without(monkeypatch, "jobs.batch.worker")
    refusal = recon("--config", configured(tmp_path, text=ONE_ACCOUNT), "worker", env=ENV)
    assert (refusal.code, "there is no [queue] in the configuration" in refusal.err) == (2, True)
