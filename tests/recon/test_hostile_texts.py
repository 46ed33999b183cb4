"""No pattern that sees outside text takes longer than the text is long."""

import pytest

from benchmarks.masking import PATTERNS, TEXTS, hostile, seconds

SIZE = 1 << 16


@pytest.mark.parametrize("name", PATTERNS)
def test_the_time_grows_as_the_text_does(name: str) -> None:
    """Four times the text: what is quadratic takes sixteen times as long; 40 KB of letters once took five seconds."""
    slow = []
    PATTERNS[name]("")  # what loads with the first use
    for kind in TEXTS:
        took = seconds(PATTERNS[name], hostile(kind, SIZE))
        if took > 0.03 and took > 9 * seconds(PATTERNS[name], hostile(kind, SIZE // 4)):
            slow.append((kind, took))
    assert slow == []


@pytest.mark.parametrize("name", PATTERNS)
def test_a_megabyte_of_any_text_is_done_at_once(name: str) -> None:
    """With room for a busy machine; `make bench-masking` holds the bound itself for every text."""
    for kind in ("letters", "at signs", "digits and blanks"):
        assert seconds(PATTERNS[name], hostile(kind, 1_000_000), enough=1) < 1
