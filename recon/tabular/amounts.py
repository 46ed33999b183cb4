"""Whole columns of amounts as exact minor units; the words and the rules are those of recon.money."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from recon.money import BadAmount, Currencies

_DIGITS = 18  # that many digits always fit into int64
_LIMIT = 2**63
_LONGEST = 200  # characters; Python itself refuses to read endless numbers


def amounts(
    texts: pa.Array, currency: str, unit: Literal["major", "minor"], currencies: Currencies
) -> tuple[npt.NDArray[np.int64], dict[int, str]]:
    """Minor units of a column in one known currency (0 where refused), and by position why a text was refused.

    A plain number is taken apart as text and joined again as an integer; every other text is asked of `Currencies`
    one by one. No float at any point.
    """
    decimals = currencies.exponent(currency) if unit == "major" else 0
    result = _plain(texts, decimals)
    parse = currencies.parse_major if unit == "major" else currencies.parse_minor
    values = pc.fill_null(result, 0).to_numpy(zero_copy_only=False).copy()
    refused: dict[int, str] = {}
    for at in np.flatnonzero(pc.is_null(result).to_numpy(zero_copy_only=False)).tolist():
        text = texts[at].as_py()
        if len(text) > _LONGEST:
            refused[at] = f'amount "{text}" is too long for one'
            continue
        try:
            found = parse(text, currency)
        except BadAmount as error:
            refused[at] = str(error)
            continue
        if abs(found) < _LIMIT:
            values[at] = found
        else:
            refused[at] = f'amount "{text}" is too large'
    return values, refused


def _plain(texts: pa.Array, decimals: int) -> pa.Array:
    """Digits, thousands in threes, decimals that the currency has; null for any other text."""
    whole = _DIGITS - decimals
    if whole < 6:
        return pa.nulls(len(texts), pa.int64())
    pattern = (
        rf"^(?P<whole>[0-9]{{1,{whole}}}|[0-9]{{1,3}}(?:,[0-9]{{3}}){{1,{whole // 3 - 1}}})"
        rf"(?:\.(?P<decimals>[0-9]{{0,{decimals}}})0*)?$"
    )
    found = pc.extract_regex(texts, pattern)
    units = pc.replace_substring(pc.struct_field(found, "whole"), ",", "")
    if decimals:
        padded = pc.ascii_rpad(pc.struct_field(found, "decimals"), decimals, "0")
        units = pc.binary_join_element_wise(units, padded, "")
    return pc.cast(units, pa.int64())
