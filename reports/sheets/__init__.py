"""The sheets of a workbook: every module of this folder declares one as SHEET."""

import importlib
import pkgutil

from reports.sheet import Page, Sheet


def _read() -> tuple[Page | Sheet, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    sheets = [importlib.import_module(f"{__name__}.{name}").SHEET for name in names]
    return tuple(sorted(sheets, key=lambda sheet: sheet.order))


SHEETS = _read()
