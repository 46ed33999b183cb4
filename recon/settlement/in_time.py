"""Pairs of two lists in order of days: as many as there can be, and of these the nearest; judges nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Fit(NamedTuple):
    """That one of a list may be one of the other, by their places in order of days, and how many days lie between."""

    left: int
    right: int
    days: int


class _Chain(NamedTuple):
    """Pairs one after another, with the last of them: how many pairs, and their days together (negative)."""

    pairs: int
    nearness: int
    last: Fit | None
    before: _Chain | None


_NOTHING = _Chain(0, 0, None, None)


def paired(fits: Sequence[Fit]) -> Iterator[Fit]:
    """Of what fits each place once, none before an earlier one's: most pairs, then fewest days."""
    rights = sorted({fit.right for fit in fits})
    best = [_NOTHING] * (len(rights) + 1)  # a Fenwick tree: the best chain up to a right place
    by_left: defaultdict[int, list[Fit]] = defaultdict(list)
    for fit in fits:
        by_left[fit.left].append(fit)
    for left in sorted(by_left):
        made = []
        for fit in by_left[left]:
            place = bisect_left(rights, fit.right)
            before = _up_to(best, place)
            made.append((place + 1, _Chain(before.pairs + 1, before.nearness - fit.days, fit, before)))
        for place, chain in made:
            _note(best, place, chain)
    return reversed(list(_links(_up_to(best, len(rights)))))


def _links(chain: _Chain) -> Iterator[Fit]:
    while chain.last and chain.before:
        yield chain.last
        chain = chain.before


def _up_to(best: list[_Chain], place: int) -> _Chain:
    found = _NOTHING
    while place:
        if best[place][:2] >= found[:2]:  # of equally good ones the first
            found = best[place]
        place &= place - 1
    return found


def _note(best: list[_Chain], place: int, chain: _Chain) -> None:
    while place < len(best):
        if chain[:2] > best[place][:2]:
            best[place] = chain
        place += place & -place
