"""The accounts of a new configuration: Omise is asked whose each key is."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.config.proxies import proxies_in, proxy_for
from jobs.logs.redaction import keep_secret
from jobs.run.moments.gateway_clock import ONE_QUESTION
from jobs.run.outcome import JobError
from jobs.setup.questions import Questions
from recon.omise import pull
from recon.omise.client import KeyRefused, OmiseError, open_client
from recon.omise.line import Line
from recon.omise.objects import AccountFacts

OMISE = "https://api.omise.co"
_NAME = re.compile(r"[a-z0-9_]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY = re.compile(r"[ps]key_", re.IGNORECASE)
# Where Omise has accounts: region -> currency and zone.
_REGIONS = {
    "TH": ("THB", "Asia/Bangkok"),
    "SG": ("SGD", "Asia/Singapore"),
    "JP": ("JPY", "Asia/Tokyo"),
    "MY": ("MYR", "Asia/Kuala_Lumpur"),
}


@dataclass(frozen=True)
class NewAccount:
    """One account as the configuration will have it."""

    name: str
    variable: str  # that holds its key
    region: str
    currency: str
    zone: str
    livemode: bool

    @property
    def section(self) -> dict[str, object]:
        """As a table of the configuration."""
        return {
            "region": self.region,
            "currency": self.currency,
            "timezone": self.zone,
            "secret_key": {"env": self.variable},
        }


def new_accounts(
    options: Sequence[str], base_url: str, environ: Mapping[str, str], questions: Questions
) -> list[NewAccount]:
    """The accounts of `--account NAME=ENV`, else of the keys in the environment; raises JobError of all that fail."""
    named = _named(options, environ, questions)
    facts = asyncio.run(_all_facts({variable: environ[variable].strip() for variable in named}, base_url, environ))
    accounts = []
    for variable, name in named.items():
        accounts.append(_account(name, variable, facts[variable], questions))
    owners: dict[str, str] = {}
    for variable, account in facts.items():
        if owners.setdefault(account.id, variable) != variable:
            raise JobError(f"{owners[account.id]} and {variable} hold keys of one account: give one of them")
    return accounts


def _named(options: Sequence[str], environ: Mapping[str, str], questions: Questions) -> dict[str, str]:
    """By environment variable the account's name, empty where nobody gave one."""
    named: dict[str, str] = {}
    for option in options:
        name, _, variable = option.partition("=")
        if _KEY.search(option):
            raise JobError(
                "--account takes the NAME of an environment variable, such as th=OMISE_KEY, not the key itself"
            )
        if not _NAME.fullmatch(name) or not _VARIABLE.fullmatch(variable) or name == "group":
            raise JobError(f'--account "{option}" is not NAME=VARIABLE, such as th=OMISE_TH_SECRET_KEY')
        if name in named.values() or variable in named:
            raise JobError(f'--account "{option}": the name or the variable stands there already')
        named[variable] = name
    if not named:
        held = sorted(variable for variable, value in environ.items() if value.startswith("skey_"))
        words = "Which environment variable holds your Omise secret key?"
        if held:
            named = {questions.choice("account", words, held, held[0], is_sure=len(held) == 1): ""}
        else:
            named = {questions.text("account", words): ""}
    unset = [variable for variable in named if not environ.get(variable, "").strip()]
    if unset:
        raise JobError(
            *(f"environment variable {name} is not set: put the secret key there (skey_…)" for name in unset)
        )
    return named


async def _all_facts(keys: Mapping[str, str], base_url: str, environ: Mapping[str, str]) -> dict[str, AccountFacts]:
    answers = await asyncio.gather(*(_facts(variable, key, base_url, environ) for variable, key in keys.items()))
    refused = [answer for answer in answers if isinstance(answer, str)]
    if refused:
        raise JobError(*refused)
    return {variable: answer for variable, answer in zip(keys, answers, strict=True) if not isinstance(answer, str)}


async def _facts(variable: str, key: str, base_url: str, environ: Mapping[str, str]) -> AccountFacts | str:
    """Whose key it is, or why nobody knows."""
    keep_secret(key)
    try:
        line = Line(proxy_for(base_url, "", proxies_in(environ)), None)
        async with open_client(base_url, key, ONE_QUESTION, line=line) as client:
            return await pull.account(client)
    except KeyRefused:
        return f"Omise refused the key in {variable}: give the account's own secret key"
    except (OmiseError, ValueError) as error:
        return f"Omise could not be asked at {base_url} with the key in {variable}: {error}"


def _account(name: str, variable: str, facts: AccountFacts, questions: Questions) -> NewAccount:
    """Omise names no country of older test accounts: then the currency says it, where it can."""
    by_currency = {currency: region for region, (currency, _) in _REGIONS.items()}
    region = facts.country or by_currency.get(facts.currency, "")
    name = name or (region or facts.currency).lower()
    if not region:
        region = questions.text(f"accounts.{name}.region", f"In which country is account {name} (two letters)?")
    zone = _REGIONS.get(region, ("", ""))[1]
    if not zone:
        zone = questions.text(f"accounts.{name}.timezone", f"In which time zone is account {name}?")
    return NewAccount(name, variable, region, facts.currency, zone, facts.livemode)
