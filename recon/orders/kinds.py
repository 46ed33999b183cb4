"""The kinds of order sources, found in this folder: every module with a KIND is one."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import recon.orders
from recon.orders.source import Kind


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind by its name in `[orders.*] kind`."""
    modules = (importlib.import_module(f"recon.orders.{m.name}") for m in pkgutil.iter_modules(recon.orders.__path__))
    found = [module.KIND for module in modules if hasattr(module, "KIND")]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: kind.name)}
