"""What a workbook is known by: the digests of its result and of its rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from recon import columns as c
from recon.columnar import np, pa, pc, pd
from recon.model import Proof, Result
from recon.settings import RuleSettings

# What another run of the same range changes without anything being different.
_CLOCKS = [c.LAST_SEEN, c.HOURS_LEFT]
# What people and time make of a break; the rest of it is what the data say.
_LIFE = [c.STATUS, c.OWNER, c.FIRST_SEEN, c.AGE_DAYS]
_BREAKS = "breaks"
_JOURNAL = "journal"


@dataclass(frozen=True)
class Digests:
    """SHA-256 (hex) of a result, and of what the data alone say in each of its frames, by the frame's name.

    `rows` leaves out what people ruled, when a break was first seen, and which files were read: they are the same
    when the same objects are judged again as of the same moment.
    """

    result: str
    rows: Mapping[str, str]


def result_digest(result: Result) -> str:
    """SHA-256 (hex) of what a result says: range, totals, proofs, inputs, every cell of its frames in row order.

    The as-of moment counts by its day in the account's zone only; the run's number, timings and what earlier runs
    said (what is new or changed since, ranges before) do not count: running again what is unchanged gives the same.
    """
    return digests(result).result


def digests(result: Result) -> Digests:
    """The digest of a result with those of its rows, every column read once."""
    whole = hashlib.sha256(json.dumps(_said(result), ensure_ascii=False, separators=(",", ":")).encode())
    rows = {}
    for name, frame in (*_frames(result), (_JOURNAL, result.journal)):
        data = hashlib.sha256(f"{len(frame)}".encode())
        whole.update(f"\n{name} {len(frame)}\n".encode())
        for column in [name for name in frame.columns if name not in _CLOCKS] if len(frame) else ():
            digest = whole if name == _BREAKS and column in _LIFE else data
            digest.update(f"\n{column}\n".encode())
            _add(digest, frame[column])
        rows[name] = data.hexdigest()
        whole.update(rows[name].encode())
    _add_register(whole, result.register)
    del rows[_JOURNAL]  # follows from the others, and from what people wrote off
    return Digests(whole.hexdigest(), rows)


def _add_register(whole: hashlib._Hash, register: pd.DataFrame) -> None:
    """What people decided is of the result, and not of what its data say."""
    if not len(register):
        return
    whole.update(f"\nregister {len(register)}\n".encode())
    for column in register.columns:
        whole.update(f"\n{column}\n".encode())
        _add(whole, register[column])


def _said(result: Result) -> dict[str, Any]:
    """What a result says outside of its frames, as JSON holds it."""
    account = result.account
    return {
        "account": [account.name, account.region, account.currency, str(account.zone)],
        "range": [result.first_day.isoformat(), result.last_day.isoformat()],
        "as_of": result.as_of.astimezone(account.zone).date().isoformat(),
        "counts": [
            result.orders,
            result.charges,
            result.refunds,
            result.transfers,
            result.transactions,
            result.matched_orders,
            result.expecting_orders,
            result.rejected_rows,
            result.ignored_rows,
        ],
        "notes": sorted(result.notes.items()),
        "not_read": sorted(result.not_read.items()),
        "currencies": sorted(list(asdict(total).values()) for total in result.currencies),
        "proofs": [_proof(proof) for proof in result.proofs],
        "inputs": sorted(list(asdict(file).values()) for file in result.inputs),
        "complete": result.complete,
        **({} if result.rate_known else {"match_rate": result.match_rate_words}),
    }


def _proof(proof: Proof) -> list[Any]:
    return [
        proof.name,
        proof.currency,
        proof.left,
        proof.right,
        [[item.what, item.rows] for item in proof.items],
        proof.rest,
    ]


def rules_digest(catalogue: Sequence[tuple[str, ...]], settings: Mapping[str, RuleSettings]) -> str:
    """SHA-256 (hex) of the rules in force: their words, and what the configuration sets of each."""
    lines = [list(entry) for entry in catalogue]
    for code, rule in sorted(settings.items()):
        severity = rule.severity.word if rule.severity else ""
        thresholds = [f"{name}={value}" for name, value in sorted(rule.thresholds.items())]
        lines.append([code, str(rule.enabled), severity, *thresholds])
    return hashlib.sha256(json.dumps(lines, ensure_ascii=False).encode()).hexdigest()


def _frames(result: Result) -> Iterator[tuple[str, pd.DataFrame]]:
    """Every frame of a result that is its own."""
    details = result.details
    settlement = result.settlement
    for name in ("matched", _BREAKS, "rejected", "waiting"):
        yield name, getattr(result, name)
    for name in ("refunds", "disputes", "dispute_rates", "failures"):
        yield name, getattr(details, name)
    for part in fields(settlement):
        yield part.name, getattr(settlement, part.name)


def _add(digest: hashlib._Hash, series: pd.Series[Any]) -> None:
    """Every value of a column, without ambiguity: texts joined (UTF-8) and by their lengths, the rest as int64."""
    values = series.array  # as its series, without the work of one
    missing = np.asarray(values.isna())
    digest.update(missing.tobytes())
    any_missing = bool(missing.any())
    if isinstance(values, pd.arrays.DatetimeArray):
        moments: Any = values.as_unit("us")
        numbers = moments.asi8
    elif isinstance(values.dtype, pd.StringDtype):
        texts = _whole(pa.array(values, type=pa.large_string(), from_pandas=True))
        texts = pc.fill_null(texts, "") if any_missing else texts
        offsets = np.frombuffer(texts.buffers()[1], dtype="<i8")[texts.offset : texts.offset + len(texts) + 1]
        digest.update(memoryview(texts.buffers()[2] or b"")[offsets[0] : offsets[-1]])
        numbers = np.diff(offsets)
    else:
        numbers = (series.fillna(0) if any_missing else series).to_numpy(dtype="int64")
    digest.update((np.where(missing, 0, numbers) if any_missing else numbers).astype("<i8").tobytes())


def _whole(array: Any) -> Any:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
