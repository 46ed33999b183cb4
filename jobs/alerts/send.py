"""Tells people: claims what is new in the store, sends it to every channel on its own, and calls the heartbeat.

Apprise's only home. A channel that fails is recorded and tried again at the next call; it neither blocks nor silences
another. What was sent and not yet recorded as sent when a process dies is sent again.
"""

import asyncio
import hashlib
import warnings
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jobs.alerts.decide import RANGE_CHANGED, About, Digest, Notice, Scope, asked_about, compose, part
from jobs.alerts.letters import Letter, letter
from jobs.alerts.mail import mail_reports
from jobs.alerts.quiet import loud_at
from jobs.config.config import Config
from jobs.logs.errors import say
from jobs.logs.logs import bound, log
from jobs.logs.redaction import keep_secret, masked_for_logs
from jobs.run.lock import Busy
from jobs.run.outcome import JobError, Outcome, RunOptions
from jobs.run.run import ready_store, resolve, run
from jobs.service.nights import Finding
from recon.model import Severity
from recon.store.runs import alerts as kept

if TYPE_CHECKING:
    from apprise import NotifyBase

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
    found = [(section.urls, "alerts.urls", Scope(least=section.min_severity))]
    for at, route in enumerate(section.routes):
        found.append((route.urls, f"alerts.routes.{at}.urls", Scope(route.accounts, route.codes, route.min_severity)))
    result: dict[str, Channel] = {}
    for secret, place, scope in found:
        for number, url in enumerate(secret.reveal().split() if secret and secret.is_set else (), start=1):
            keep_secret(url)
            old = result.get(url)
            scopes = (*old.scopes, scope) if old else (scope,)
            result[url] = Channel(_name(url), old.place if old else f"{place} {number}", url, scopes)
    return tuple(result.values())


def _name(url: str) -> str:
    scheme, found, _ = url.partition("://")
    return f"{scheme if found else 'unknown'} {hashlib.sha256(url.encode()).hexdigest()[:8]}"


def is_understood(channel: Channel) -> bool:
    """Whether Apprise can make anything of the URL; nothing is sent."""
    return _plugin(channel.url) is not None


async def send_test(channel: Channel) -> str:
    """Send a test message; why it was not accepted, or nothing."""
    return await _send(channel, _TEST)


def _plugin(url: str) -> "NotifyBase | None":
    with _loading, warnings.catch_warnings():
        # The first URL loads every plugin, of which one imports a module that Python 3.11 calls deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        from apprise import Apprise, AppriseAsset, OverflowMode

        asset = AppriseAsset(app_id="omise-recon", app_desc="omise-recon", app_url="", secure_logging=True)
        plugin = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if plugin is not None and "overflow=" not in url:
        plugin.overflow_mode = OverflowMode.SPLIT  # a message too long for a service comes in parts
    return plugin


async def _send(channel: Channel, message: Letter | kept.Due, timeout_s: float = TIMEOUT_S) -> str:
    """Why the channel did not accept it, masked, or nothing. E-mail is sent as HTML with the text beside it."""
    plugin = await asyncio.to_thread(_plugin, channel.url)
    if plugin is None:
        return "the URL is not one that Apprise understands"
    from apprise import Apprise, NotifyFormat

    formats = plugin.notify_format  # one, or several with the service's favourite first
    favourite = formats[0] if isinstance(formats, tuple) else formats
    is_html = favourite == NotifyFormat.HTML
    body, kind = (message.html, NotifyFormat.HTML) if is_html else (message.text, NotifyFormat.TEXT)
    app = Apprise()
    app.add(plugin)
    try:
        sending = app.async_notify(body=body, title=message.title, body_format=kind)
        result = await asyncio.wait_for(sending, timeout_s)
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    except Exception as error:  # a plugin's own errors have no name here
        return masked_for_logs(f"{type(error).__name__}: {error}")
    if result:
        return ""
    said = [entry.message for entry in result.logs()]
    return masked_for_logs(said[-1]) if said else "not accepted"


