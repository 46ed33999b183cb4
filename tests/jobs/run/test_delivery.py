"""Finished files at their places: whole, once, and again where a place was not there."""

from pathlib import Path

import pytest

from jobs.config.sections import ReportsSection
from jobs.run.delivery import deliver


def section(tmp_path: Path, *places: str) -> ReportsSection:
    return ReportsSection.model_construct(folder=tmp_path / "reports", deliver=places)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "reports" / "a.xlsx", tmp_path / "reports" / "b.csv" / "Matched.csv"]
    for path in found:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name, encoding="utf-8")
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_gets_a_copy_and_the_same_content_is_left_alone(tmp_path: Path, files: list[Path]) -> None:
    place = tmp_path / "place"
    assert deliver(section(tmp_path, str(place)), files) == []
    assert names(place) == ["a.xlsx", "b.csv/Matched.csv"]
    before = (place / "a.xlsx").stat().st_ino
    files[1].write_text("other", encoding="utf-8")
    assert deliver(section(tmp_path, str(place)), files) == []
    assert (place / "a.xlsx").stat().st_ino == before
    assert (place / "b.csv/Matched.csv").read_text(encoding="utf-8") == "other"


def test_a_place_that_fails_keeps_no_other_from_its_files_and_gets_its_own_later(
    tmp_path: Path, files: list[Path]
) -> None:
    broken, good = tmp_path / "broken", tmp_path / "good"
    broken.write_text("a file where a folder should be", encoding="utf-8")
    both = section(tmp_path, str(broken), str(good))
    (said,) = deliver(both, files)
    assert "broken did not get its files" in said
    assert names(good) == ["a.xlsx", "b.csv/Matched.csv"]
    broken.unlink()
    assert deliver(both, files[:1]) == []
    assert names(broken) == ["a.xlsx", "b.csv/Matched.csv"]
    assert names(tmp_path / "reports") == ["a.xlsx", "b.csv/Matched.csv"]


def test_an_address_gets_them_through_obstore(tmp_path: Path, files: list[Path]) -> None:
    pytest.importorskip("obstore")
    place = tmp_path / "there"
    for _ in range(2):
        assert deliver(section(tmp_path, f"file://{place}"), files) == []
    assert names(place) == ["a.xlsx", "b.csv/Matched.csv"]
