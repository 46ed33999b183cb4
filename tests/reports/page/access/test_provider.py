"""Tokens of a provider that must not be believed, and those that must: each trap of the flow in a table."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from recon.people import Role
from recon.store.desk.people import digest
from reports.page.access.identity import Denied, Entitlement, SignOn, entitlement_of, identity_of
from reports.page.access.provider import Provider, ProviderError
from tests.kit.sign_on import CLIENT, ROLES, SECRET, Claims, FakeProvider, compact, rsa_key

NONCE, VERIFIER = "a nonce", "a verifier of some length, which is at least 43 characters"


async def log_in(provider: Provider, fake: FakeProvider, nonce: str = NONCE, verifier: str = VERIFIER) -> Claims:
    code = fake.code_for(nonce, verifier)
    _, claims = await provider.token_of(code, VERIFIER, digest(NONCE), fake.at)
    return claims


def without(claim: str) -> Callable[[Claims], None]:
    return lambda claims: claims.pop(claim, None)


def with_(**changes: Any) -> Callable[[Claims], None]:
    return lambda claims: claims.update(changes)


def moved(claim: str, **span: float) -> Callable[[Claims], None]:
    return lambda claims: claims.update({claim: claims["iat"] + int(timedelta(**span).total_seconds())})


BELIEVED = {
    "as it should be": with_(),
    "expired within the leeway": moved("exp", seconds=-100),
    "issued by a clock that is ahead": moved("iat", seconds=100),
    "several audiences, made for us": with_(aud=["other", CLIENT], azp=CLIENT),
    "one audience as a list": with_(aud=[CLIENT]),
}
NOT_BELIEVED = {
    "expired": moved("exp", minutes=-3),
    "issued in the future": moved("iat", minutes=3),
    "not valid yet": moved("nbf", minutes=3),
    "another nonce": with_(nonce="another"),
    "a nonce that is no text": with_(nonce=[NONCE]),
    "another audience": with_(aud="other"),
    "several audiences, made for nobody": with_(aud=["other", CLIENT]),
    "several audiences, made for another": with_(aud=["other", CLIENT], azp="other"),
    "one audience, made for another": with_(azp="other"),
    "another issuer": with_(iss="https://evil.example"),
    "our issuer with a slash": lambda claims: claims.update(iss=f"{claims['iss']}/"),
    "a subject that is empty": with_(sub=""),
    "a subject that is no text": with_(sub=7),
    "an end that is no number": with_(exp="never"),
    **{f"no {claim}": without(claim) for claim in ("iss", "sub", "aud", "exp", "iat", "nonce")},
}


@pytest.mark.parametrize("alter", BELIEVED.values(), ids=BELIEVED)
async def test_a_good_token_is_believed(alter: Callable[[Claims], None]) -> None:
    async with FakeProvider(alter=alter).served() as fake:
        assert (await log_in(Provider(fake.sign_on()), fake))["sub"] == "s-1"


async def test_a_token_with_a_wrong_claim_is_not_believed() -> None:
    async with FakeProvider().served() as fake:
        provider = Provider(fake.sign_on())
        believed = []
        for name, alter in NOT_BELIEVED.items():
            fake.alter = alter
            with contextlib.suppress(Denied):
                await log_in(provider, fake)
                believed.append(name)
        assert believed == []


def _claims(fake: FakeProvider) -> Claims:
    now = int(fake.at.timestamp())
    return {"iss": fake.url, "aud": CLIENT, "sub": "s-1", "iat": now, "exp": now + 300, "nonce": NONCE}


async def test_what_signs_is_never_the_tokens_to_say() -> None:
    async with FakeProvider().served() as fake:
        provider = Provider(fake.sign_on())
        public = rsa_key("one").as_pem(private=False)
        planted = {"kty": "oct", "kid": "planted", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"}
        fake.listed += [planted, {"kty": "new"}]
        for token in (
            compact({"alg": "none"}, _claims(fake)),
            compact({"alg": "HS256", "kid": "one"}, _claims(fake), public),
            compact({"alg": "HS256", "kid": "one"}, _claims(fake), SECRET.encode()),
            compact({"alg": "HS256", "kid": "planted"}, _claims(fake), b"secret secret secret secret"),
            "no.token.at-all",
            "x",
        ):
            fake.token = token
            with pytest.raises(Denied):
                await log_in(provider, fake)
        fake.token, fake.key = "", another_key("one")
        with pytest.raises(Denied, match="BadSignature"):
            await log_in(provider, fake)


def another_key(kid: str) -> RSAKey:
    """Another key under the same name."""
    return RSAKey.import_key({**rsa_key("other").as_dict(private=True), "kid": kid})


async def test_a_new_key_is_looked_for_once_a_minute_at_most() -> None:
    async with FakeProvider().served() as fake:
        provider = Provider(fake.sign_on())
        await log_in(provider, fake)
        assert fake.key_looks == 1
        fake.key, fake.listed = rsa_key("two"), [rsa_key("one"), rsa_key("two")]
        with pytest.raises(Denied):
            await log_in(provider, fake)
        fake.at += timedelta(minutes=1)
        await log_in(provider, fake)
        assert fake.key_looks == 2
        fake.key = rsa_key("three")
        for _ in range(3):
            with pytest.raises(Denied, match="InvalidKeyId"):
                await log_in(provider, fake)
        assert fake.key_looks == 2


async def test_a_code_is_for_whom_it_was_made_and_for_once() -> None:
    async with FakeProvider().served() as fake:
        provider = Provider(fake.sign_on())
        with pytest.raises(ProviderError, match="invalid_grant"):
            await log_in(provider, fake, verifier="another verifier")
        code = fake.code_for(NONCE, VERIFIER)
        await provider.token_of(code, VERIFIER, digest(NONCE), fake.at)
        with pytest.raises(ProviderError, match="invalid_grant"):
            await provider.token_of(code, VERIFIER, digest(NONCE), fake.at)
        assert fake.forms[-1]["authorization"].startswith("Basic ")
        assert "client_secret" not in fake.forms[-1]
        assert fake.forms[-1]["redirect_uri"] == "https://recon.example/login/oidc/callback"
        fake.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
        await log_in(Provider(fake.sign_on()), fake)
        assert fake.forms[-1]["client_secret"] == SECRET


DISCOVERY: dict[str, tuple[Claims, str]] = {
    "another issuer": ({"issuer": "https://evil.example"}, "issuer must be exactly that"),
    "a door without TLS": ({"token_endpoint": "ftp://evil.example"}, "no token_endpoint over TLS"),
    "a door that is not there": ({"jwks_uri": None}, "no jwks_uri over TLS"),
}


@pytest.mark.parametrize(("changes", "words"), DISCOVERY.values(), ids=DISCOVERY)
async def test_a_provider_that_describes_another_is_refused(changes: Claims, words: str) -> None:
    async with FakeProvider(discovery=changes).served() as fake:
        with pytest.raises(ProviderError, match=words):
            await log_in(Provider(fake.sign_on()), fake)


@pytest.mark.parametrize("place", ["javascript:alert(1)", "", "/logout"])
async def test_nobody_is_led_out_to_a_place_that_is_none(place: str) -> None:
    async with FakeProvider(discovery={"end_session_endpoint": place}).served() as fake:
        assert await Provider(fake.sign_on()).log_out_url("token", fake.at) == ""


async def test_what_was_learnt_serves_while_the_provider_is_away() -> None:
    async with FakeProvider().served() as fake:
        provider = Provider(fake.sign_on())
        url = await provider.log_in_url("state", NONCE, VERIFIER, fake.at)
        fake.is_away = True
        assert await provider.log_in_url("state", NONCE, VERIFIER, fake.at + timedelta(days=1)) == url
        with pytest.raises(ProviderError, match="502"):
            await Provider(fake.sign_on()).log_in_url("state", NONCE, VERIFIER, fake.at)
    with pytest.raises(ProviderError, match="not reached"):
        await Provider(fake.sign_on()).log_in_url("state", NONCE, VERIFIER, fake.at)


SIGN_ON = SignOn("https://login.example", CLIENT, SECRET, "https://recon.example", "groups", ROLES)
BY_ACCOUNT = replace(SIGN_ON, accounts={"finance": frozenset({"th"}), "tokyo": frozenset({"jp"}), "it": None})
RIGHTS: dict[str, tuple[SignOn, Claims, Entitlement | str]] = {
    "one group": (SIGN_ON, {"groups": ["finance", "football"]}, Entitlement(Role.ANALYST, None)),
    "the highest of several": (SIGN_ON, {"groups": ["leads", "finance"]}, Entitlement(Role.APPROVER, None)),
    "Keycloak's slash": (SIGN_ON, {"groups": ["/leads"]}, Entitlement(Role.APPROVER, None)),
    "a group of that name elsewhere": (SIGN_ON, {"groups": ["/club/leads"]}, "none of your groups"),
    "one word": (replace(SIGN_ON, roles_claim="hd"), {"hd": "finance"}, Entitlement(Role.ANALYST, None)),
    "app roles": (replace(SIGN_ON, roles_claim="roles"), {"roles": ["it"]}, Entitlement(Role.ADMIN, None)),
    "a claim that lies deeper": (
        replace(SIGN_ON, roles_claim="realm_access.roles"),
        {"realm_access": {"roles": ["it"]}},
        Entitlement(Role.ADMIN, None),
    ),
    "a claim with dots in its name": (
        replace(SIGN_ON, roles_claim="https://x.example/roles"),
        {"https://x.example/roles": ["it"]},
        Entitlement(Role.ADMIN, None),
    ),
    "no group that is known": (SIGN_ON, {"groups": ["football"]}, "none of your groups"),
    "no groups": (SIGN_ON, {}, "none of your groups"),
    "groups that are none": (SIGN_ON, {"groups": {"finance": True}}, "none of your groups"),
    "more than Entra lists": (SIGN_ON, {"_claim_names": {"groups": "src1"}}, "more groups than a token"),
    "more than Entra lists, said shortly": (SIGN_ON, {"hasgroups": True}, "more groups than a token"),
    "accounts of all groups": (
        BY_ACCOUNT,
        {"groups": ["finance", "tokyo"]},
        Entitlement(Role.ANALYST, frozenset({"th", "jp"})),
    ),
    "all accounts": (BY_ACCOUNT, {"groups": ["finance", "it"]}, Entitlement(Role.ADMIN, None)),
    "a role without an account": (BY_ACCOUNT, {"groups": ["leads"]}, "no|none of your groups has an account"),
    "an account without a role": (BY_ACCOUNT, {"groups": ["tokyo"]}, "none of your groups"),
}


@pytest.mark.parametrize(("sign_on", "claims", "expected"), RIGHTS.values(), ids=RIGHTS)
def test_groups_give_role_and_accounts_and_unknown_ones_nothing(
    sign_on: SignOn, claims: Claims, expected: Entitlement | str
) -> None:
    if isinstance(expected, Entitlement):
        assert entitlement_of(claims, sign_on) == expected
        return
    with pytest.raises(Denied, match=expected):
        entitlement_of(claims, sign_on)


NAMES: dict[str, tuple[Claims, str]] = {
    "their name": ({"name": "Anna  Smith", "preferred_username": "asmith"}, "Anna Smith"),
    "their login": ({"preferred_username": "asmith"}, "asmith"),
    "a login that is an address": ({"name": "", "preferred_username": "asmith@shop.example"}, "asmith"),
    "a name that is an address": ({"name": "asmith@shop.example"}, "s-1"),
    "nothing": ({"email": "asmith@shop.example"}, "s-1"),
    "what cannot be shown": ({"name": "Anna\u202e\x00 Smith"}, "Anna Smith"),
    "long": ({"name": "A" * 200}, "A" * 90),
    "a token's name": ({"name": "token:nightly", "sub": "Token:7"}, "somebody"),
}


@pytest.mark.parametrize(("claims", "name"), NAMES.values(), ids=NAMES)
def test_a_name_is_no_address(claims: Claims, name: str) -> None:
    identity = identity_of({"sub": "s-1", **claims}, SIGN_ON)
    assert (identity.issuer, identity.name) == ("https://login.example", name)
