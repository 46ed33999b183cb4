"""Lists: one line a row at any width, ids whole, a long text cut; the columns of the terminal decide what stays."""

import pytest
from rich.cells import cell_len

from jobs.cli.answers import listing as listing_module
from jobs.cli.answers.listing import Field, listing, paragraphs

IDS = ["brk_22l7pgectlmkjqdb", "brk_2627j6evg5tdneny"]
FIELDS = (
    Field("id", IDS, 1),
    Field("severity", ["critical", "high"], 2),
    Field("at risk", ["1,234,567.00 THB", "3 JPY"], 3, right=True),
    Field("subject", ["chrg_test_ctodsll1k5wdochxn0e", "ORD-1"], 4),
    Field("why", ["the order of ร้านตัวอย่าง and オミセ " * 9, None], 5, cut=True),
)


def printed(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.setattr(listing_module, "PIPED", width)
    listing(FIELDS)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [10, 40, 60, 80, 100, 120, 200])
def test_a_row_is_one_line(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(width, monkeypatch, capsys)
    assert len(lines) == 3
    assert [line.split()[0] for line in lines[1:]] == IDS, "ids are whole, however narrow it is"
    assert max(map(cell_len, lines)) <= max(width, len(IDS[0]))


def test_what_does_not_fit_goes_by_its_rank(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    heads = {width: printed(width, monkeypatch, capsys)[0].split() for width in (30, 46, 80, 120)}
    assert heads == {
        30: ["id", "severity"],
        46: ["id", "severity", "at", "risk"],
        80: ["id", "severity", "at", "risk", "subject"],
        120: ["id", "severity", "at", "risk", "subject", "why"],
    }


def test_amounts_stand_below_each_other(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _, first, second = printed(46, monkeypatch, capsys)
    assert first.endswith("1,234,567.00 THB")
    assert second.endswith("           3 JPY")


def test_paragraphs_stand_under_their_head_and_keep_what_stands_in_brackets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(listing_module, "PIPED", 30)
    paragraphs([(("code", "high"), ("There was time, as [matching] settle says.",))])
    assert capsys.readouterr().out.splitlines() == [
        "code  high",
        "  There was time, as",
        "    [matching] settle says.",
    ]


def test_a_cut_text_says_that_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _, first, _ = printed(120, monkeypatch, capsys)
    assert first.endswith("…")
