"""Figures for Prometheus: of this process's runs, and of the store when it is asked."""

from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from jobs.config.config import Config
from jobs.run.opening.store import ready_store
from jobs.run.outcome import Outcome
from recon.store.queue import webhooks
from recon.store.runs import alerts, attempts, figures

_BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)


class Metrics:
    """One registry. `observe` every run of this process; `render` opens the store, so call it in a thread."""

    def __init__(self, config: Config, clock: Callable[[], datetime]) -> None:
        registry = self._registry = CollectorRegistry()
        self._stages = Histogram(
            "recon_stage_seconds", "Duration of a run's stages", ["stage"], buckets=_BUCKETS, registry=registry
        )
        self._pages = Counter("recon_pull_pages", "Whole answers of Omise", ["account"], registry=registry)
        self._retries = Counter("recon_pull_retries", "Answers worth another try", ["account"], registry=registry)
        self._rows = Counter("recon_pull_rows", "Objects written", ["account", "what"], registry=registry)
        self._webhooks = Counter(
            "recon_webhooks", "Webhooks by what became of them", ["account", "what"], registry=registry
        )
        registry.register(_Stored(config, clock))

    def observe(self, outcome: Outcome) -> None:
        """A run of this process is over."""
        for stage, seconds in outcome.timings.items():
            self._stages.labels(stage).observe(seconds)
        for account, counts in outcome.pulled.items():
            self._pages.labels(account).inc(counts["pages"])
            self._retries.labels(account).inc(counts["retries"])
            for what in ("new", "changed"):
                self._rows.labels(account, what).inc(counts[what])

    def count_webhook(self, account: str, what: str) -> None:
        """A webhook was taken or refused."""
        self._webhooks.labels(account, what).inc()

    def render(self) -> bytes:
        """Everything in Prometheus's text format; without the store recon_up is 0."""
        return generate_latest(self._registry)


class _Stored(Collector):
    def __init__(self, config: Config, clock: Callable[[], datetime]) -> None:
        self._config = config
        self._clock = clock

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing is collected when it is registered."""
        return []

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """What the store says now."""
        up = GaugeMetricFamily("recon_up", "Whether the store could be read")
        try:
            families = self._families()
        except Exception:  # a database's own errors have no name here
            families = []
        up.add_metric([], 1 if families else 0)
        yield up
        yield from families

    def _families(self) -> list[CounterMetricFamily | GaugeMetricFamily]:
        runs = CounterMetricFamily("recon_runs", "Recorded runs", labels=["command", "status"])
        open_ = GaugeMetricFamily(
            "recon_open_breaks", "Breaks that are not closed", labels=["account", "code", "severity"]
        )
        age = GaugeMetricFamily(
            "recon_last_good_run_age_seconds", "Since the last complete run of an account", labels=["account"]
        )
        looked = GaugeMetricFamily(
            "recon_last_look_age_seconds",
            "Since an account was last looked at to the end, by a run or a watch",
            labels=["account"],
        )
        sent = GaugeMetricFamily("recon_alert_messages", "Messages to channels", labels=["channel", "status"])
        missed = GaugeMetricFamily(
            "recon_webhooks_missed", "Events of the last days that no webhook brought", labels=["account"]
        )
        now = self._clock()
        with ready_store(self._config) as store:
            for names, count in figures.runs_by_status(store).items():
                runs.add_metric(names, count)
            for keys, count in figures.open_breaks(store).items():
                open_.add_metric(keys, count)
            for account, moment in figures.last_good_runs(store).items():
                age.add_metric([account], (now - moment).total_seconds())
            for account, moment in attempts.last_looks(store).items():
                looked.add_metric([account], (now - moment).total_seconds())
            for place, count in alerts.deliveries(store).items():
                sent.add_metric(place, count)
            for account in self._config.accounts if self._config.page.webhooks else ():
                missed.add_metric([account], webhooks.delivery(store, account, now).missed)
        return [runs, open_, age, looked, sent, missed]
