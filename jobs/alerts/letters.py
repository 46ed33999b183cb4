"""A digest in words: title, text and HTML by the templates, secrets and personal data masked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from jobs.alerts.decide import DUE, NEW, TOP, WORSE, Digest, Line, Notice
from jobs.logs.redaction import masked, masked_for_logs
from recon.money import Currencies
from recon.rules import title_of

TEMPLATES = Path(__file__).parent / "templates"
_LONGEST_TITLE = 200
_FEW = 12  # breaks of one cause that are named
_HEADINGS = {
    "failed": "Run failed",
    "incomplete": "Run not complete",
    "missed": "Night missed",
    "late": "Night late",
    "thin": "Night thin",
    "watch_failed": "Look at the day failed",
    "range_changed": "Signed range changed",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """What one channel is sent."""

    title: str
    text: str
    html: str


def letter_of(digest: Digest, currencies: Currencies) -> Letter:
    """The digest as people read it."""
    accounts = [(name, list(lines)) for name, lines in groupby(digest.lines, key=lambda line: line.account)]
    words = {
        "digest": digest,
        "accounts": accounts,
        "show": currencies.show,
        "utc": _utc,
        "days": _days,
        "heading": _HEADINGS,
        "count": _counted,
        "strict": masked_for_logs,
        "named": _named,
        "title_of": title_of,
        "top": TOP,
        "few": _FEW,
    }
    text, html = (masked(_environment().get_template(f"digest.{kind}").render(words)) for kind in ("txt", "html"))
    return Letter(masked(title(digest))[:_LONGEST_TITLE], text.strip() + "\n", html)


def title(digest: Digest) -> str:
    """One line: what is worst comes first."""
    parts = [_HEADINGS[kind].lower() for kind in dict.fromkeys(notice.kind for notice in digest.notices)]
    if digest.news:
        worst = digest.worst.word if digest.worst else ""
        parts.append(f"{_counted(digest.lines)} ({worst})")
    if digest.clear:
        parts.append("all clear")
    names = [name or "no known account" for name in digest.accounts]
    return f"recon: {', '.join(parts)}: {', '.join(names)}"


@cache
def _environment() -> Environment:
    def is_html(name: str | None) -> bool:
        return bool(name and name.endswith(".html"))

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=is_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _counted(lines: Sequence[Line]) -> str:
    new = sum(line.new for line in lines)
    worse = sum(line.worse for line in lines)
    due = sum(line.due for line in lines)
    parts = [f"{count:,} {word}" for count, word in ((new, NEW), (worse, WORSE)) if count]
    if not parts:
        return f"{due:,} {'break' if due == 1 else 'breaks'} {DUE}"
    words = f"{' and '.join(parts)} {'break' if new + worse == 1 else 'breaks'}"
    return f"{words}, {due:,} {DUE}" if due else words


def _named(digest: Digest) -> str:
    every = len(digest.told)
    return f"The first {TOP} of {every:,}" if every > TOP else "One by one"


def _days(notice: Notice) -> str:
    return f"{notice.first}" if notice.first == notice.last else f"{notice.first} to {notice.last}"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
