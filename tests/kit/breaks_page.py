"""Writes docs/breaks.md from the rules: `python -m tests.kit.breaks_page`."""

from collections.abc import Iterator
from datetime import timedelta

from recon.model import Exposure
from recon.rules import CATALOGUE, GROUPS
from recon.rules.rule import Rule
from tests.kit.places import ROOT

PAGE = ROOT / "docs" / "breaks.md"
_HEAD = """# Breaks

A break is one disagreement, the same tomorrow as today: its id is made of code, account and subject. Inside a group
the first that applies to an order, charge or transfer is the one raised; groups never hide each other. Each code has
a section `[rules.CODE]` in the configuration: `enabled`, `severity`, and the thresholds named, with defaults.

What its amount means for cash stands on every break as `exposure`: money lost, owed to a customer, owed to us, a
matter of timing, or no cash at all. `recon rules` prints this page, and so does the Legend sheet of every workbook.
"""
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}


def page() -> str:
    """The whole page."""
    lines = [_HEAD]
    for group in GROUPS:
        lines += [f"## {group}", ""]
        for rule in CATALOGUE:
            if rule.group == group:
                lines += _section(rule)
    return "\n".join(lines)


def _section(rule: Rule) -> Iterator[str]:
    yield f"### {rule.title}"
    yield ""
    yield f"`{rule.code}` · {rule.severity} · of {_article(rule.subject)} · {_exposure(rule)}"
    yield ""
    yield f"{rule.meaning} {rule.action}"
    yield ""
    if rule.thresholds:
        keys = ", ".join(f"`{name} = {threshold(value)}`" for name, value in rule.thresholds.items())
        yield f"Thresholds: {keys}."
        yield ""


def _article(subject: str) -> str:
    noun = subject.replace("_", " ")
    return f"an {noun}" if noun[0] in "aeio" else f"a {noun}"


def _exposure(rule: Rule) -> str:
    if isinstance(rule.exposure, Exposure):
        return _words(rule.exposure)
    less = _words(rule.exposure.less)
    return f"{less} where less is there than should be, {_words(rule.exposure.more)} where more is"


def _words(exposure: Exposure) -> str:
    return str(exposure).replace("_", " ")


def threshold(value: timedelta | int) -> str:
    """A threshold as the configuration has it."""
    if isinstance(value, int):
        return str(value)
    mark, unit = next((mark, unit) for mark, unit in _UNITS.items() if not value % unit)
    return f'"{value // unit}{mark}"'


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