class Teller:
    """Tells what a run or a night brought. Every method answers with what did not go, in words without secrets."""

    def __init__(self, config: Config, clock: Callable[[], datetime], timeout_s: float = TIMEOUT_S) -> None:
        self._config = config
        self._clock = clock
        self._timeout_s = timeout_s
        self._channels = channels(config)

    async def run_finished(self, outcome: Outcome, trigger: str) -> tuple[str, ...]:
        """One digest of a run: what is new or worse, what is not complete, what it un-signed; reports by mail."""
        about = About(
            self._clock(),
            outcome.as_of,
            outcome.run_id,
            trigger,
            tuple(path.name for path in outcome.reports),
            self._link,
            outcome.audit_head,
        )
        missing = await self._tell(about, _notices(outcome))
        return (*missing, *await mail_reports(self._config, outcome))

    async def run_failed(self, options: RunOptions, words: str, trigger: str) -> tuple[str, ...]:
        """A run ended before it could judge anything; told even where the store cannot be reached."""
        try:
            _, days = resolve(self._config, options, self._clock())
        except JobError:  # a mistake in what was asked: no night is at stake
            return ()
        notices = [Notice("failed", name, one.first, one.last, words) for name, one in days.items()]
        return await self._tell(self._about(trigger), notices)

    async def run_silent(self, outcome: Outcome, trigger: str) -> None:
        """Nobody is told of what a run found, now or later."""
        occasion = kept.Occasion(self._clock(), trigger, outcome.run_id)
        await asyncio.to_thread(self._claim, occasion, lambda _: kept.Decision())

    async def watch(self, findings: Iterable[Finding], now: datetime) -> tuple[str, ...]:
        """What the watchdog found, each once; and the all-clear of what was made good."""
        notices = [Notice(one.kind, one.account, one.day, one.day, one.words) for one in findings]
        return await self._tell(About(now, reason="watch", link=self._link), notices)

    async def range_unsigned(self, account: str, first: date, last: date, words: str) -> tuple[str, ...]:
        """A signed range came to something else outside a run; what a run un-signs stands in that run's digest."""
        return await self._tell(self._about("sign-off"), (Notice(RANGE_CHANGED, account, first, last, words),))

    async def retry(self, now: datetime) -> tuple[str, ...]:
        """Send what is due: fresh messages, held ones whose quiet hours are over, failed ones whose turn it is."""
        if not self._channels:
            return ()
        due = await asyncio.to_thread(self._take, now)
        found = await asyncio.gather(*(self._deliver(one, now) for one in due))
        return tuple(words for words in found if words)

    async def good_night(self, accounts: Sequence[str]) -> bool:
        """Call the heartbeat's URL; false where it did not answer. Whoever watches it sees the silence."""
        secret = self._config.alerts.heartbeat_url
        if secret is None or not secret.is_set:
            return True
        import aiohttp

        keep_secret(secret.reveal())
        limit = aiohttp.ClientTimeout(total=HEARTBEAT_S)
        try:
            async with aiohttp.ClientSession(timeout=limit) as session, session.get(secret.reveal()) as answer:
                problem = "" if answer.status < 400 else f"status {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            problem = type(error).__name__
        if problem:
            log("heartbeat not accepted", level="warning", problem=problem, accounts=list(accounts))
        return not problem

    @property
    def _link(self) -> str:
        return self._config.page.public_url or ""

    def _about(self, reason: str) -> About:
        return About(self._clock(), reason=reason, link=self._link)

    async def _tell(self, about: About, notices: Sequence[Notice]) -> tuple[str, ...]:
        scopes = [scope for channel in self._channels for scope in channel.scopes]
        least = min((scope.least for scope in scopes), default=Severity.CRITICAL)
        occasion = kept.Occasion(about.at, about.reason, about.run_id, asked_about(notices), least)

        def decide(state: kept.State) -> kept.Decision:
            digest, claims, cleared = compose(state, about, scopes, notices)
            return kept.Decision(claims, self._messages(digest), cleared) if scopes else kept.Decision()

        try:
            await asyncio.to_thread(self._claim, occasion, decide)
        except Exception as error:  # a database's own errors have no name here
            unkept = await self._tell_without_store(Digest(about, tuple(notices)))
            return (f"the store could not keep the alert: {_in_a_line(error)}", *unkept)
        return await self.retry(about.at)

    async def _tell_without_store(self, digest: Digest) -> tuple[str, ...]:
        """That something failed, at once and unrecorded: it may be told again."""
        parts = [(channel, part(digest, channel.scopes)) for channel in self._channels]
        chosen = [(channel, letter(mine, self._config.currencies())) for channel, mine in parts if not mine.empty]
        found = await asyncio.gather(*(_send(channel, one, self._timeout_s) for channel, one in chosen))
        pairs = zip(chosen, found, strict=True)
        return tuple(f"alert to {channel.name}: {error}" for (channel, _), error in pairs if error)

    def _messages(self, digest: Digest) -> list[kept.Message]:
        found = []
        for channel in self._channels:
            mine = part(digest, channel.scopes)
            if not mine.empty:
                one = letter(mine, self._config.currencies())
                found.append(kept.Message(channel.name, one.title, one.text, one.html, self._due(mine)))
        return found

    def _due(self, digest: Digest) -> datetime:
        """Quiet hours hold everything but a digest with a critical break; they are those of the first account in the
        configuration that the digest speaks of."""
        at, known = digest.about.at, self._config.accounts
        if digest.worst == Severity.CRITICAL:
            return at
        named = [name for name in known if name in digest.accounts] or list(known)
        return loud_at(at, self._config.alerts.quiet_hours, known[named[0]].timezone)

    def _claim(self, occasion: kept.Occasion, decide: Callable[[kept.State], kept.Decision]) -> None:
        with ready_store(self._config) as store:
            kept.claim(store, occasion, decide)

    def _take(self, now: datetime) -> list[kept.Due]:
        with ready_store(self._config) as store:
            return kept.take_due(store, now, LEASE)

    async def _deliver(self, due: kept.Due, now: datetime) -> str:
        channel = next((one for one in self._channels if one.name == due.channel), None)
        error = await _send(channel, due, self._timeout_s) if channel else "the channel is not configured any more"
        again = now + FIRST_WAIT * 5 ** (due.tries - 1) if channel and due.tries < TRIES else None
        await asyncio.to_thread(self._finish, due, error, again)
        if not error:
            log("alert sent", channel=due.channel, title=due.title, tries=due.tries)
            return ""
        words = f"alert to {due.channel}: {error}; " + ("tried again later" if again else "given up")
        log("alert not sent", level="warning", channel=due.channel, error=error, tries=due.tries)
        return words

    def _finish(self, due: kept.Due, error: str, again: datetime | None) -> None:
        with ready_store(self._config) as store:
            kept.finish(store, due, self._clock(), error, again)


