"""A provider of single sign-on in this process, whose tokens tests spoil."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from yarl import URL

from recon.people import Role
from reports.page.access.identity import SignOn

CLIENT, SECRET = "recon", "a secret of the client & more"
ROLES: Mapping[str, Role] = {"finance": Role.ANALYST, "leads": Role.APPROVER, "it": Role.ADMIN}
Claims = dict[str, Any]
_SIGN_ON: Claims = {"client_id": CLIENT, "client_secret": SECRET, "roles_claim": "groups", "roles": ROLES}


@cache
def rsa_key(kid: str) -> RSAKey:
    """A key for signatures."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@dataclass
class FakeProvider:
    """What it is and does now; tests change it as they go."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    url: str = ""
    claims: Claims = field(default_factory=lambda: {"sub": "s-1", "name": "Anna Smith", "groups": ["finance"]})
    alter: Callable[[Claims], None] = lambda _: None
    key: RSAKey = field(default_factory=lambda: rsa_key("one"))
    header: Claims = field(default_factory=lambda: {"alg": "RS256"})
    token: str = ""  # instead of one that it makes
    listed: list[Any] = field(default_factory=lambda: [rsa_key("one")])
    discovery: Claims = field(default_factory=dict)
    is_away: bool = False
    key_looks: int = 0
    forms: list[Claims] = field(default_factory=list)
    refusal: Claims = field(default_factory=dict)
    _codes: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def sign_on(self, public_url: str = "https://recon.example", **changes: Any) -> SignOn:
        """What a page is configured with for it."""
        return SignOn(**{**_SIGN_ON, "issuer": self.url, "public_url": public_url, **changes})

    @asynccontextmanager
    async def served(self) -> AsyncIterator["FakeProvider"]:
        """On loopback."""
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def app(self) -> web.Application:
        """Its doors."""
        app = web.Application(middlewares=[self._present])
        app.router.add_get("/.well-known/openid-configuration", self._describe)
        app.router.add_get("/keys", self._keys)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        return app

    def code_for(self, nonce: str, verifier: str) -> str:
        """A code, as if somebody had logged in."""
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = _base64(digest)
        return self._code({"nonce": nonce, "code_challenge": challenge, "redirect_uri": ""})

    def _code(self, asked: Mapping[str, str]) -> str:
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return code

    @web.middleware
    async def _present(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.is_away:
            raise web.HTTPBadGateway
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _describe(self, _request: web.Request) -> web.Response:
        url = self.url
        doors = {"authorization_endpoint": f"{url}/authorize", "token_endpoint": f"{url}/token"}
        return web.json_response(
            {
                "issuer": url,
                "jwks_uri": f"{url}/keys",
                "end_session_endpoint": f"{url}/logout",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
                **doors,
                **self.discovery,
            }
        )

    async def _keys(self, _request: web.Request) -> web.Response:
        self.key_looks += 1
        keys = [key if isinstance(key, dict) else key.as_dict(private=False) for key in self.listed]
        return web.json_response({"keys": keys})

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = request.query
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        answer = self.refusal or {"code": self._code(asked)}
        raise web.HTTPFound(URL(asked["redirect_uri"]).with_query({**answer, "state": asked["state"]}))

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append({**form, "authorization": request.headers.get("Authorization", "")})
        asked = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = _base64(digest)
        if asked is None or asked["code_challenge"] != challenge:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"id_token": self.token or self._signed(asked["nonce"]), "access_token": "at-1"})

    def _signed(self, nonce: str) -> str:
        now = int(self.at.timestamp())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.claims}
        self.alter(claims)
        registry = JWSRegistry(algorithms=[self.header["alg"]], strict_check_header=False)
        return jwt.encode({"kid": self.key.kid, **self.header}, claims, self.key, registry=registry)


def compact(header: Claims, claims: Claims, secret: bytes = b"") -> str:
    """A token as a library would refuse to make it: signed with HMAC-SHA256, or not at all."""
    signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), 'sha256')) if secret else ''}"


def _base64(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()
