"""Which column of an unknown file is which field, asked where names and contents leave a doubt."""

from collections.abc import Sequence
from typing import Any

from jobs.setup.files import NONE
from jobs.setup.questions import Questions
from recon import columns as c
from recon.tabular.layout import folded
from recon.tabular.recognition.contents import Contents
from recon.tabular.recognition.proposals import Proposal, field_names, proposals

_CLOCK_NAMES = frozenset(map(folded, ("time", "order time", "เวลา", "時刻", "時間", "masa")))


def mapped_columns(package: str, columns: Sequence[Contents], place: str, questions: Questions) -> dict[str, Any]:
    """Ours = the file's, for every field that is there."""
    chosen: dict[str, Any] = {}
    names = [column.name for column in columns]
    by_field = proposals(package, columns)
    for field, proposal in sorted(by_field.items(), key=lambda pair: not pair[1].is_sure):
        if field in ("amount", "direction") and {"debit", "credit"} <= chosen.keys():
            continue
        column = _chosen(field, proposal, [name for name in names if name not in chosen.values()], place, questions)
        if column:
            chosen[field] = column
    for field in field_names(package):
        key = f"{place}.columns.{field}"
        if field not in by_field and key in questions.given:
            chosen[field] = questions.choice(key, "", [*names, NONE]).removeprefix(NONE)
    ordered: dict[str, Any] = {field: chosen[field] for field in field_names(package) if chosen.get(field)}
    if package == "recon.orders":
        _add_by_contents(ordered, c.CHARGE_ID, "charge ids", columns)
        if c.CURRENCY not in chosen:
            _add_by_contents(ordered, c.CURRENCY, "currencies", columns)
        _add_clock(ordered, columns)
    return ordered


def _chosen(field: str, proposal: Proposal, left: Sequence[str], place: str, questions: Questions) -> str:
    key = f"{place}.columns.{field}"
    choices = [name for name in proposal.choices if name in left]
    if key in questions.given:
        return questions.choice(key, "", [*left, NONE]).replace(NONE, "")
    if proposal.is_sure and choices[:1] == list(proposal.choices[:1]):
        return choices[0]
    if not proposal.is_needed:
        if not choices:
            return ""
        words = f"More than one column may be {field}:"
        return questions.choice(key, words, [*choices, NONE], choices[0]).removeprefix(NONE)
    default = choices[0] if choices else ""
    return questions.choice(key, f"Which column is {field}?", choices or left, default)


def _add_by_contents(chosen: dict[str, Any], field: str, kind: str, columns: Sequence[Contents]) -> None:
    """Ids of charges and codes of currencies cannot be taken for anything else, whatever their column is called."""
    named = [column.name for column in columns if column.filled and kind in column.kinds]
    if field not in chosen and len(named) == 1 and named[0] not in chosen.values():
        chosen[field] = named[0]


def _add_clock(chosen: dict[str, Any], columns: Sequence[Contents]) -> None:
    """A time that stands apart from its day."""
    clocks = [column.name for column in columns if "clocks" in column.kinds and folded(column.name) in _CLOCK_NAMES]
    if len(clocks) == 1 and isinstance(chosen.get(c.CREATED_AT), str):
        chosen[c.CREATED_AT] = [chosen[c.CREATED_AT], clocks[0]]
