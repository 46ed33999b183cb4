"""Asks Omise's API politely and patiently for one account."""

import asyncio
import math
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar

import aiohttp
import msgspec
from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from recon.bounds import LARGEST_BODY
from recon.omise.failures import Failure, failure
from recon.omise.line import DIRECT, Line
from recon.omise.objects import BadAnswer, UnexpectedShape

T = TypeVar("T")

API_VERSION = "2019-05-29"
UNEXPECTED_SHAPES = 2  # tries, where whole JSON came that was not asked for


class OmiseError(Exception):
    """Omise did not give what was asked for; the message never holds a key or a customer."""


class KeyRefused(OmiseError):
    """The secret key is wrong, revoked, or not allowed here (401, 403)."""


class NotFound(OmiseError):
    """There is no such object or list (404); `code` is Omise's, null where a gateway answered."""

    def __init__(self, message: str, code: str | None) -> None:
        super().__init__(message)
        self.code = code


class RequestRefused(OmiseError):
    """Omise does not accept the request, and would not accept it again; `code` says why, where Omise names it."""

    def __init__(self, message: str, code: str | None) -> None:
        super().__init__(message)
        self.code = code


class Unavailable(OmiseError):
    """Omise gave no usable answer, however often it was asked, or the deadline passed."""


class _Retry(Exception):
    """Worth another try, `after_s` seconds later at the earliest.

    `busy` where everyone should wait; `unexpected` where the answer was whole JSON that nobody asked for, which
    seldom passes.
    """

    def __init__(self, why: str, after_s: float = 0.0, busy: bool = False, unexpected: bool = False) -> None:
        super().__init__(why)
        self.after_s = after_s
        self.busy = busy
        self.unexpected = unexpected


