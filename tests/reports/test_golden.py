"""The sheets of a small month are what was reviewed; `make golden` writes them anew."""

from tests.kit.golden import FOLDER, pages


def test_every_sheet_says_what_its_golden_file_says() -> None:
    reviewed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}
    assert pages() == reviewed
