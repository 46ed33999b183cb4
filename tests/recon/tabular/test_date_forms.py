"""Days and times as shops and banks write them, with formats, eras and without."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from recon.tabular.date_forms import DateForms, Era, check_format
from recon.tabular.moments import days, moments

BANGKOK = ZoneInfo("Asia/Bangkok")


def read(texts: list[str], formats: tuple[str, ...] = (), era: Era | None = None) -> list[str]:
    """Moments in Bangkok, or why not."""
    values, refused = moments(pa.array(texts), BANGKOK, DateForms(formats, era, "bank.x"))
    told = [datetime.fromtimestamp(value / 1_000_000, UTC).astimezone(BANGKOK) for value in values.tolist()]
    return [refused.get(at) or f"{moment:%Y-%m-%d %H:%M:%S}" for at, moment in enumerate(told)]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026/9/1", "2026-09-01 00:00:00"),
        ("2026.09.01", "2026-09-01 00:00:00"),
        ("20260901", "2026-09-01 00:00:00"),
        ("2026年09月01日", "2026-09-01 00:00:00"),
        ("31 Jan 2026", "2026-01-31 00:00:00"),
        ("31-jan-2026 9:05", "2026-01-31 09:05:00"),
        ("Jan 5, 2026 01:20:10 PM", "2026-01-05 13:20:10"),
        ("Jan 5, 2026 13:20:10 PM", "2026-01-05 13:20:10"),
        ("Jan 5, 2026 12:20:10 AM", "2026-01-05 00:20:10"),
        ("2026-06-24T22:41:36+1000", "2026-06-24 19:41:36"),
        ("3 กันยายน 2026", "2026-09-03 00:00:00"),
        ("13/09/2026 10:00", "2026-09-13 10:00:00"),
        ("09/13/2026 10:00", "2026-09-13 10:00:00"),
    ],
)
def test_what_can_be_read_in_one_way_is_read(text: str, moment: str) -> None:
    assert read([text]) == [moment]


def test_a_day_over_12_settles_its_column_and_two_ways_settle_nothing() -> None:
    assert read(["01/09/2026", "13/09/2026"]) == ["2026-09-01 00:00:00", "2026-09-13 00:00:00"]
    assert read(["01/09/2026", "09/13/2026"]) == ["2026-01-09 00:00:00", "2026-09-13 00:00:00"]
    unclear = read(["01/09/2026", "09/13/2026", "13/09/2026"])
    assert all("can be read as day/month or month/day: set date_format of [bank.x]" in words for words in unclear)


@pytest.mark.parametrize(
    ("text", "formats", "era", "moment"),
    [
        ("01-08-26", ("%d-%m-%y",), None, "2026-08-01 00:00:00"),
        ("1/8/26 9:05", ("%m/%d/%y %H:%M",), None, "2026-01-08 09:05:00"),
        ("2026 9 1 10 5 0", ("%Y %m %d %H %M %S",), None, "2026-09-01 10:05:00"),
        ("01-09-2026 18:00:02.198", ("%d-%m-%Y %H:%M:%S.%f",), None, "2026-09-01 18:00:02"),
        ("01/09/2026", ("%Y%m%d", "%d/%m/%Y"), None, "2026-09-01 00:00:00"),
        ("2026-09-01", ("%d/%m/%Y",), None, "2026-09-01 00:00:00"),
        ("20260901103009", ("%Y%m%d%H%M%S",), None, "2026-09-01 10:30:09"),
        ("3 ส.ค. 2569 - 08:15", ("%d %b %Y - %H:%M",), "buddhist", "2026-08-03 08:15:00"),
        ("29/02/2567", ("%d/%m/%Y",), "buddhist", "2024-02-29 00:00:00"),
        ("29/02/67", ("%d/%m/%y",), "buddhist", "2024-02-29 00:00:00"),
        ("2569-08-03", (), "buddhist", "2026-08-03 00:00:00"),
        ("2026-08-03T00:00:00", ("%d/%m/%Y",), "buddhist", "2026-08-03 00:00:00"),
        ("080901", ("%y%m%d",), "japanese", "2026-09-01 00:00:00"),
        ("080901", (), "japanese", "2026-09-01 00:00:00"),
        ("H30.01.15", (), "japanese", "2018-01-15 00:00:00"),
        ("令和元年5月1日", (), "japanese", "2019-05-01 00:00:00"),
        ("令和8年9月1日", (), None, "2026-09-01 00:00:00"),
        ("R8.9.1", (), None, "2026-09-01 00:00:00"),
    ],
)
def test_formats_and_eras_of_the_configuration(
    text: str, formats: tuple[str, ...], era: Era | None, moment: str
) -> None:
    assert read([text], formats, era) == [moment]


@pytest.mark.parametrize(
    ("text", "formats", "era", "words"),
    [
        ("29/02/2568", ("%d/%m/%Y",), "buddhist", "does not exist"),
        ("01/09/69", ("%d/%m/%y",), None, 'year of "01/09/69" looks Buddhist-era: set era = "buddhist" in [bank.x]'),
        ("01/09/70 10:00", ("%d/%m/%y %H:%M",), None, "looks Buddhist-era: set era"),
        (
            "01/09/26",
            ("%d/%m/%y",),
            "buddhist",
            'year of "01/09/26" looks common-era: set era = "common" in [bank.x]',
        ),
        ("31/02/26", ("%d/%m/%y",), None, "does not exist"),
        ("31/02/69", ("%d/%m/%y",), "buddhist", "does not exist"),
        ("29/02/2567", (), None, 'looks Buddhist-era (2567 = 2024): write the common era, or set era = "buddhist"'),
        ("H31.05.01", (), "japanese", "does not exist"),
        ("260901", ("%y%m%d",), "japanese", 'cannot be Reiwa: name its era, or set era = "common" in [bank.x]'),
        ("260901", (), "japanese", 'year of "260901" cannot be Reiwa'),
        ("30.01.15", (), "japanese", 'year of "30.01.15" cannot be Reiwa'),
        ("26年9月1日 10:00", (), "japanese", "cannot be Reiwa"),
        ("089901", ("%y%m%d",), "japanese", "does not exist"),
        ("R0.05.01", (), "japanese", "does not exist"),
        ("01/09/69", (), "buddhist", "can be read as day/month or month/day"),
        ("2026/09/01x", ("%d/%m/%Y",), None, 'is not like date_format "%d/%m/%Y" of [bank.x]'),
        ("Jan 5, 2026 13:20:10 AM", (), None, "does not exist"),
        ("5 Foo 2026", (), None, "is not like 2026-11-24"),
        ("080901", (), None, "is not like 2026-11-24"),
        ("8年9月1日", (), None, "is not like 2026-11-24"),
        ("R8.9.1", (), "buddhist", "is not like 2026-11-24"),
    ],
)
def test_what_no_form_reads_is_refused_in_words(
    text: str, formats: tuple[str, ...], era: Era | None, words: str
) -> None:
    assert words in read([text], formats, era)[0]


def test_days_of_moments_with_an_offset_are_those_of_the_zone() -> None:
    texts = ["2026-06-24T22:41:36+1000", "2026-06-25T01:00:00+10:00", "2026-06-24 23:59"]
    assert days(pa.array(texts), BANGKOK)[0].to_pylist() == ["2026-06-24"] * 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("%d/%m", "has no %Y or %y"),
        ("%Y-%d", "has no %m or %b or %B"),
        ("%Y-%m-%d %q", "%q is none of"),
        ("%Y-%m-%d %d", "has %d twice"),
    ],
)
def test_a_format_that_names_no_day_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_format(text)
