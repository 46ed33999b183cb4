"""What a page was told by the store, kept until a run or a ruling changes something."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

from recon.store.desk import worklist
from reports.page.site import Site

_T = TypeVar("_T")
MOST = 200  # answers, the latest so many

_ANSWERS: OrderedDict[Hashable, Any] = OrderedDict()
_LOCK = Lock()


def cached(site: Site, key: Hashable, ask: Callable[[], _T], for_a_minute: bool = False) -> _T:
    """The answer under the key, asked anew only when the store has another last run or step in a break's life.

    `for_a_minute`: a trend of weeks may be a minute older than the last step.
    """
    last_run, last_step = worklist.state(site.store)
    since = site.clock().replace(second=0, microsecond=0) if for_a_minute else last_step
    full_key = (str(site.store.url), last_run, since, key)
    with _LOCK:
        if full_key in _ANSWERS:
            answer: _T = _ANSWERS[full_key]
            return answer
    answer = ask()
    with _LOCK:
        _ANSWERS[full_key] = answer
        while len(_ANSWERS) > MOST:
            _ANSWERS.popitem(last=False)
    return answer
