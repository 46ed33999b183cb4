"""What follows from whole columns: who paid, how much, which words are equal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from recon.arrays import Ints, Mask, Positions
from recon.columnar import np, npt, pa, pc, pd
from recon.columns.core import (
    ACCOUNT,
    AMOUNT,
    CAPTURED_AMOUNT,
    CREATED_AT,
    DELETED,
    FAILURE_CODE,
    MICROSECOND,
    MOMENT,
    PAID,
    PAID_AT,
    REFERENCES,
    SENT,
    STATUS,
    TEXT,
    VOIDED,
)
from recon.columns.kept_aside import KEPT_ASIDE, RELEASED_AT
from recon.model import EXPECTS_CHARGE, NEVER_PAID, Account, ChargeStatus, Window
from recon.money import Tolerance

Words: TypeAlias = "pd.Series[str]"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def equals(frame: pd.DataFrame, name: str, word: str) -> Mask:
    """Per row whether a text column is this word."""
    cells = pa.array(frame[name].array)
    return _mask(pc.equal(cells, pa.scalar(str(word), cells.type)))  # a bare word takes six times as long


def of_account(frame: pd.DataFrame, account: str) -> Mask:
    """Per row whether it is the account's."""
    return equals(frame, ACCOUNT, account)


def within(moments: pd.Series[Any], window: Window) -> Mask:
    """Per moment whether it lies in a window; null never."""
    cells = micros(moments)
    return np.asarray((cells >= micros_of(window.start)) & (cells < micros_of(window.end)))


def micros(moments: pd.Series[Any]) -> Ints:
    """Microseconds since the epoch (UTC), to be read alone; null is less than any."""
    cells: Any = moments.array
    assert cells.unit == "us"
    return np.asarray(cells.view("int64"), dtype=np.int64)


def moments_of(values: Ints) -> Any:
    """What `micros` gives as the cells of a column again."""
    array: Any = pd.array
    return array(values.view("datetime64[us]"), dtype=MOMENT)


def micros_of(moment: datetime) -> int:
    """A moment as `micros` has it."""
    return (moment - _EPOCH) // MICROSECOND


def local_days(moments: pd.Series[Any], zone: ZoneInfo) -> npt.NDArray[np.datetime64]:
    """The business date (datetime64[D]) on which each moment falls."""
    days: npt.NDArray[np.datetime64] = (
        moments.dt.tz_convert(zone).dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    )
    return days


def paid_at(charges: pd.DataFrame) -> pd.Series[Any]:
    """When each charge was paid, or where that is not said made."""
    return charges[PAID_AT].fillna(charges[CREATED_AT])


def created_in(frame: pd.DataFrame, account: str, window: Window) -> Mask:
    """Per row whether it is the account's and was created in a window."""
    if not len(frame):
        return np.zeros(0, dtype=bool)
    return of_account(frame, account) & within(frame[CREATED_AT], window)


def still_aside(kept_aside: pd.DataFrame) -> pd.DataFrame:
    """Of objects that were kept aside (KEPT_ASIDE, or nothing) those that could not be read up to now."""
    return kept_aside[kept_aside[RELEASED_AT].isna().to_numpy(dtype=bool)] if len(kept_aside) else KEPT_ASIDE.empty()


def before_go_live(moments: pd.Series[Any], account: Account) -> Mask:
    """Per moment whether it lies before the account went live; none does where it names no day."""
    if account.go_live is None:
        return np.zeros(len(moments), dtype=bool)
    return (moments < datetime.combine(account.go_live, time.min, account.zone)).to_numpy(dtype=bool)


def expects_charge(orders: pd.DataFrame) -> Mask:
    """Per order (shaped ORDERS) whether its status expects a charge that pays."""
    return orders[STATUS].isin(list(EXPECTS_CHARGE)).to_numpy(dtype=bool)


def successful(charges: pd.DataFrame) -> Mask:
    """Per charge (shaped CHARGES) whether it took money, be it voided since."""
    return equals(charges, STATUS, ChargeStatus.SUCCESSFUL)


def never_paid(charges: pd.DataFrame) -> Mask:
    """Per charge (shaped CHARGES) whether it failed, expired or was reversed: it took no money."""
    return is_in(charges[STATUS], NEVER_PAID)


