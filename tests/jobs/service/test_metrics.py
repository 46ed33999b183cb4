"""Metrics: of the runs of this process and of the store, and nothing about money."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from jobs.config.config import Config, load
from jobs.run.opening.store import ready_store
from jobs.run.outcome import Outcome
from jobs.service.metrics import Metrics
from recon.model import BreakStatus
from recon.store.runs.alerts import AlertDecision, Message, Occasion, claim
from tests.kit.alert_samples import known, ran
from tests.kit.job import job
from tests.kit.retries import retry_at_once
from tests.kit.sandbox import Faults
from tests.kit.small_config import configured
from tests.kit.store_samples import HOUR, NOON

Figures = dict[tuple[str, ...], float]


def config(folder: Path) -> Config:
    return load(configured(folder), {}, needs=())


def figures(metrics: Metrics, name: str) -> Figures:
    """The samples of one name by their labels' values."""
    families = text_string_to_metric_families(metrics.render().decode())
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return {tuple(sample.labels[label] for label in sorted(sample.labels)): sample.value for sample in samples}


def test_the_store_is_counted_when_it_is_asked(tmp_path: Path) -> None:
    found = config(tmp_path)
    now: list[datetime] = [NOON + HOUR]
    metrics = Metrics(found, lambda: now[0])
    assert figures(metrics, "recon_open_breaks") == {}
    with ready_store(found) as store:
        closed = known("A-3", status=BreakStatus.RESOLVED)
        ran(store, (known("A-1"), "opened", ""), (known("A-2"), "opened", ""), (closed, "opened", ""))
        ran(store, at=NOON + timedelta(minutes=30), accounts=("jp",), complete=False)
        claim(
            store, Occasion(NOON, "run"), lambda _: AlertDecision(messages=[Message("json 1", "t", "t", "h", NOON)])
        )
    assert figures(metrics, "recon_up") == {(): 1}
    assert figures(metrics, "recon_open_breaks") == {("th", "charge_missing", "high"): 2}
    assert figures(metrics, "recon_runs_total") == {("run", "complete"): 1, ("run", "incomplete"): 1}
    assert figures(metrics, "recon_last_good_run_age_seconds") == {("th",): 3600}
    assert figures(metrics, "recon_alert_messages") == {("json 1", "pending"): 1}
    now[0] += HOUR
    assert figures(metrics, "recon_last_good_run_age_seconds") == {("th",): 7200}


def test_runs_of_this_process_add_up(tmp_path: Path) -> None:
    metrics = Metrics(config(tmp_path), lambda: NOON)
    pulled = {"th": {"pages": 5, "retries": 2, "new": 300, "changed": 7}}
    for _ in range(2):
        metrics.observe(Outcome(1, True, NOON, (), (), {"pull": 3.5}, (), pulled))
    assert figures(metrics, "recon_pull_pages_total") == {("th",): 10}
    assert figures(metrics, "recon_pull_retries_total") == {("th",): 4}
    assert figures(metrics, "recon_pull_rows_total") == {("th", "new"): 600, ("th", "changed"): 14}
    assert figures(metrics, "recon_stage_seconds_sum") == {("pull",): 7}


def test_without_its_store_it_still_answers(tmp_path: Path) -> None:
    (tmp_path / "recon.db").mkdir()
    metrics = Metrics(config(tmp_path), lambda: NOON)
    assert figures(metrics, "recon_up") == {(): 0}


def test_nothing_about_money_is_in_it(tmp_path: Path) -> None:
    found = config(tmp_path)
    with ready_store(found) as store:
        ran(store, (known("A-1", amount_at_risk=987_654_321), "opened", ""))
    text = Metrics(found, lambda: NOON).render().decode()
    assert "987654321" not in text.replace(".", "")
    assert "THB" not in text
    assert "A-1" not in text


async def test_a_run_says_what_its_pull_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    retry_at_once(monkeypatch)
    async with job(tmp_path, orders=20, accounts=("th",), faults=Faults(bad_gateway=6), plant=False) as made:
        outcome = await made.run(judge=False, record=False)
        made.server.set_faults(Faults())
        again = await made.run(judge=False, record=False)
    first, second = outcome.pulled["th"], again.pulled["th"]
    assert first["pages"] >= 7
    assert first["retries"] >= 1
    assert first["new"] == len(made.rows("charge")) + sum(
        len(made.rows(kind)) for kind in ("refund", "transfer", "transaction", "dispute", "event", "receipt")
    )
    assert (second["new"], second["changed"]) == (0, 0)
