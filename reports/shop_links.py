"""Where an order stands in its shop: the template of its source with its id."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

OrderKey = tuple[str, str]  # account and order id
PLACE = "{order_id}"
_PATHS = {".", ".."}  # a browser takes these for a step, encoded or not


@dataclass(frozen=True)
class ShopLinks:
    """The `link` of each source that has one, and how the source of orders is looked up."""

    templates: Mapping[str, str] = field(default_factory=dict)
    sources: Callable[[Collection[OrderKey]], Mapping[OrderKey, str]] = lambda _orders: {}

    def of_orders(self, orders: Collection[OrderKey]) -> dict[OrderKey, str]:
        """The URLs of those orders that are stored and whose source has a `link`."""
        if not self.templates or not orders:
            return {}
        urls = {order: self.url(source, order[1]) for order, source in self.sources(orders).items()}
        return {order: url for order, url in urls.items() if url}

    def url(self, source: str | None, order_id: str) -> str:
        """The order's URL, its id percent-encoded; empty where its source has no `link`."""
        template = self.templates.get(source or "")
        if template is None or order_id in _PATHS:
            return ""
        return template.replace(PLACE, quote(order_id, safe="", errors="replace"))
