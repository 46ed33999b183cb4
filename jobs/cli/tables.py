"""What the commands answer as tables for people."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobs.check import Item
from jobs.demo import Tally
from jobs.logs.logs import is_json
from jobs.run.outcome import Outcome
from recon import columns as c
from recon.model import Account, KnownBreak, NoteKind, Result, Severity
from recon.money import Currencies
from recon.result.changes import open_breaks
from recon.rules import CATALOGUE
from reports.documents import Document, age_days

_PIPED = 200  # columns of a table that no terminal shows
_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "FAILED": "bold red", "warning": "yellow"}
_NOT_JUDGED = frozenset({NoteKind.NOT_JUDGED, NoteKind.WAITS_FOR_OBJECTS})


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, to_stderr: bool = False) -> None:
    """Print rows under heads on stdout, or stderr where that is for people; numbers to the right, text as it is."""
    if to_stderr and is_json():
        return
    grid = Table(header_style="bold")
    lines = [list(row) for row in rows]
    for at, head in enumerate(heads):
        number = bool(lines) and all(isinstance(line[at], int | None) for line in lines)
        grid.add_column(head, justify="right" if number else "left", overflow="fold")
    for row in lines:
        grid.add_row(*(_cell(value) for value in row))
    stream = sys.stderr if to_stderr else sys.stdout
    Console(file=stream, width=None if stream.isatty() else _PIPED).print(grid)


def _cell(value: object) -> Text:
    text = "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
    return Text(text, _COLOURS.get(text, ""))


def outcome(run: Outcome) -> None:
    """A run's summary on stderr: a line per account, what was not judged, then its open breaks by code."""
    heads = ("account", "from", "to", "orders", "charges", "matched", "open", "new", "closed", "rejected rows")
    rows = [
        (
            result.account.name,
            result.first_day,
            result.last_day,
            result.orders,
            result.charges,
            _share(result),
            len(open_breaks(result.breaks)),
            result.breaks_new,
            result.breaks_closed,
            result.rejected_rows,
        )
        for result in run.results
    ]
    if rows:
        table(heads, rows, to_stderr=True)
    aside = [
        (result.account.name, reason, count)
        for result in run.results
        for reason, count in sorted(result.notes.items())
        if count and result.note_kinds.get(reason) in _NOT_JUDGED
    ]
    if aside:
        table(("account", "counted", "how many"), aside, to_stderr=True)
    counts = _by_code(run)
    if counts:
        names = [result.account.name for result in run.results]
        lines = ((code, severity, *(counts[code, severity].get(name) for name in names)) for code, severity in counts)
        table(("open breaks", "severity", *names), lines, to_stderr=True)


def _share(result: Result) -> str:
    if result.match_rate is None:
        return "" if result.rate_known else result.match_rate_words
    return f"{int(result.match_rate * 10_000) / 100:.2f} %"  # cut, not rounded: 100 % means all


