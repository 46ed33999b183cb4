"""Tells people: claims what is new in the store, sends it to every channel on its own, and calls the heartbeat.

Apprise's only home. A channel that fails is recorded and tried again at the next call; it neither blocks nor silences
another. What was sent and not yet recorded as sent when a process dies is sent again.
"""

import asyncio
import hashlib
import warnings
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import aiohttp

from jobs.alerts.decide import INCOMPLETE, RANGE_CHANGED, About, Digest, Notice, Scope, asked_about, compose, part
from jobs.alerts.letters import Letter, letter_of
from jobs.alerts.mail import mail_reports
from jobs.alerts.quiet import loud_at
from jobs.config.config import Config, ConfigError
from jobs.logs.errors import one_line, say
from jobs.logs.logs import bound, log
from jobs.logs.redaction import keep_secret, masked_for_logs
from jobs.run.lock import Busy
from jobs.run.moments.days import resolve
from jobs.run.moments.gateway_clock import ClockWrong
from jobs.run.moments.nights import Finding
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError, Outcome, RunOptions
from jobs.run.run import run
from recon.model import Severity
from recon.omise.failures import failure
from recon.store.runs import alerts, attempts

if TYPE_CHECKING:
    from apprise import NotifyBase

T = TypeVar("T")

TIMEOUT_S = 30.0  # of one channel
LEASE = timedelta(minutes=5)  # of a message that is being sent
TRIES = 6
FIRST_WAIT = timedelta(minutes=1)  # before the second try; five times as long before each further one
HEARTBEAT_S = 15.0
_loading = Lock()  # what catches warnings is one for all threads
_TEST = Letter(
    "recon: test message",
    "This channel gets the alerts of omise-recon. Nothing is wrong.\n",
    "<p>This channel gets the alerts of omise-recon. Nothing is wrong.</p>",
)


@dataclass(frozen=True)
class Channel:
    """One URL of Apprise and what it gets; `name` gives nothing of the URL away, `place` is where the file has it."""

    name: str
    place: str
    url: str = field(repr=False)
    scopes: tuple[Scope, ...]


def channels(config: Config) -> tuple[Channel, ...]:
    """Every channel once: the general ones, then those of routes, which get theirs besides."""
    section = config.alerts
    routes = [(section.urls, "alerts.urls", Scope(least=section.min_severity, proofs=section.proofs))]
    for at, route in enumerate(section.routes):
        scope = Scope(route.accounts, route.codes, route.min_severity, section.proofs)
        routes.append((route.urls, f"alerts.routes.{at}.urls", scope))
    by_url: dict[str, Channel] = {}
    for secret, place, scope in routes:
        for number, url in enumerate(secret.reveal().split() if secret and secret.is_set else (), start=1):
            keep_secret(url)
            channel = by_url.get(url) or Channel(_name(url), f"{place} {number}", url, ())
            by_url[url] = replace(channel, scopes=(*channel.scopes, scope))
    return tuple(by_url.values())


