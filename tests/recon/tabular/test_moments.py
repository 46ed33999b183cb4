"""Times in order files: what is read, what is refused, and that whole columns read as single rows do."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as some

from recon.tabular.moments import moments
from tests.kit.properties import DEAR

BANGKOK, BERLIN = ZoneInfo("Asia/Bangkok"), ZoneInfo("Europe/Berlin")


def moment(text: str, zone: ZoneInfo) -> int:
    values, refused = moments(pa.array([text], pa.string()), zone)
    if refused:
        raise ValueError(refused[0])
    return int(values[0])


def utc(text: str, zone: ZoneInfo = BANGKOK) -> str:
    return datetime.fromtimestamp(moment(text, zone) / 1_000_000, UTC).isoformat().removesuffix("+00:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T09:30:15+07:00", "2026-11-24T02:30:15"),
        ("2026-11-24t09:30:15z", "2026-11-24T09:30:15"),
        ("2026-11-24 09:30:15.25 -0330", "2026-11-24T13:00:15.250000"),
        ("2026-11-24 09:30:15 UTC", "2026-11-24T09:30:15"),
        ("2026-11-24 09:30:15+07", "2026-11-24T02:30:15"),
        ("2026-11-24 09:30", "2026-11-24T02:30:00"),
        ("2026-11-24T09:30:15", "2026-11-24T02:30:15"),
        ("2026-11-24", "2026-11-23T17:00:00"),
        ("2024-02-29", "2024-02-28T17:00:00"),
        ("2026-11-24T09:30:15.123456789Z", "2026-11-24T09:30:15.123456"),
    ],
)
def test_a_time_is_read_exactly(text: str, expected: str) -> None:
    assert utc(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("04/11/2026", "day/month or month/day"),
        ("11/04/2026 09:30", "day/month or month/day"),
        ("04.11.2026", "day/month or month/day"),
        ("2569-11-24", r"looks Buddhist-era \(2569 = 2026\)"),
        ("2569-11-24T09:30:00+07:00", "looks Buddhist-era"),
        ("2567-02-29", "looks Buddhist-era"),
        ("2026-02-29", "does not exist"),
        ("2026-11-24 24:00", "does not exist"),
        ("2026-11-24T09:30:60Z", "does not exist"),
        ("2026-11-24T09:30:00+24:00", "does not exist"),
        ("1899-12-30", "cannot be an order's"),
        ("46350", "is not like 2026-11-24T09:30:00"),
        ("2026-11-24T", "is not like"),
        ("2026-11-24\n", "is not like"),
        ("", "is not like"),
    ],
)
def test_what_is_no_moment_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        moment(text, BANGKOK)


def test_a_local_time_that_happened_twice_or_never_is_refused() -> None:
    with pytest.raises(ValueError, match=r"happened twice in Europe/Berlin"):
        moment("2026-10-25 02:30", BERLIN)
    with pytest.raises(ValueError, match=r"never happened in Europe/Berlin"):
        moment("2026-03-29 02:30", BERLIN)
    assert utc("2026-10-25 01:59", BERLIN) == "2026-10-24T23:59:00"
    assert utc("2026-10-25T02:30:00+01:00", BERLIN) == "2026-10-25T01:30:00"


def one_by_one(texts: list[str], zone: ZoneInfo) -> tuple[list[int], dict[int, str]]:
    values, refused = [0] * len(texts), {}
    for at, text in enumerate(texts):
        try:
            values[at] = moment(text, zone)
        except ValueError as error:
            refused[at] = str(error)
    return values, refused


DAYS = some.one_of(
    some.dates().map(str),
    some.sampled_from(["2026-03-29", "2026-10-25", "2026-02-30", "2024-02-29", "2569-11-24", "0000-00-00"]),
)
CLOCKS = some.one_of(
    some.just(""),
    some.times().map(lambda time: f"T{time.isoformat()}"),
    some.sampled_from([" 02:30", " 24:00", "T23:59:60", "T02:00:00.9999999", " 2:30", "T00:00"]),
)
OFFSETS = some.sampled_from(
    ["", "Z", "z", " UTC", "+07:00", " +0700", "-03", "+7", "-23:59", "+24:00", "+07:60", " "]
)
TIMES = some.one_of(some.builds(lambda *parts: "".join(parts), DAYS, CLOCKS, OFFSETS), some.text(max_size=30))


@DEAR
@given(some.lists(TIMES, max_size=20), some.sampled_from([BANGKOK, BERLIN, ZoneInfo("America/St_Johns")]))
def test_a_column_reads_as_its_rows_do(texts: list[str], zone: ZoneInfo) -> None:
    values, refused = moments(pa.array(texts, pa.string()), zone)
    assert (values.tolist(), refused) == one_by_one(texts, zone)