def took_money(charges: pd.DataFrame) -> Mask:
    """Per charge (shaped CHARGES) whether the payer's money was taken: successful and not voided."""
    return np.asarray(successful(charges) & ~charges[VOIDED], dtype=bool)


def captured_amounts(charges: pd.DataFrame) -> Ints:
    """What was taken per charge, minor units: the captured part where Omise names it, else the amount."""
    captured = charges[CAPTURED_AMOUNT].array
    named = ~np.asarray(captured.isna())
    return np.where(named, captured.to_numpy(dtype="int64", na_value=0), charges[AMOUNT].to_numpy()).astype(np.int64)


def on_its_way(transfers: pd.DataFrame) -> Mask:
    """Per transfer (shaped TRANSFERS) whether it is sent and not paid, neither failed nor deleted."""
    unpaid = transfers[SENT] & ~transfers[PAID] & ~transfers[DELETED]
    return np.asarray(unpaid & transfers[FAILURE_CODE].isna(), dtype=bool)


def rows_under(frame: pd.DataFrame, mask: Mask) -> pd.DataFrame:
    """The rows under a mask, counted anew; those that lie together, as an account's do, are not copied."""
    places = np.flatnonzero(mask)
    together = len(places) > 0 and places[-1] - places[0] + 1 == len(places)
    rows = frame.iloc[places[0] : places[-1] + 1] if together else frame.iloc[places]
    return rows.reset_index(drop=True)


def joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Frames of one shape, at least one, below each other; an empty one has no say about types."""
    filled = [frame for frame in frames if len(frame)]
    if len(filled) == 1:
        return filled[0].reset_index(drop=True)
    return pd.concat(filled, ignore_index=True) if filled else frames[0]


def same_words(left: Words, right: Words) -> Mask:
    """Per row whether two text columns say the same word; null is equal to nothing. No text becomes an object."""
    return _mask(pc.equal(pa.array(left.array), pa.array(right.array)))


def _mask(cells: Any) -> Mask:
    """Arrow's true and false; null is false."""
    return np.asarray((pc.fill_null(cells, False) if cells.null_count else cells).to_numpy(zero_copy_only=False))


def joint_codes(left: Words, right: Words) -> tuple[Positions, Positions]:
    """Two columns of words as numbers that are equal where the words are; null is -1 on both sides."""
    both = pd.factorize(pd.concat([left, right], ignore_index=True))[0]
    return both[: len(left)], both[len(left) :]


def only_places(column: Words, values: Words) -> Positions | None:
    """Per value the place of its equal in the column, -1 without one; None where the column has a value twice.

    Where every value stands once, as ids do, this takes half the time of `joint_codes`.
    """
    cells = pa.array(column)
    places = pc.index_in(pa.array(values), value_set=cells, skip_nulls=True).fill_null(-1).to_numpy()
    without_value = np.ones(len(column), dtype=bool)
    without_value[places[places >= 0]] = False
    rest = column[without_value].dropna()
    twice = rest.duplicated().any() or np.count_nonzero(is_in(column, rest)) > len(rest)
    return None if twice else places.astype(np.intp)


def word_codes(left: Words, right: Words) -> tuple[Positions, Positions]:
    """As joint_codes, for columns of a few different words: half the time."""
    (left_codes, left_words), (right_codes, right_words) = pd.factorize(left), pd.factorize(right)
    place = dict(zip(left_words, range(len(left_words)), strict=True))
    return left_codes, np.array(
        [*(place.get(word, len(left_words) + at) for at, word in enumerate(right_words)), -1]
    )[right_codes]


def references_of(references: Words) -> tuple[Positions, Words]:
    """The references of orders (`REFERENCE`) one by one: the place of the order, and the reference."""
    filled = np.flatnonzero(references.notna().to_numpy(dtype=bool))
    split = [text.split(REFERENCES) for text in references.iloc[filled]]
    owners = np.repeat(filled, np.array([len(parts) for parts in split], dtype=np.intp))
    each = pd.Series([part.strip() for parts in split for part in parts], dtype=TEXT)
    named = (each != "").to_numpy(dtype=bool)
    return owners[named], each[named].reset_index(drop=True)


