"""Asks the provider of single sign-on: where its doors are, its keys, and whom a code stands for.

Codes, tokens and secrets are in no error and no log.
"""

import asyncio
import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp

from recon.omise.failures import failure
from recon.omise.line import DIRECT, Line
from reports.page.access.identity import Denied, SignOn, check_token

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

CALLBACK = "/login/oidc/callback"
_TIMEOUT_S = 10
_LARGEST = 1 << 20  # of an answer
LEEWAY = timedelta(minutes=2)  # by which clocks may differ
_KEPT = timedelta(hours=1)  # that keys and addresses are used without asking again
_KEYS_AGAIN = timedelta(minutes=1)  # between two looks for a key that is not there
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


Claims = dict[str, Any]


class ProviderError(Exception):
    """The provider cannot be used now, in words without anything secret."""


@dataclass(frozen=True, slots=True)
class _Doors:
    """What the provider says of itself."""

    authorize: str
    token: str
    keys: str
    end_session: str
    algorithms: tuple[str, ...]
    takes_basic: bool
    at: datetime


class Provider:
    """One provider; get addresses and keys through it, which are kept, also while it is away."""

    def __init__(self, sign_on: SignOn, line: Line = DIRECT) -> None:
        self.sign_on = sign_on
        self._line = line
        self._doors: _Doors | None = None
        self._keys: KeySet | None = None
        self._keys_at: datetime | None = None

    async def log_in_url(self, state: str, nonce: str, verifier: str, now: datetime) -> str:
        """Where the browser goes to log in; raises ProviderError."""
        doors = await self._known(now)
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "scope": "openid profile",
            "client_id": self.sign_on.client_id,
            "redirect_uri": self._redirect_uri,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{doors.authorize}{'&' if '?' in doors.authorize else '?'}{urlencode(query)}"

    async def log_out_url(self, id_token: str, now: datetime) -> str:
        """Where the browser goes to log out there, too; empty where the provider has no such place or is away."""
        try:
            doors = await self._known(now)
        except ProviderError:
            return ""
        query = {
            "id_token_hint": id_token,
            "client_id": self.sign_on.client_id,
            "post_logout_redirect_uri": f"{self.sign_on.public_url}/login",
        }
        mark = "&" if "?" in doors.end_session else "?"
        return f"{doors.end_session}{mark}{urlencode(query)}" if doors.end_session else ""

    async def token_of(self, code: str, verifier: str, nonce_digest: str, now: datetime) -> tuple[str, Claims]:
        """The ID token that a code stands for, and its claims, proved; raises ProviderError and Denied."""
        doors = await self._known(now)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self.sign_on.client_id,
            "code_verifier": verifier,
        }
        headers = {"Accept": "application/json"}
        secret = self.sign_on.client_secret
        if secret and doors.takes_basic:
            login = aiohttp.encode_basic_auth(quote(self.sign_on.client_id, safe=""), quote(secret, safe=""))
            headers["Authorization"] = login
        elif secret:
            form["client_secret"] = secret
        answer = await self._ask("POST", doors.token, data=form, headers=headers)
        token = answer.document.get("id_token")
        if answer.status != 200 or not isinstance(token, str):
            why = str(answer.document.get("error") or answer.status)
            raise ProviderError(f"the provider gave no token ({why if why.replace('_', '').isalnum() else 'error'})")
        return token, await self._proved(token, doors, nonce_digest, now)

    async def clock(self, now: datetime) -> datetime | None:
        """The provider's time, as it is asked for its addresses; raises ProviderError."""
        answer = await self._discover()
        _read(answer, self.sign_on.issuer, now)
        return answer.date

    @property
    def _redirect_uri(self) -> str:
        return f"{self.sign_on.public_url}{CALLBACK}"

    async def _proved(self, token: str, doors: _Doors, nonce_digest: str, now: datetime) -> Claims:
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError
        from joserfc.jws import JWSRegistry

        # What signs is the provider's to say and never the token's; a header's other words are of no concern.
        registry = JWSRegistry(algorithms=doors.algorithms, strict_check_header=False)
        rules = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY // timedelta(seconds=1),
            iss={"essential": True, "value": self.sign_on.issuer},
            aud={"essential": True, "value": self.sign_on.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True},
        )
        try:
            try:
                decoded = jwt.decode(token, await self._signing_keys(doors, now), registry=registry)
            except InvalidKeyIdError:
                keys = await self._signing_keys(doors, now, is_missed=True)
                decoded = jwt.decode(token, keys, registry=registry)
            rules.validate(decoded.claims)
        except (JoseError, ValueError) as error:  # its own words may quote the token
            raise Denied(f"the provider's token does not hold ({type(error).__name__})") from None
        check_token(decoded.claims, self.sign_on, nonce_digest)
        return decoded.claims

    async def _known(self, now: datetime) -> _Doors:
        """The provider's addresses, asked for once an hour; those of before while it is away."""
        if self._doors is None or not timedelta() <= now - self._doors.at < _KEPT:
            try:
                self._doors = _read(await self._discover(), self.sign_on.issuer, now)
            except ProviderError:
                if self._doors is None:
                    raise
        return self._doors

    async def _discover(self) -> "_Answer":
        url = f"{self.sign_on.issuer.rstrip('/')}/.well-known/openid-configuration"
        answer = await self._ask("GET", url)
        if answer.status != 200:
            raise ProviderError(f"the provider answers {answer.status} at {url}: is issuer right?")
        return answer

    async def _signing_keys(self, doors: _Doors, now: datetime, is_missed: bool = False) -> "KeySet":
        """The provider's keys; asked for again each hour, and where one is missed once a minute at most."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        age = now - self._keys_at if self._keys_at else None
        if age is None or age >= (_KEYS_AGAIN if is_missed else _KEPT):
            self._keys_at = now
            try:
                answer = await self._ask("GET", doors.keys)
                listed = answer.document.get("keys")
                keys = [key for key in listed if _may_sign(key)] if isinstance(listed, list) else []
                self._keys = KeySet.import_key_set({"keys": keys})
            except (ProviderError, JoseError, ValueError, TypeError):
                if self._keys is None:
                    self._keys_at = None
                    raise ProviderError("the provider's keys cannot be read") from None
        assert self._keys is not None
        return self._keys

    async def _ask(self, method: str, url: str, **body: Any) -> "_Answer":
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        connector = aiohttp.TCPConnector(ssl=self._line.tls or True)
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar()
                ) as http,
                http.request(method, url, proxy=self._line.proxy or None, allow_redirects=False, **body) as answer,
            ):
                content = b""
                while len(content) <= _LARGEST and (piece := await answer.content.readany()):
                    content += piece
                status, date = answer.status, answer.headers.get("Date", "")
        except (TimeoutError, asyncio.IncompleteReadError):
            raise ProviderError(f"the provider did not answer within {_TIMEOUT_S} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ProviderError(f"the provider was not reached: {failure(error).words}") from None
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            document = {}
        return _Answer(status, document if isinstance(document, dict) else {}, _moment(date))


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    document: Mapping[str, Any]
    date: datetime | None


def _read(answer: _Answer, issuer: str, now: datetime) -> _Doors:
    """The provider's description of itself; raises ProviderError in words."""
    document = answer.document
    if document.get("issuer") != issuer:
        raise ProviderError(f'the provider calls itself "{document.get("issuer")}": issuer must be exactly that')
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not _is_over_tls(str(document.get(name, "")), issuer):
            raise ProviderError(f"the provider has no {name} over TLS")
    end_session = str(document.get("end_session_endpoint", ""))
    signed_by = document.get("id_token_signing_alg_values_supported") or ["RS256"]
    log_ins = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return _Doors(
        authorize=document["authorization_endpoint"],
        token=document["token_endpoint"],
        keys=document["jwks_uri"],
        end_session=end_session if _is_over_tls(end_session, issuer) else "",
        algorithms=tuple(name for name in _ALGORITHMS if name in signed_by),
        takes_basic="client_secret_basic" in log_ins,
        at=now,
    )


def _is_over_tls(url: str, issuer: str) -> bool:
    """Or as the issuer itself, which tests have on loopback."""
    return urlsplit(url).scheme in ("https", urlsplit(issuer).scheme)


def _may_sign(key: object) -> bool:
    """A public key for signatures; a secret one, or one to encrypt with, is none."""
    return isinstance(key, dict) and key.get("kty") in ("RSA", "EC") and key.get("use", "sig") == "sig"


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None
