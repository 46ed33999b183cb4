"""What a run finds near its range beside what it finds in the whole history, for tests."""

from dataclasses import replace
from typing import Any

from jobs.run.judging import Findings, find
from jobs.run.judging_request import JudgingRequest
from recon import columns as c
from recon.store.engine import Store
from recon.store.runs.links import Links
from reports.verify.digests import digests


def both_ways(store: Store, request: JudgingRequest) -> tuple[Findings, Findings]:
    """What is found near the range, and in the whole history."""
    return find(store, request), find(store, replace(request, whole=True))


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
