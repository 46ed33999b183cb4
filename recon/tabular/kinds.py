"""The kinds of a folder: every module in it with a KIND is one."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any


@cache
def kinds_in(package: str) -> Mapping[str, Any]:
    """What stands as KIND in the modules of a package, by its name."""
    folder = importlib.import_module(package).__path__
    modules = [importlib.import_module(f"{package}.{module.name}") for module in pkgutil.iter_modules(folder)]
    kinds = [module.KIND for module in modules if hasattr(module, "KIND")]
    return {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.name)}
