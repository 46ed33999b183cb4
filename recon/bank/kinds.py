"""The statement formats, found in this folder: every module with a KIND is one."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import recon.bank
from recon.bank.source import Kind


@cache
def kinds() -> Mapping[str, Kind]:
    """Every format by its name in `[bank.*] kind`."""
    modules = (importlib.import_module(f"recon.bank.{m.name}") for m in pkgutil.iter_modules(recon.bank.__path__))
    found = [module.KIND for module in modules if hasattr(module, "KIND")]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: kind.name)}
