"""A sample file of a new source: what it may be, and how nobody has to describe it."""

import os
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from jobs.run.outcome import JobError
from jobs.setup.draft import failing_as_job
from jobs.setup.questions import Questions
from recon.bounds import LARGEST_FILE
from recon.money import Currencies
from recon.tabular.files import SourceFile, matching_files, opened
from recon.tabular.header_row import SEARCHED, numbered
from recon.tabular.recognition.contents import Contents, contents
from recon.tabular.recognition.presets import Fit, Preset, fitting, presets
from recon.tabular.recognition.proposals import named_columns, proposals
from recon.tabular.recognition.samples import Sample, kind_of, samples
from recon.tabular.table import EncodingUnclear, SourceUnreadable
from recon.tabular.workbooks import sheets

NONE = "none"
_FEW_ROWS = 4


@dataclass(frozen=True)
class SampleFile:
    """A file, how it can be taken apart, and the encoding that somebody had to say."""

    file: SourceFile
    samples: Sequence[Sample]
    encoding: str | None


@dataclass(frozen=True)
class HeaderRow:
    """The header of an unknown file: the sample that has it, its place in it, whether somebody had to say it.

    A place of -1: there is none, and columns are numbers.
    """

    sample: Sample
    place: int
    was_asked: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        if self.place < 0:
            return numbered(max(map(len, self.sample.rows)))
        return self.sample.rows[self.place]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """What stands below it, blank rows aside."""
        return [cells for cells in self.sample.rows[self.place + 1 :] if any(cells)]


def first_file(pattern: str, option: str) -> Path:
    """The first file of a path, a path with wild cards, or a folder; raises JobError."""
    path = Path(pattern)
    files = matching_files(str((path / "*" if path.is_dir() else path).absolute()))
    if not files:
        raise JobError(f"{option} {pattern}: there is no such file")
    return next(iter(files.values()))


def sample_of(path: Path) -> SourceFile:
    """A file whole; raises JobError."""
    with failing_as_job():
        file = opened(str(path), path, LARGEST_FILE, ": give a smaller export as the sample")
    return SourceFile(path.name, file.content)


def sampled(file: SourceFile, place: str, questions: Questions) -> SampleFile:
    """A text file or a workbook taken apart; asks for the encoding where the file does not show it."""
    key = f"{place}.encoding"
    encoding = questions.text(key, "") if key in questions.given else None
    try:
        return SampleFile(file, samples(file, encoding, place), encoding)
    except EncodingUnclear as error:
        words = f"{file.name} can be text in more than one encoding (cp874 is Thai, cp932 Japanese). Which is it?"
        encoding = questions.choice(key, words, error.can_be)
        return SampleFile(file, samples(file, encoding, place), encoding)
    except SourceUnreadable as error:
        raise JobError(str(error).replace(f"set [{place}] encoding to", f"give --set {key}= with")) from None


def recognised(
    package: str, sample_file: SampleFile, place: str, questions: Questions
) -> tuple[Preset, Sample] | None:
    """The preset that a file's header shows, and how its file is taken apart; null for none."""
    fits: dict[str, tuple[Fit, Sample]] = {}
    for sample in sample_file.samples:
        for fit in fitting(package, sample.rows):
            closest = fits.get(fit.preset.name)
            if closest is None or fit.matched > closest[0].matched:
                fits[fit.preset.name] = (fit, sample)
    best = sorted(fits.values(), key=lambda pair: -pair[0].matched)
    key = f"{place}.preset"
    if not best and key not in questions.given:
        return None
    for fit, _ in best:
        doubt = "; its columns have usual names, so other exports may look the same" if fit.is_plain else ""
        preset = f"{fit.preset.name}: {fit.preset.title} ({fit.preset.certainty})"
        questions.tell(f"{preset}, header in row {fit.row}{doubt}")
    names = list(fits) if key not in questions.given else list(presets(package))
    default = best[0][0].preset.name if best else ""
    is_sure = len(best) == 1 or (len(best) > 1 and best[0][0].matched > best[1][0].matched)
    words = f"{sample_file.file.name} has the columns of a known export. Read it as:"
    name = questions.choice(key, words, [*names, NONE], default, is_sure=is_sure)
    if name == NONE:
        return None
    return presets(package)[name], fits[name][1] if name in fits else sample_file.samples[0]


