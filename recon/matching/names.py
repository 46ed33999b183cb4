"""Which names of orders a charge carries: in its metadata, and in its description.

The keys of metadata are those of every order source, or a source's own. What Omise's own plug-ins write is known
(plugins.toml): a description that one of them wrote names what its pattern says, whatever words stand in it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from recon import columns as c
from recon.arrays import Mask, Positions
from recon.bounds import LONGEST_SEARCHED
from recon.columnar import np, pa, pc, pd
from recon.expressions import Expression
from recon.settings import MatchSettings

_EDGES = " \t\r\n.,;:!?()[]{}<>\"'"
_IS_LIST = r"[\[,;]"
_QUOTED = re.compile(r'"([^"]+)"')  # of a JSON list's text
_PLAIN = re.compile(r"[^\s\[\],;]+")  # numbers of a JSON list, or ids between commas


@dataclass(frozen=True)
class Plugin:
    """What one of Omise's plug-ins writes into a charge; `description` has a group for the order's id, or none."""

    order_keys: tuple[str, ...]
    reference_keys: tuple[str, ...]
    description: str


@cache
def plugins() -> Mapping[str, Plugin]:
    """The plug-ins by their names in plugins.toml."""
    raw = tomllib.loads(resources.files("recon").joinpath("matching", "plugins.toml").read_text(encoding="utf-8"))
    return {
        name: Plugin(tuple(table.get("order_keys", ())), tuple(table.get("reference_keys", ())), table[c.DESCRIPTION])
        for name, table in raw.items()
    }


def with_plugin_keys(keys: Iterable[str], *, references: bool = False) -> tuple[str, ...]:
    """Metadata keys in the order in which they are looked at: these, then the plug-ins' for an order's id.

    With `references` also the plug-ins' keys for what stands in an order's `reference`.
    """
    plugin_keys = [key for plugin in plugins().values() for key in plugin.order_keys]
    plugin_keys += [key for plugin in plugins().values() for key in plugin.reference_keys if references]
    return tuple(dict.fromkeys((*keys, *plugin_keys)))


def key_groups(settings: MatchSettings) -> tuple[tuple[str, ...], ...]:
    """The different lists of metadata keys of the sources that have their own, in one order."""
    return tuple(sorted(set(settings.source_keys.values())))


def texts_of_groups(source_refs: Any, count: int) -> list[Any]:
    """`columns.SOURCE_REFS` taken apart: for each of so many groups of keys its texts as Arrow has them."""
    texts = arrow_texts(source_refs)
    if count < 2:
        return [texts] * count
    parts = pc.split_pattern(texts, c.REFS_SEPARATOR)
    each = [pc.list_element(parts, place) for place in range(count)]
    return [pc.if_else(pc.equal(part, ""), pa.scalar(None, pa.large_string()), part) for part in each]


def is_named_by(order: pd.Series[Any], charge: pd.Series[Any], settings: MatchSettings) -> bool:
    """Whether a charge's metadata holds this order's id or reference, by the keys of the order's source."""
    keys = settings.source_keys.get(order[c.SOURCE])
    if keys is None:
        return bool(charge[c.ORDER_REF] == order[c.ORDER_ID])
    groups = key_groups(settings)
    ref = texts_of_groups([charge[c.SOURCE_REFS]], len(groups))[groups.index(keys)][0].as_py()
    reference = order[c.REFERENCE] if isinstance(order[c.REFERENCE], str) else ""
    return ref is not None and ref in (order[c.ORDER_ID], *reference.split(c.REFERENCES))


def listed(ref: str) -> list[str]:
    """The ids of a metadata value that lists several, each once."""
    return sorted(set((_QUOTED if '"' in ref else _PLAIN).findall(ref)))


def names_lists(refs: pd.Series[str]) -> Positions:
    """The places of the metadata values that may list several ids."""
    return np.flatnonzero(refs.str.contains(_IS_LIST, regex=True, na=False).to_numpy(dtype=bool))


