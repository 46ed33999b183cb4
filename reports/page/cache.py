"""What a page has found in the store, kept until a run or a ruling changes something."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

from recon.store.desk import worklist
from reports.page.site import Site

_T = TypeVar("_T")
MOST = 200  # findings, the latest so many

_KEPT: OrderedDict[Hashable, Any] = OrderedDict()
_LOCK = Lock()


def cached(site: Site, key: Hashable, find: Callable[[], _T]) -> _T:
    """What was found under the key, found anew only when the store has another last run or step in a break's life."""
    whole = (str(site.store.url), worklist.state(site.store), key)
    with _LOCK:
        if whole in _KEPT:
            known: _T = _KEPT[whole]
            return known
    found = find()
    with _LOCK:
        _KEPT[whole] = found
        while len(_KEPT) > MOST:
            _KEPT.popitem(last=False)
    return found