def header_of(package: str, sample_file: SampleFile, place: str, questions: Questions) -> HeaderRow:
    """The row that names the columns of an unknown file: two names that such columns have, else somebody says it."""
    rows = [
        (named_columns(package, cells), len(cells), -at, sample)
        for sample in sample_file.samples
        for at, cells in enumerate(sample.rows[:SEARCHED])
    ]
    if not rows:
        raise JobError(f"{sample_file.file.name} is empty")
    count, _, at, sample = max(rows, key=lambda row: row[:3])
    key = f"{place}.header_row"
    if count >= 2 and key not in questions.given:
        return HeaderRow(sample, -at, was_asked=False)
    widest = max(sample_file.samples, key=_usual_width)
    width = _usual_width(widest)
    likely = next((at for at, cells in enumerate(widest.rows) if len([c for c in cells if c]) >= width), 0)
    questions.tell(f"The first rows of {sample_file.file.name}:")
    for number, cells in enumerate(widest.rows[: likely + _FEW_ROWS], 1):
        questions.tell(f"  {number}  {' | '.join(cells)[:100]}")
    answer = questions.text(key, "Which row names the columns (0: none does)? Number", str(likely + 1))
    if not answer.isdecimal() or not 0 <= int(answer) <= len(widest.rows):
        raise JobError(f'{key}: "{answer}" is no row of {sample_file.file.name}')
    return HeaderRow(widest, int(answer) - 1, was_asked=True)


def columns_of(header: HeaderRow, currency: str, id_field: str = "", package: str = "") -> list[Contents]:
    """What each column under a header holds; rows without the id, where one column surely has it, say nothing."""
    columns = contents(header.names, header.rows, currency, Currencies())
    id_column = proposals(package, columns).get(id_field) if id_field else None
    if id_column is None or not id_column.is_sure:
        return columns
    at = next(column.at for column in columns if column.name == id_column.choices[0])
    rows = [row for row in header.rows if at < len(row) and row[at]]
    return contents(header.names, rows, currency, Currencies()) if len(rows) < len(header.rows) else columns


def file_settings(header: HeaderRow, sample_file: SampleFile) -> dict[str, Any]:
    """What a section says of an unknown file: its kind, and the header and the sheet that nobody finds without it.

    A first sheet is not named: where each file is a month, its sheet often is called so, too.
    """
    settings: dict[str, Any] = {"kind": kind_of(sample_file.file.content)}
    if header.was_asked:
        settings["header_row"] = header.place + 1
    if header.sample.sheet and header.sample.sheet != next(iter(sheets(sample_file.file))):
        settings["sheet"] = header.sample.sheet
    return settings


def given_files(orders: Iterable[str], bank: Iterable[str]) -> frozenset[Path]:
    """The files of `--orders` and `--bank`; what is no file is told where it is read."""
    patterns = (*orders, *(statement.partition("=")[2] for statement in bank))
    files = (matching_files(str(Path(pattern).absolute())) for pattern in patterns if pattern)
    return frozenset(path for of_pattern in files for path in of_pattern.values() if path.is_file())


def path_for(path: Path, folder: Path, samples: Collection[Path], place: str, questions: Questions) -> str:
    """Which files a source reads each night, as the configuration writes it.

    Every file of the folder with such an ending; in the configuration's own folder the one file. Where another of the
    samples lies beside it, those whose names begin with the same letters, else the one file.
    """
    inside = Path(os.path.relpath(path.absolute(), folder))
    shown = inside if ".." not in inside.parts else path.absolute()
    begins = re.match(r"[^\W\d_]*", shown.name)
    patterns = (f"*{shown.suffix}", f"{begins.group() if begins else ''}*{shown.suffix}")
    other_names = [
        other.name for other in samples if other.parent == path.absolute().parent and other.name != path.name
    ]
    free = (pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in other_names))
    default = shown if shown.parent == Path() else shown.parent / next(free, shown.name)
    return questions.text(
        f"{place}.path", f"Which files are of {place} (* is anything)?", default.as_posix(), is_sure=True
    )


def _usual_width(sample: Sample) -> int:
    widths = [len([cell for cell in cells if cell]) for cells in sample.rows]
    return max(set(widths), key=widths.count, default=0)
