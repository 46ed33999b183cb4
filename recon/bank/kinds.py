"""The statement formats, found in this folder."""

from collections.abc import Mapping

from recon.bank.source import BankKind
from recon.tabular.kinds import kinds_in


def kinds() -> Mapping[str, BankKind]:
    """Every format by its name in `[bank.*] kind`."""
    return kinds_in("recon.bank")
