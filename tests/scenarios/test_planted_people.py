"""People planted in every text of Omise, the shop and the bank are found in nothing that a run writes."""

import copy
import json
from pathlib import Path

import pytest

from recon.sandbox import forms
from recon.sandbox.server import objects
from tests.kit import canaries
from tests.kit.canaries import BY_DESIGN, TRACES
from tests.kit.job import FIRST, LAST, job

SECTIONS = '[privacy]\nhash_key = { file = "keys/hash" }\n'


@pytest.mark.parametrize("sections", [pytest.param("", marks=pytest.mark.proof), SECTIONS], ids=["no key", "key"])
async def test_planted_people_are_found_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sections: str
) -> None:
    canaries.plant(monkeypatch)
    async with job(tmp_path, orders=10, accounts=("th",)) as made:
        canaries.plant_in_files(made, "th")
        with made.config.open("a", encoding="utf-8") as file:
            file.write(sections)
        (tmp_path / "keys" / "hash").write_text("a key of thirty-two bytes or so.", encoding="utf-8")
        days = ("--from", str(FIRST), "--to", str(LAST), "--as-of", made.world.as_of.isoformat())
        printed = await canaries.recon(made, "run", *days, "--json", *(("--no-report",) if not sections else ()))
        kept = [*canaries.kept_by(made)]
    assert canaries.found_in([*printed, *kept]) == {}
    everything = b"".join(content for _, content in kept)
    assert all(text.encode() in everything for text in BY_DESIGN), "searched in vain"


def test_nobody_stays_planted_in_what_later_tests_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [copy.deepcopy(forms.fill(kind)) for kind in ("charge", "transfer", "dispute")]
    canaries.plant(monkeypatch)
    served = vars(objects)["fill"]("charge")
    assert canaries.found_in([("a charge", json.dumps(served).encode())])
    assert [forms.fill(kind) for kind in ("charge", "transfer", "dispute")] == before


def test_what_is_planted_is_found_where_it_stands() -> None:
    planted = canaries.SENTENCE.encode()
    assert set(canaries.found_in([("a place", planted)])["a place"]) | {"9876543", "1987-6543"} <= set(TRACES)
    assert canaries.found_in([("store: charge.raw", b"Kestrelburi Shop"), ("mail", b"Kestrelorder")]) == {}
    assert canaries.found_in([("mail", b"Kestrelburi Shop")]) == {"mail": ["Kestrelburi Shop"]}