def names(order_refs: Any, source_refs: Any, descriptions: Any, settings: MatchSettings) -> tuple[Positions, Any]:
    """Every name that charges may carry of their order, by their texts as Arrow takes them (null: none).

    The place of the charge, once for each of its names, and the names as Arrow's strings; metadata first.
    """
    texts = arrow_texts(descriptions)
    described = np.flatnonzero(texts.is_valid())
    texts = texts.drop_null()
    places: list[Positions] = []
    ids: list[Any] = []
    for refs in (arrow_texts(order_refs), *texts_of_groups(source_refs, len(key_groups(settings)))):
        valid = np.flatnonzero(refs.is_valid())
        places.append(valid)
        ids.append(refs.drop_null())
        lists = np.flatnonzero(pc.match_substring_regex(ids[-1], _IS_LIST).to_numpy(zero_copy_only=False))
        items = [(at, item) for at in lists.tolist() for item in listed(ids[-1][at].as_py())]
        places.append(valid[positions(at for at, _ in items)])
        ids.append(pa.array([item for _, item in items], pa.large_string()))
    in_word, words = words_of(texts)
    places.append(described[in_word])
    ids += words.chunks
    for pattern in settings.patterns.values():
        hits, pattern_ids = by_pattern(texts, pattern)
        places.append(described[hits])
        ids.append(pattern_ids)
    return np.concatenate(places), pa.chunked_array(ids, pa.large_string())


def words_of(texts: Any) -> tuple[Positions, Any]:
    """Every word of every text with the text's place: as it stands, without its edges, and without a hash sign.

    Of a text that a plug-in wrote only the id.
    """
    split = pc.utf8_split_whitespace(_as_meant(texts))
    words = pc.list_flatten(split)
    parents = pc.list_parent_indices(split).to_numpy().astype(np.intp)
    places = [parents]
    variants = [words]
    for edges in (_EDGES, _EDGES + "#"):
        trimmed = pc.utf8_trim(words, characters=edges)
        other = pc.not_equal(trimmed, words)
        places.append(parents[other.to_numpy(zero_copy_only=False)])
        variants.append(trimmed.filter(other))
    return np.concatenate(places), pa.chunked_array(variants, pa.large_string())


def by_pattern(texts: Any, pattern: Expression) -> tuple[Positions, Any]:
    """The places of the texts (Arrow) in whose first characters a source's pattern finds an id, and these ids."""
    heads = pc.utf8_slice_codeunits(texts, 0, LONGEST_SEARCHED)
    hits = pc.fill_null(pc.match_substring_regex(heads, pattern.pattern), False)
    ids = pc.replace_substring_regex(heads.filter(hits), rf"^(?s:.*?)(?:{pattern.pattern})(?s:.*)$", r"\1")
    return np.flatnonzero(hits.to_numpy(zero_copy_only=False)), ids


def named_by_plugin(texts: Any) -> Mask:
    """Which texts a plug-in wrote with an order's id in them."""
    written = pc.match_substring_regex(texts, _plugin_texts(ids_only=True))
    return np.asarray(pc.fill_null(written, False).to_numpy(zero_copy_only=False))


def arrow_texts(texts: Any) -> Any:
    """Texts as one Arrow array."""
    array = pa.array(texts, pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def positions(numbers: Iterable[int]) -> Positions:
    """Positions as an array."""
    return np.fromiter(numbers, dtype=np.intp)


def _as_meant(texts: Any) -> Any:
    """The texts, those that a plug-in wrote as the order's id alone, or as nothing."""
    written = pc.fill_null(pc.match_substring_regex(texts, _plugin_texts(ids_only=False)), False)
    if not pc.any(written).as_py():
        return texts
    own = texts.filter(written)
    meaning: Any = pa.array([""] * len(own), pa.large_string())
    for plugin in plugins().values():
        if re.compile(plugin.description).groups:
            meaning = pc.if_else(
                pc.match_substring_regex(own, _whole(plugin.description)),
                pc.replace_substring_regex(own, _whole(plugin.description), "\\1"),
                meaning,
            )
    return pc.replace_with_mask(texts, written, meaning)


@cache
def _plugin_texts(*, ids_only: bool) -> str:
    patterns = [plugin.description for plugin in plugins().values()]
    return "|".join(_whole(pattern) for pattern in patterns if not ids_only or re.compile(pattern).groups)


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"
