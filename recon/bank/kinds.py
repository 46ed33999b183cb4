"""The statement formats, found in this folder."""

from collections.abc import Mapping

from recon.bank.source import Kind
from recon.tabular.kinds import kinds_in


def kinds() -> Mapping[str, Kind]:
    """Every format by its name in `[bank.*] kind`."""
    return kinds_in("recon.bank")