def _name(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    return f"{scheme if separator else 'unknown'} {hashlib.sha256(url.encode()).hexdigest()[:8]}"


def is_understood(channel: Channel) -> bool:
    """Whether Apprise can make anything of the URL; nothing is sent."""
    return _plugin(channel.url) is not None


async def send_test(channel: Channel) -> str:
    """Send a test message; why it was not accepted, or nothing."""
    return await _send(channel, _TEST)


def _plugin(url: str) -> "NotifyBase | None":
    from apprise import Apprise, AppriseAsset, OverflowMode  # late: only who has channels needs it

    with _loading, warnings.catch_warnings():
        # The first URL loads every plugin, of which one imports a module that Python 3.11 calls deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        asset = AppriseAsset(app_id="omise-recon", app_desc="omise-recon", app_url="", secure_logging=True)
        plugin = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if plugin is not None and "overflow=" not in url:
        plugin.overflow_mode = OverflowMode.SPLIT  # a message too long for a service comes in parts
    return plugin


async def _send(channel: Channel, message: Letter | alerts.Due, timeout_s: float = TIMEOUT_S) -> str:
    """Why the channel did not accept it, masked, or nothing. E-mail is sent as HTML with the text beside it."""
    plugin = await asyncio.to_thread(_plugin, channel.url)
    if plugin is None:
        return "the URL is not one that Apprise understands"
    from apprise import Apprise, NotifyFormat  # late, as above

    formats = plugin.notify_format  # one, or several with the service's favourite first
    favourite = formats[0] if isinstance(formats, tuple) else formats
    body_format = NotifyFormat.HTML if favourite == NotifyFormat.HTML else NotifyFormat.TEXT
    body = message.html if body_format == NotifyFormat.HTML else message.text
    app = Apprise()
    app.add(plugin)
    try:
        sending = app.async_notify(body=body, title=message.title, body_format=body_format)
        result = await asyncio.wait_for(sending, timeout_s)
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    except Exception as error:  # a plugin's own errors have no name here
        return masked_for_logs(one_line(error))
    if result:
        return ""
    messages = [entry.message for entry in result.logs()]
    return masked_for_logs(messages[-1]) if messages else "not accepted"


class Teller:
    """Tells what a run or a night brought. Every method answers with what did not go, in words without secrets."""

    def __init__(self, config: Config, clock: Callable[[], datetime], timeout_s: float = TIMEOUT_S) -> None:
        self._config = config
        self._clock = clock
        self._timeout_s = timeout_s
        self._channels = channels(config)

    async def run_finished(self, outcome: Outcome, trigger: str) -> tuple[str, ...]:
        """One digest of a run: what is new or worse, what is not complete, what it un-signed; reports by mail."""
        about = replace(
            self._about(trigger),
            as_of=outcome.as_of,
            run_id=outcome.run_id,
            workbooks=tuple((account_of(path), path.name) for path in outcome.reports),
            audit_head=outcome.audit_head,
        )
        problems = await self._tell(about, await self._notices_to_tell(outcome))
        return (*problems, *await mail_reports(self._config, outcome))

    async def _notices_to_tell(self, outcome: Outcome) -> list[Notice]:
        """Those of a run, but of accounts that were told before that they wait for these files as they are."""
        notices = _notices(outcome)
        if not outcome.waits_on or outcome.run_id is None or outcome.of_today:
            return notices
        silent = await self._stored(attempts.accounts_told_of, outcome.run_id, outcome.waits_on)
        return [
            replace(notice, again=notice.kind == INCOMPLETE)
            for notice in notices
            if notice.kind != INCOMPLETE or notice.account not in silent
        ]

    async def run_failed(self, options: RunOptions, words: str, trigger: str, stored: bool = True) -> tuple[str, ...]:
        """A run ended before it could judge anything; told even where the store cannot be reached.

        Without `stored` nothing is kept of it, as where the clock is wrong: it may be told again.
        """
        try:
            _, days = resolve(self._config, options, self._clock())
        except JobError:  # a mistake in what was asked: no night is at stake
            return ()
        kind = alerts.WATCH_FAILED if options.today else "failed"
        notices = [Notice(kind, name, span.first, span.last, words) for name, span in days.items()]
        about = self._about(trigger)
        return await (
            self._tell(about, notices) if stored else self._tell_without_store(Digest(about, tuple(notices)))
        )

    async def run_silent(self, outcome: Outcome, trigger: str) -> None:
        """Nobody is told of what a run found, now or later."""
        occasion = alerts.Occasion(self._clock(), trigger, outcome.run_id)
        await self._stored(alerts.claim, occasion, lambda _: alerts.AlertDecision())

    async def watch(self, findings: Iterable[Finding], now: datetime) -> tuple[str, ...]:
        """What the watchdog found, each once; and the all-clear of what was made good."""
        notices = [
            Notice(finding.kind, finding.account, finding.day, finding.day, finding.words) for finding in findings
        ]
        return await self._tell(replace(self._about("watch"), at=now), notices)

    async def retry(self, now: datetime) -> tuple[str, ...]:
        """Send what is due: fresh messages, held ones whose quiet hours are over, failed ones whose turn it is."""
        if not self._channels:
            return ()
        due = await self._stored(alerts.take_due, now, LEASE)
        problems = await asyncio.gather(*(self._deliver(message, now) for message in due))
        return tuple(filter(None, problems))

    async def good_night(self, accounts: Sequence[str]) -> bool:
        """Call the heartbeat's URL; false where it did not answer. Whoever watches it sees the silence."""
        secret = self._config.alerts.heartbeat_url
        if secret is None or not secret.is_set:
            return True
        url = secret.reveal()
        keep_secret(url)
        limit = aiohttp.ClientTimeout(total=HEARTBEAT_S)
        try:
            line = self._config.line(url)
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.get(url, proxy=line.proxy or None, ssl=line.tls or True) as answer,
            ):
                problem = "" if answer.status < 400 else f"status {answer.status}"
        except TimeoutError:
            problem = f"no answer within {HEARTBEAT_S:g} s"
        except aiohttp.ClientError as error:
            problem = failure(error).words
        except (OSError, ValueError, ConfigError) as error:
            problem = type(error).__name__
        if problem:
            log("heartbeat not accepted", level="warning", problem=problem, accounts=list(accounts))
        return not problem

    def _about(self, reason: str) -> About:
        return About(self._clock(), reason=reason, link=self._config.page.public_url or "")

    async def _tell(self, about: About, notices: Sequence[Notice]) -> tuple[str, ...]:
        scopes = [scope for channel in self._channels for scope in channel.scopes]
        least = min((scope.least for scope in scopes), default=Severity.CRITICAL)
        occasion = alerts.Occasion(about.at, about.reason, about.run_id, asked_about(notices), least)

        def decide(state: alerts.AlertState) -> alerts.AlertDecision:
            digest, claims, cleared = compose(state, about, scopes, notices)
            return alerts.AlertDecision(claims, self._messages(digest), cleared) if scopes else alerts.AlertDecision()

        try:
            await self._stored(alerts.claim, occasion, decide)
        except Exception as error:  # a database's own errors have no name here
            problems = await self._tell_without_store(Digest(about, tuple(notices)))
            return (f"the store could not keep the alert: {_in_a_line(error)}", *problems)
        return await self.retry(about.at)

    async def _tell_without_store(self, digest: Digest) -> tuple[str, ...]:
        """That something failed, at once and unrecorded: it may be told again."""
        letters = self._letters(digest)
        errors = await asyncio.gather(*(_send(channel, letter, self._timeout_s) for channel, letter, _ in letters))
        pairs = zip(letters, errors, strict=True)
        return tuple(f"alert to {channel.name}: {error}" for (channel, *_), error in pairs if error)

    def _messages(self, digest: Digest) -> list[alerts.Message]:
        return [
            alerts.Message(channel.name, letter.title, letter.text, letter.html, due)
            for channel, letter, due in self._letters(digest)
        ]

    def _letters(self, digest: Digest) -> list[tuple[Channel, Letter, datetime]]:
        """What each channel gets of a digest, and when; nothing for those that it does not concern."""
        parts = [(channel, part(digest, channel.scopes)) for channel in self._channels]
        return [
            (channel, letter_of(own, self._config.currencies()), self._due(own))
            for channel, own in parts
            if not own.empty
        ]

    def _due(self, digest: Digest) -> datetime:
        """Quiet hours hold everything but a digest with a critical break; they are those of the first account in the
        configuration that the digest speaks of."""
        at = digest.about.at
        accounts = self._config.accounts
        if digest.worst == Severity.CRITICAL:
            return at
        first = next((name for name in accounts if name in digest.accounts), next(iter(accounts)))
        return loud_at(at, self._config.alerts.quiet_hours, accounts[first].timezone)

    async def _stored(self, function: Callable[..., T], *arguments: Any) -> T:
        """What a function of the store answers, the store opened for it."""

        def call() -> T:
            with ready_store(self._config) as store:
                return function(store, *arguments)

        return await asyncio.to_thread(call)

    async def _deliver(self, due: alerts.Due, now: datetime) -> str:
        channel = next((channel for channel in self._channels if channel.name == due.channel), None)
        error = await _send(channel, due, self._timeout_s) if channel else "the channel is not configured any more"
        again = now + FIRST_WAIT * 5 ** (due.tries - 1) if channel and due.tries < TRIES else None
        await self._stored(alerts.finish, due, self._clock(), error, again)
        if not error:
            log("alert sent", channel=due.channel, title=due.title, tries=due.tries)
            return ""
        words = f"alert to {due.channel}: {error}; " + ("tried again later" if again else "given up")
        log("alert not sent", level="warning", channel=due.channel, error=error, tries=due.tries)
        return words


