"""Nights that ask for what is new know what a sweep of everything knows; a few of the proof's many histories."""

import asyncio
from pathlib import Path

import pytest

from tests.kit.histories import lived, pulled_once, short_pages


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return asyncio.run(pulled_once(tmp_path_factory.mktemp("first")))


@pytest.mark.parametrize("seed", [8, pytest.param(9, marks=pytest.mark.proof)])
async def test_nights_know_what_is_there_but_for_what_changed_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: Path, seed: int
) -> None:
    short_pages(monkeypatch)
    await lived(tmp_path, first, seed, nights=2)


async def test_nights_cut_short_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: Path) -> None:
    short_pages(monkeypatch)
    await lived(tmp_path, first, seed=11, nights=1, cut_after=9)
