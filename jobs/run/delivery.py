"""Copies finished files to folders and to object stores."""

import filecmp
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from jobs.config.sections import ReportsSection
from jobs.logs.redaction import masked
from reports.workbook.write import replacing

TIMEOUT_S = 60
_OWED = ".undelivered.json"  # in the report folder: place -> files that it has not got


def deliver(reports: ReportsSection, files: Sequence[Path]) -> list[str]:
    """Copy files of the report folder to every place, with what an earlier run could not; what failed, in words.

    A place never holds half a file. One that fails does not keep the others from theirs.
    """
    if not reports.deliver:
        return []
    names = [path.relative_to(reports.folder).as_posix() for path in files]
    owed = _owed(reports.folder)
    undelivered: dict[str, list[str]] = {}
    failures = []
    for place in reports.deliver:
        wanted = list(dict.fromkeys([*owed.get(place, ()), *names]))
        try:
            _to_place(place, reports.folder, [name for name in wanted if (reports.folder / name).is_file()])
        except Exception as error:  # a store's own errors have no name here
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            undelivered[place] = wanted
            failures.append(
                f"reports.deliver: {masked(place)} did not get its files ({masked(reason)}); the next run tries again"
            )
    _keep_owed(reports.folder, undelivered)
    return failures


def _to_place(place: str, folder: Path, names: Iterable[str]) -> None:
    if "://" not in place:
        for name in names:
            _copy(folder / name, Path(place) / name)
        return
    store = _object_store(place)
    for name in names:
        with (folder / name).open("rb") as file:
            store.put(name, file)


def _object_store(place: str) -> Any:
    import obstore.store

    patience: dict[str, Any] = {"retry_config": {"max_retries": 3, "retry_timeout": timedelta(seconds=TIMEOUT_S)}}
    if place.startswith("file:"):
        return obstore.store.from_url(place, mkdir=True)
    return obstore.store.from_url(place, client_options={"timeout": f"{TIMEOUT_S}s"}, **patience)


def _copy(source: Path, target: Path) -> None:
    """A copy that takes the target's name when all of it is on disk; the same content again is left alone."""
    if target.is_file() and filecmp.cmp(source, target, shallow=False):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as given, replacing(target) as file:
        shutil.copyfileobj(given, file, 2**20)


def _owed(folder: Path) -> Mapping[str, Sequence[str]]:
    try:
        owed = json.loads((folder / _OWED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return owed if isinstance(owed, dict) else {}


def _keep_owed(folder: Path, undelivered: Mapping[str, Sequence[str]]) -> None:
    if undelivered:
        (folder / _OWED).write_text(json.dumps(undelivered, indent=1, sort_keys=True), encoding="utf-8")
    else:
        (folder / _OWED).unlink(missing_ok=True)