class _Error(msgspec.Struct):
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard one account's API is asked, and for how long.

    `deadline_s` counts from the opening of the client. Waits between tries double from `backoff_s` with jitter up to
    `ceiling_s`; what Retry-After asks for is waited whole. Omise publishes no numbers, advises at most 10 in flight,
    and sends no Retry-After today (docs.omise.co/api-rate-limiting). `connect_s` is for a connection (the
    proxy's part included), `silence_s` until the first byte and between bytes, `timeout_s` for a whole answer.
    """

    requests_per_second: float = 10.0
    concurrency: int = 8
    deadline_s: float = 7200.0
    attempts: int = 8
    backoff_s: float = 0.5
    ceiling_s: float = 30.0
    timeout_s: float = 60.0
    connect_s: float = 15.0
    silence_s: float = 30.0


class SharedRate(Protocol):
    """The rate of requests, where others ask with the same key on other machines."""

    async def acquire(self) -> None:
        """Comes back when the next request may go."""

    async def pause(self, span_s: float) -> None:
        """Omise wants to be left alone for so long, by everybody."""


class Client:
    """One account's API. Get one from `open_client`; share it between tasks of one event loop."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        limits: Limits,
        shared_rate: SharedRate | None = None,
        proxy: str = "",
    ) -> None:
        self._session = session
        self._proxy = proxy or None
        self._base_url = base_url.rstrip("/")
        self._limits = limits
        self._in_flight = asyncio.Semaphore(limits.concurrency)
        # One at a time: a larger bucket would let a burst of its whole size through (aiolimiter issues 298, 304).
        rate = limits.requests_per_second
        alone = shared_rate is None and math.isfinite(rate)
        self._own_rate: AbstractAsyncContextManager[None] = AsyncLimiter(1, 1 / rate) if alone else nullcontext()
        self._shared_rate = shared_rate
        self._deadline = asyncio.get_running_loop().time() + limits.deadline_s
        self._quiet_until = -math.inf
        self.pages = 0  # whole answers
        self.retries = 0  # answers that were worth another try
        # The server's clock in its last answer (aware, whole seconds), if it says it.
        self.date: datetime | None = None

    @property
    def concurrency(self) -> int:
        """How many requests may be in flight."""
        return self._limits.concurrency

    async def get(self, path: str, params: Mapping[str, str | int], decode: Callable[[bytes], T]) -> T:
        """What `decode` makes of the answer to GET `path`; asked again while it is busy, broken or cut.

        `decode` raises BadAnswer where the body is not whole, UnexpectedShape where it is whole and something else.
        Raises KeyRefused, NotFound, RequestRefused, Unavailable.
        """
        tries = AsyncRetrying(
            stop=self._stop,
            wait=self._wait,
            retry=retry_if_exception_type(_Retry),
            before_sleep=self._share_pause,
            reraise=True,
        )
        try:
            async with asyncio.timeout_at(self._deadline):
                return await tries(self._try, path, params, decode)
        except TimeoutError:
            problem = f"GET {path}: the deadline of {self._limits.deadline_s:g} s passed"
        except _Retry as last:
            tried = tries.statistics.get("attempt_number", 0)
            problem = f"no usable answer in {tried} tries; the last: {last}"
        raise Unavailable(problem)

    def _stop(self, state: RetryCallState) -> bool:
        late = asyncio.get_running_loop().time() + state.upcoming_sleep >= self._deadline
        error = state.outcome.exception() if state.outcome else None
        unexpected = isinstance(error, _Retry) and error.unexpected
        most = min(UNEXPECTED_SHAPES, self._limits.attempts) if unexpected else self._limits.attempts
        return late or state.attempt_number >= most

    def _wait(self, state: RetryCallState) -> float:
        """Seconds until the next try; a busy server is left alone by every task that shares the client."""
        limits = self._limits
        backoff = wait_exponential_jitter(multiplier=limits.backoff_s, max=limits.ceiling_s, jitter=limits.backoff_s)
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, _Retry):
            return 0.0
        self.retries += 1
        wait_s = max(backoff(state), error.after_s)
        if error.busy:
            self._quiet_until = max(self._quiet_until, asyncio.get_running_loop().time() + wait_s)
        return wait_s

    async def _share_pause(self, state: RetryCallState) -> None:
        """Those who share the rate hear that Omise is busy."""
        error = state.outcome.exception() if state.outcome else None
        if self._shared_rate is not None and isinstance(error, _Retry) and error.busy:
            await self._shared_rate.pause(state.upcoming_sleep)

    async def _try(self, path: str, params: Mapping[str, str | int], decode: Callable[[bytes], T]) -> T:
        status, headers, body = await self._send(path, params)
        request = headers.get("X-Request-Id", "")
        about = f"GET {path}: {status}" + (f", request {request}" if re.fullmatch(r"[\w-]{1,64}", request) else "")
        if status != 200:
            failure = _failure(status, headers, _code(body), about)
            del body  # a traceback that shows locals passes through this frame
            raise failure
        try:
            decoded = decode(body)
        except BadAnswer as error:
            problem = f"{about}, {error}"
            unexpected = isinstance(error, UnexpectedShape)
        else:
            self.pages += 1
            return decoded
        raise _Retry(problem, unexpected=unexpected)

    async def _send(self, path: str, params: Mapping[str, str | int]) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and whole body of one answer, in its turn. Nothing of aiohttp's errors is kept: they carry
        the request's headers, the key among them."""
        async with self._in_flight:
            await self._wait_for_quiet(path)
            if self._shared_rate is not None:
                await self._shared_rate.acquire()
            async with self._own_rate:
                url = self._base_url + path
                try:
                    request = self._session.get(url, params=params, proxy=self._proxy, allow_redirects=False)
                    async with request as answer:
                        self.date = _moment(answer.headers.get("Date", ""))
                        return answer.status, answer.headers, await _body(answer, path)
                except TimeoutError as error:
                    problem = Failure(self._late(error))
                except (aiohttp.ClientError, OSError) as error:
                    problem = failure(error)
        words = f"GET {path}: {problem.words}"
        raise _Retry(words) if problem.may_pass else Unavailable(words)

    def _late(self, error: TimeoutError) -> str:
        limits = self._limits
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return f"no connection within {limits.connect_s:g} s"
        if isinstance(error, aiohttp.SocketTimeoutError):
            return f"nothing came for {limits.silence_s:g} s"
        return f"no whole answer within {limits.timeout_s:g} s"

    async def _wait_for_quiet(self, path: str) -> None:
        """Waits while Omise wants to be left alone."""
        if self._quiet_until >= self._deadline:
            raise Unavailable(f"GET {path}: Omise asked to be left alone until after the deadline")
        while (left_s := self._quiet_until - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(left_s)


@asynccontextmanager
async def open_client(
    base_url: str, secret_key: str, limits: Limits, shared_rate: SharedRate | None = None, line: Line = DIRECT
) -> AsyncIterator[Client]:
    """A client of one account, closed on the way out; `base_url` may have a path and a trailing slash.

    With `shared_rate` the rate of the limits is kept by it, else by the client alone.
    """
    session = aiohttp.ClientSession(
        headers={
            "Authorization": f"Basic {b64encode(f'{secret_key}:'.encode()).decode()}",
            "Omise-Version": API_VERSION,
            "User-Agent": "omise-recon",
        },
        timeout=aiohttp.ClientTimeout(total=limits.timeout_s, connect=limits.connect_s, sock_read=limits.silence_s),
        connector=aiohttp.TCPConnector(limit=limits.concurrency, ssl=line.tls or True),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    del secret_key  # a traceback that shows locals passes through this frame
    async with session:
        yield Client(session, base_url, limits, shared_rate, line.proxy)


async def _body(answer: aiohttp.ClientResponse, path: str) -> bytes:
    """The whole body as it is unpacked, or no more of it than any answer of Omise's has."""
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > LARGEST_BODY:
            answer.close()
            words = f"GET {path}: {answer.status}, an answer of more than {LARGEST_BODY >> 20} MB"
            raise _Retry(words, unexpected=True)
    return bytes(body)


def _failure(status: int, headers: Mapping[str, str], code: str | None, about: str) -> Exception:
    """What an answer other than 200 means (facts: 429, 5xx and `backend_error` are worth another try)."""
    about = f"{about}, {code}" if code else about
    if status in (401, 403):
        return KeyRefused(f"{about}: the secret key is refused")
    if status == 404:
        return NotFound(about, code)
    if status in (408, 429) or status >= 500 or code == "backend_error" or status < 300:
        return _Retry(about, _retry_after_s(headers), busy=status in (429, 503))
    return RequestRefused(about, code)


def _code(body: bytes) -> str | None:
    """Omise's code of an error; null where the body is not Omise's."""
    try:
        code = msgspec.json.decode(body, type=_Error).code
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return code if code and re.fullmatch(r"[a-z0-9_]{1,64}", code) else None


def _retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds that Retry-After asks for; a date counts from the answer's own Date, the server's clock."""
    retry_after = headers.get("Retry-After", "").strip()
    if retry_after.isdecimal():
        return float(retry_after)
    until = _moment(retry_after)
    now = _moment(headers.get("Date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else 0.0


def _moment(text: str) -> datetime | None:
    """A date as HTTP writes it; null where it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None
