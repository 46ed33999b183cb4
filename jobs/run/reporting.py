"""Writes a run's reports, keeps what was written, and leaves signed files as they are; judges nothing."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from jobs.config.config import Config
from jobs.logs.errors import say
from jobs.run.judging import Findings
from recon import __version__
from recon.memory import at_work, give_back
from recon.settings import Context
from recon.store.desk import workbooks
from recon.store.desk.workbook_bytes import LARGEST, pieces_of, sha256_of_file
from recon.store.desk.workbooks import StoredWorkbook
from recon.store.engine import Store
from recon.store.versions.evidence import order_sources
from reports.report import Basis, Group, Report
from reports.sheet import AnyReport
from reports.shop_links import ShopLinks
from reports.workbook.plain import write_plain
from reports.workbook.write import file_name, remove_left, replacing, write_workbook

XLSX = "xlsx"
_TOGETHER = 2  # workbooks written side by side


@dataclass(frozen=True)
class Writing:
    """Where and as what a run's reports are written; `run_id` is null where the run is not recorded."""

    config: Config
    store: Store
    clock: Callable[[], datetime]
    as_of: datetime
    run_id: int | None
    format: str = XLSX


def write_reports(
    writing: Writing, findings: Findings, context: Context, digests: Mapping[str, str]
) -> tuple[Path, ...]:
    """The accounts' reports, and with more than one account the group's, last: workbooks, or files of plain sheets.

    `digests` has each result's own, by account. A range that is signed is written beside the signed file where its
    result is another one.
    """
    remove_left(writing.config.reports.folder)
    head = workbooks.head(writing.store)
    basis = Basis(
        __version__,
        context.currencies,
        context.methods,
        context.settings,
        context.calendars,
        head,
        {name: writing.config.journal.codes(name).accounts for name in writing.config.accounts},
        ShopLinks(writing.config.order_links, partial(order_sources, writing.store)),
    )
    parts = tuple(Report(result, basis, digests[result.account.name]) for result in findings.results)
    if writing.format != XLSX:
        group = Group(parts, tuple(file_name(part) for part in parts))
        reports: tuple[AnyReport, ...] = (*parts, *([group] if len(parts) > 1 else []))
        folder = writing.config.reports.folder
        return tuple(path for report in reports for path in write_plain(report, folder, writing.format))
    placed: list[tuple[AnyReport, _Place]] = [(part, _place(writing, part)) for part in parts]
    if len(parts) > 1:
        group = Group(parts, tuple(place.name for _, place in placed))
        placed.append((group, _place(writing, group)))
    with at_work(), ThreadPoolExecutor(_TOGETHER) as pool:
        longest_first = sorted(placed, key=lambda report_and_place: -_orders(report_and_place[0]))
        writes = {report.name: pool.submit(_write, writing, report, place) for report, place in longest_first}
        return tuple(writes[report.name].result() for report, _ in placed)


def _orders(report: AnyReport) -> int:
    return report.result.orders if isinstance(report, Report) else sum(map(_orders, report.parts))


@dataclass(frozen=True)
class _Place:
    """What a report's file is called, its number among the range's files, and the signed one that it is, if any."""

    name: str
    number: int
    signed: StoredWorkbook | None = None
    beside: str = ""  # why it stands beside a signed one, in words


def _place(writing: Writing, report: AnyReport) -> _Place:
    """A signed file of this result stays as it is, and no signed one is written over."""
    signed_names: dict[str, str] = {}
    for sign_off in workbooks.sign_offs(writing.store, report.name, *report.days):
        signed = workbooks.by_hash(writing.store, sign_off.sha256)
        if signed and sign_off.result_digest == report.digest:
            return _Place(signed.name, 0, signed)
        if signed:
            ended = ", which no longer holds" if sign_off.ended_at else ""
            signed_names[signed.name] = f"{signed.name} was signed as {sign_off.role} by {sign_off.who}{ended}"
    number = 1
    while file_name(report, number) in signed_names:
        number += 1
    why = "; ".join(signed_names.values())
    beside = f"{why}; this result is another one, so it stands beside it." if number > 1 else ""
    return _Place(file_name(report, number), number, beside=beside)


def _write(writing: Writing, report: AnyReport, place: _Place) -> Path:
    """One workbook, written and kept, or the signed one where it belongs."""
    folder, first, last = writing.config.reports.folder, *report.days
    if place.signed:
        path = folder / place.name
        if not put_back(writing.store, path, place.signed.sha256):
            with path.open("rb") as file:
                workbooks.keep(writing.store, place.signed, file)
        return path
    path = write_workbook(replace(report, beside=place.beside), folder, place.number)
    give_back()
    with path.open("rb") as file:
        written = StoredWorkbook(
            sha256_of_file(file),
            path.name,
            report.name,
            first,
            last,
            writing.run_id,
            writing.as_of,
            report.digest,
            report.basis.audit_head,
            writing.clock(),
            file.tell(),
        )
        file.seek(0)
        workbooks.keep(writing.store, written, file)
    if written.size > LARGEST:
        limit = f"{LARGEST // 2**30} GiB"
        say(f"{path.name}: larger than {limit}, so the store keeps no copy: it stands in the report folder alone")
    return path


def put_back(store: Store, path: Path, sha256: str) -> str:
    """Have a workbook stand in its place, where need be its kept copy; why it does not, or nothing.

    An earlier one of the same name gives way; one that was edited does not, and is left for `recon verify`.
    """
    present = hash_of(path) if path.exists() else ""
    if present == sha256:
        return ""
    if present and workbooks.by_hash(store, present) is None:
        return f"{path.name}: was edited in the report folder, and is left as it is"
    pieces = pieces_of(store, sha256)
    if pieces is None:
        return f"{path.name}: stands in the report folder of the host that wrote it alone: the store keeps no copy"
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        for piece in pieces:
            file.write(piece)
    return ""


def hash_of(path: Path) -> str:
    """By what a written workbook is known."""
    with path.open("rb") as file:
        return sha256_of_file(file)