def account_of(report: Path) -> str:
    """Of a file's name, else of its folder's (CSV, Parquet), as reports are named."""
    name = next((name for name in (report.name, report.parent.name) if name.startswith("settlement_")), "")
    return name.removeprefix("settlement_").rsplit("_", 2)[0]


def _notices(outcome: Outcome) -> list[Notice]:
    """Each account that was not judged to its end, all of them where none is named; and what was un-signed."""
    notices = [
        Notice(RANGE_CHANGED, unsigned.account, unsigned.first, unsigned.last, unsigned.words)
        for unsigned in outcome.unsigned
    ]
    if outcome.complete:
        return notices
    complete = {result.account.name for result in outcome.results if result.complete}
    days = {name: span for name, span in outcome.days.items() if name not in complete} or outcome.days
    kind = alerts.WATCH_FAILED if outcome.of_today else INCOMPLETE
    return notices + [Notice(kind, name, *span, _why(outcome, name)) for name, span in days.items()]


def _why(outcome: Outcome, account: str) -> str:
    """What the run says of an account, else what it says of none."""
    own = [words for words in outcome.messages if f'account "{account}"' in words]
    general = [words for words in outcome.messages if not words.startswith('account "')]
    return "; ".join(own or general) or "a list's total and the rows stored of it differ; run again"


