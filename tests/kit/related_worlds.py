"""What a run finds near its range beside what it finds in the whole history, for tests."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from jobs.config.config import Config
from jobs.run.judging import Findings, find
from jobs.run.question import Asked, Question
from jobs.run.rejudging import context_of
from recon import columns as c
from recon.calendars import days_window
from recon.store.engine import Store
from recon.store.runs.links import Links
from reports.verify.digests import digests


def question(config: Config, names: Iterable[str], first: date, last: date, as_of: datetime) -> Question:
    """What a run of some accounts over a range asks, as of a moment, of all that is known now."""
    accounts = {account.name: account for account in config.as_accounts()}
    asked = [
        Asked(one, first, last, days_window(first, last, one.zone), pulled=True, unassigned=not at)
        for at, one in enumerate(accounts[name] for name in names)
    ]
    return Question(
        asked=tuple(asked),
        all_accounts=accounts,
        as_of=as_of,
        versions_at=None,
        context=context_of(config, as_of, with_bank=True),
        match_settings=config.match_settings(),
        metadata_keys=config.matching.metadata_keys,
        customer_keys=config.matching.customer_keys,
        orders_read=True,
        bank_read=True,
    )


def both_ways(store: Store, asked: Question) -> tuple[Findings, Findings]:
    """What is found near the range, and in the whole history."""
    return find(store, asked), find(store, replace(asked, whole=True))


def differences(near: Findings, whole: Findings) -> list[str]:
    """In what the findings differ, in words."""
    found: list[str] = []
    for ours, theirs in zip(near.results, whole.results, strict=True):
        one, other = digests(ours), digests(theirs)
        found += [f"{ours.account.name}: {name}" for name, said in other.rows.items() if one.rows[name] != said]
        if one.result != other.result:
            found.append(f"{ours.account.name}: result")
    assert near.carried is not None
    assert whole.carried is not None
    for name in ("reported", "changed", "events", "opened", "closed", "ended"):
        mine, all_ = (sorted(map(repr, getattr(one.carried, name))) for one in (near, whole))
        found += [f"{name}: lacks {one}" for one in all_ if one not in mine]
        found += [f"{name}: has {one}" for one in mine if one not in all_]
    return found + _links(near.links, whole.links)


def _links(near: Links, whole: Links) -> list[str]:
    ours, theirs = rows(near.now), rows(whole.now)
    found = [f"link lacks {one}" for one in theirs - ours] + [f"link has {one}" for one in ours - theirs]
    found += [f"unmatched: {one}" for one in set(whole.unmatched) ^ set(near.unmatched)]
    return found + ([] if near.judged == whole.judged else ["judged windows"])


def rows(links: Any) -> set[tuple[str, ...]]:
    """Links as tuples."""
    return set(links[c.LINKS.names].itertuples(index=False, name=None))