def _notices(outcome: Outcome) -> list[Notice]:
    """Each account that was not judged to its end, all of them where none is named; and what was un-signed."""
    found = [Notice(RANGE_CHANGED, one.account, one.first, one.last, one.words) for one in outcome.unsigned]
    if outcome.complete:
        return found
    whole = {one.account.name for one in outcome.results if one.complete}
    days = {name: span for name, span in outcome.days.items() if name not in whole} or outcome.days
    return [*found, *(Notice("incomplete", name, *span, _why(outcome, name)) for name, span in days.items())]


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
            await _said(teller.run_failed(options, _in_a_line(error), options.command))
        raise
    if silent:
        await _said(teller.run_silent(outcome, options.command))
        return outcome
    await _said(teller.run_finished(outcome, options.command))
    log("run over", run_id=outcome.run_id, complete=outcome.complete, messages=list(outcome.messages))
    nightly = options.first is None and options.last is None and not options.accounts and options.as_of is None
    if nightly and outcome.complete and not await teller.good_night([one.account.name for one in outcome.results]):
        say("the heartbeat's URL did not accept the call")
    return outcome


async def _said(telling: Any) -> None:
    try:
        for words in await telling or ():
            say(words)
    except Exception as error:  # whatever goes wrong with telling, the run is what counts
        say(f"alerts: {_in_a_line(error)}")


def _in_a_line(error: Exception) -> str:
    messages = getattr(error, "messages", None)
    text = "; ".join(messages) if isinstance(messages, tuple) else f"{type(error).__name__}: {error}"
    return text.partition("\n")[0]