def _by_code(run: Outcome) -> dict[tuple[str, str], dict[str, int]]:
    """(code, severity) -> account -> how many; the most severe first."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for result in run.results:
        still_open = open_breaks(result.breaks)
        for (code, severity), size in Counter(zip(still_open[c.CODE], still_open[c.SEVERITY], strict=True)).items():
            counts.setdefault((code, severity), {})[result.account.name] = size
    return dict(sorted(counts.items(), key=lambda item: (-Severity[item[0][1].upper()], item[0])))


def breaks(known_breaks: Sequence[KnownBreak], accounts: Mapping[str, Account], currencies: Currencies) -> None:
    """Breaks, a line each."""
    heads = ("id", "severity", "status", "owner", "account", "code", "subject", "at risk", "age", "explanation")
    table(
        heads,
        (
            (
                known_break.latest.id,
                known_break.latest.severity.word,
                known_break.status,
                known_break.owner,
                known_break.latest.account,
                known_break.latest.code,
                known_break.latest.subject_id,
                _money(known_break.latest.amount_at_risk, known_break.latest.currency, currencies),
                f"{age_days(known_break, accounts)} d",
                known_break.latest.explanation,
            )
            for known_break in known_breaks
        ),
    )


def one_break(document: Document, currencies: Currencies) -> None:
    """Every fact of one break, a line each, sums as people write them; then its history."""
    sums = ("expected", "actual", "difference", "amount_at_risk")
    ruling = document["ruling"] or {}
    lines = {name: value for name, value in document.items() if name not in ("id", "ruling", "events")}
    lines |= {f"ruling: {name}": value for name, value in ruling.items()}
    table(
        ("what", document["id"]),
        (
            (name, _money(value, document["currency"], currencies) if name in sums else value)
            for name, value in lines.items()
            if value not in (None, "")
        ),
    )
    history = document["events"]
    table(
        ("when (UTC)", "what", "who", "why"),
        ((event["at"][:16].replace("T", " "), event["what"], event["who"], event["detail"]) for event in history),
    )


def _money(amount: int | None, currency: str | None, currencies: Currencies) -> str:
    return "" if amount is None or currency is None else f"{currencies.show(amount, currency)} {currency}"


def matches(links: Sequence[Document], currencies: Currencies) -> None:
    """Links, a line each."""
    table(
        ("account", "order", "charge", "matched by", "order amount", "charge amount"),
        (
            (
                link["account"],
                link["order_id"],
                link["charge_id"],
                link["matched_by"],
                _money(link["order_amount"], link["currency"], currencies),
                _money(link["charge_amount"], link["currency"], currencies),
            )
            for link in links
        ),
    )


def rules() -> None:
    """The catalogue of breaks."""
    table(
        ("code", "severity", "about", "meaning", "what to do"),
        ((rule.code, rule.severity, rule.subject, rule.meaning, rule.action) for rule in CATALOGUE),
    )


def runs(documents: Sequence[Document]) -> None:
    """Runs, newest first, a line each; moments in UTC."""
    heads = ("run", "status", "as of", "by", "command", "accounts", "from", "to", "open breaks")
    table(
        heads,
        (
            (
                str(run["run_id"]),
                run["status"],
                run["as_of"],
                run["by"],
                run["command"],
                ", ".join(part["account"] for part in run["accounts"]),
                min((part["from"] for part in run["accounts"]), default=""),
                max((part["to"] for part in run["accounts"]), default=""),
                sum(part.get("breaks_open", 0) for part in run["accounts"]),
            )
            for run in documents
        ),
    )


def one_run(document: Document) -> None:
    """Every fact of one run, then its accounts."""
    plain = ((name, value) for name, value in document.items() if name != "accounts")
    table(("what", "run"), ((name, _flat(value)) for name, value in plain))
    for part in document["accounts"]:
        table(("what", part["account"]), ((name, _flat(value)) for name, value in part.items() if name != "account"))


def _flat(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {inner}" for name, inner in value.items())
    return "" if value is None else str(value)


def run_diff(document: Document, currencies: Currencies) -> None:
    """What changed between two runs, by account: figures, then breaks."""
    for part in document["accounts"]:
        print(f"{part['account']}  {part['from']} to {part['to']}" + ("  the same result" * part["same_result"]))
        if part["figures"]:
            heads = ("figure", f"run {document['before']['run_id']}", f"run {document['after']['run_id']}")
            table(heads, (_figure(row, currencies) for row in part["figures"]))
        if part["breaks"]:
            table(
                ("what", "severity", "code", "subject", "at risk before", "at risk now", "id"),
                (
                    (
                        row[c.WHAT],
                        row[c.SEVERITY],
                        row[c.CODE],
                        row[c.SUBJECT_ID],
                        _money(row[c.RISK_BEFORE], row[c.CURRENCY], currencies),
                        _money(row[c.AMOUNT_AT_RISK], row[c.CURRENCY], currencies),
                        row[c.BREAK_ID],
                    )
                    for row in part["breaks"]
                ),
            )
        if not part["figures"] and not part["breaks"]:
            print("no figure and no break differs")


def _figure(row: Document, currencies: Currencies) -> tuple[object, ...]:
    """A figure's name, and what it was and is: a count, or a sum of a currency."""
    name = row[c.FIGURE].replace("_", " ")
    currency = row[c.CURRENCY]
    if currency is None:
        return name, row[c.COUNT_BEFORE], row[c.COUNT_NOW]
    return name, *(_money(row[amount], currency, currencies) for amount in (c.AMOUNT_BEFORE, c.AMOUNT_NOW))


def planted(tallies: Iterable[Tally]) -> None:
    """The demo's table."""
    rows = ((tally.code, tally.planted, tally.found, tally.missed, tally.extra) for tally in tallies)
    table(("code", "planted", "found", "missed", "extra"), rows)


def checked(items: Sequence[Item]) -> None:
    """What was looked at, then the first rows of each order source."""
    table(("what", "result", "details"), ((item.what, item.result, item.details) for item in items))
    for item in items:
        if item.rows:
            print(item.what)
            table(item.header, item.rows)