async def run_and_tell(
    config: Config, options: RunOptions, clock: Callable[[], datetime], progress: Any, silent: bool = False
) -> Outcome:
    """The job, and then who is told of it: everybody, or nobody with `silent`. What could not be told is said on
    stderr and changes nothing of the outcome."""
    with bound(job=uuid4().hex[:8]):
        return await tell_of(Teller(config, clock), partial(run, config, options, clock, progress), options, silent)


async def tell_of(
    teller: Teller, work: Callable[[], Awaitable[Outcome]], options: RunOptions, silent: bool = False
) -> Outcome:
    """A run of these options, told as `run_and_tell` does, whatever runs it."""
    try:
        outcome = await work()
    except Busy:
        raise  # another run of these accounts goes on, and tells
    except Exception as error:
        if not silent:
            kept = not isinstance(error, ClockWrong)
            await _say_problems(teller.run_failed(options, _in_a_line(error), options.command, kept))
        raise
    if silent:
        await _say_problems(teller.run_silent(outcome, options.command))
        return outcome
    await _say_problems(teller.run_finished(outcome, options.command))
    log("run over", run_id=outcome.run_id, complete=outcome.complete, messages=list(outcome.messages))
    nightly = (
        not options.today
        and options.first is None
        and options.last is None
        and not options.accounts
        and options.as_of is None
    )
    if (
        nightly
        and outcome.complete
        and not await teller.good_night([result.account.name for result in outcome.results])
    ):
        say("the heartbeat's URL did not accept the call")
    return outcome


async def _say_problems(telling: Awaitable[tuple[str, ...] | None]) -> None:
    try:
        for words in await telling or ():
            say(words)
    except Exception as error:  # whatever goes wrong with telling, the run is what counts
        say(f"alerts: {_in_a_line(error)}")


def _in_a_line(error: Exception) -> str:
    messages = getattr(error, "messages", None)
    return "; ".join(messages).partition("\n")[0] if isinstance(messages, tuple) else one_line(error)
