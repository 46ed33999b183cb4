"""Patterns of the configuration: whatever they say, no text takes longer than it is long."""

import pyarrow as pa
import pytest

from benchmarks.masking import seconds
from recon.bank.texts import pattern_of
from recon.expressions import compiled
from recon.matching.names import by_pattern
from recon.omise.scrub import Scrub

EXPONENTIAL = ("(a+)+$", "^(a|a)*$", "(a*)*b", "(?:a?){25}a{25}$", "(x+x+)+y", "(.*)*(.*)*(.*)*!$", "(?:(a|aa)+)+$")


@pytest.mark.parametrize("pattern", EXPONENTIAL)
def test_an_exponential_pattern_takes_no_longer_than_its_text(pattern: str) -> None:
    """Python's own engine is not done with forty letters in a night."""
    text = "a" * 100_000 + "x" * 100_000 + "?"
    charge = {"object": "charge", "description": text[-15_000:]}
    assert seconds(compiled(pattern).search, text) < 1
    assert seconds(pattern_of(pattern).search, text) < 1
    assert seconds(lambda descriptions: by_pattern(pa.array([descriptions]), compiled(f"({pattern})")), text) < 1
    assert seconds(lambda _: Scrub(patterns=(compiled(pattern),)).clean(dict(charge)), text) < 1


@pytest.mark.parametrize(
    ("pattern", "text", "name"),
    [
        (r"inv=(\d+)", "paid inv=12 inv=13", "12"),
        (r"^(\d+)$", "12", "12"),
        (r"(?i)ord-(\w+)|x", "by ORD-a1 x", "a1"),
        (r"order (?P<id>\S+)", "line one\norder A-1\nline three", "A-1"),
        (r"#?(.+)", "#12\n13", "12"),
        ("ออเดอร์ (\\d+)", "ออเดอร์ 12", "12"),
    ],
)
def test_the_first_place_gives_the_name(pattern: str, text: str, name: str) -> None:
    texts = pa.array(["none", None, text], pa.large_string())
    places, names = by_pattern(texts, compiled(pattern))
    assert (2 in places.tolist(), names.to_pylist()[-1]) == (True, name)
    found = compiled(pattern).search(text)
    assert found is not None
    assert found.group(1) == name


@pytest.mark.parametrize("pattern", ["(?<!x)a", "(?=a)b", r"(a)\1", "a++", r"a\Z"])
def test_what_needs_another_engine_is_refused_in_words(pattern: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=r"RE2 reads it: look-arounds, back-references"):
        compiled(pattern)
    with pytest.raises(ValueError, match="missing"):
        compiled("(")
    assert capfd.readouterr().err == ""
