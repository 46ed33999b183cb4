"""The kinds of order sources, found in this folder."""

from collections.abc import Mapping

from recon.orders.source import OrderKind
from recon.tabular.kinds import kinds_in


def kinds() -> Mapping[str, OrderKind]:
    """Every kind by its name in `[orders.*] kind`."""
    return kinds_in("recon.orders")