def slack(currencies: Words, expected: Ints, tolerance: Tolerance) -> Ints:
    """Per amount (minor units) the largest difference that still counts as equal: `Tolerance.slack` in columns."""
    result = np.zeros(len(expected), dtype=np.int64)
    for currency in set(tolerance.absolute) | set(tolerance.relative_ppm):
        at = np.flatnonzero((currencies == currency).to_numpy(dtype=bool))
        ppm = tolerance.relative_ppm.get(currency, 0)
        least = tolerance.absolute.get(currency, 0)
        millions, rest = np.divmod(np.abs(expected[at]), 1_000_000)
        result[at] = np.maximum(millions * ppm + rest * ppm // 1_000_000, least)
    return result


def portion(wholes: Ints, upto: Ints, of: Ints) -> Ints:
    """Per whole what falls to the first `upto` of `of`, rounded down; exact also beyond 64 bits."""
    if not len(wholes) or int(np.abs(wholes).max()) * int(np.abs(upto).max()) < 2**62:
        return np.asarray(wholes * upto // of)
    rows = zip(wholes.tolist(), upto.tolist(), of.tolist(), strict=True)
    return np.array([whole * at // size for whole, at, size in rows], dtype=np.int64)


def is_in(column: Words, values: Iterable[str]) -> Mask:
    """Which cells of a text column are one of the values, null never; `Series.isin` takes seconds for a million."""
    cells = pa.array(column.array)
    if isinstance(values, pd.Series):
        wanted = pa.array(values.array)
    else:
        wanted = pa.array(list(values), cells.type, from_pandas=True)
    if not len(wanted) or not len(cells):
        return np.zeros(len(cells), dtype=bool)
    return _mask(pc.is_in(cells, value_set=wanted, skip_nulls=True))


def plain(values: Any) -> list[Any]:
    """The values of a frame's column (its array) as Python's own: null is None, moments are datetimes."""
    cells: list[Any]
    if isinstance(values, pd.arrays.DatetimeArray):
        cells = list(values.to_pydatetime())
    elif isinstance(values, pd.arrays.NumpyExtensionArray):
        cells = values.to_numpy().tolist()
    else:
        cells = pa.array(values, from_pandas=True).to_pylist()
    missing = np.asarray(values.isna())
    if not missing.any():
        return cells
    return [None if is_missing else cell for cell, is_missing in zip(cells, missing, strict=True)]


def plain_rows(frame: pd.DataFrame, names: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of some columns, at least one, as `plain` has their values."""
    return zip(*(plain(frame[name].array) for name in names), strict=True)


def distinct_rows(frame: pd.DataFrame, names: list[str]) -> tuple[list[tuple[Any, ...]], Positions]:
    """The different rows of a few text columns (null is None), and for each row of the frame which of them it is."""
    return distinct([frame[name].array for name in names])


def distinct(columns: Sequence[Any]) -> tuple[list[tuple[Any, ...]], Positions]:
    """As distinct_rows, of columns beside each other, of texts or whole numbers; at least one."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    words = []
    for column in columns:
        column_codes, column_words = pd.factorize(column, use_na_sentinel=True)
        words.append([*column_words.tolist(), None])
        code = code * (len(column_words) + 1) + np.where(column_codes < 0, len(column_words), column_codes)
    row_of, distinct_codes = pd.factorize(code)
    rows = []
    for rest in distinct_codes.tolist():
        cells: list[Any] = []
        for column_words in reversed(words):
            rest, place = divmod(rest, len(column_words))
            cells.append(column_words[place])
        rows.append(tuple(reversed(cells)))
    return rows, np.asarray(row_of, dtype=np.intp)


def sums_by(groups: Positions, count: int, amounts: Ints) -> list[int]:
    """What each of `count` groups comes to, exactly; `groups` has the group of each amount."""
    return [*map(int, sums_at(groups, count, amounts))]


def sums_at(places: Positions, count: int, amounts: Ints) -> Ints:
    """As sums_by, as an array: what the amounts at each of `count` places come to, exactly."""
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, places, amounts)
    return sums


def mask_at(places: Any, count: int) -> Mask:
    """Which of `count` rows stand at these places."""
    mask = np.zeros(count, dtype=bool)
    mask[places] = True
    return mask


def counts_by(groups: Positions, count: int) -> list[int]:
    """How many rows each of `count` groups has."""
    return [*map(int, np.bincount(groups, minlength=count))]
