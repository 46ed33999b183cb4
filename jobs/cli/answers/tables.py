"""What the commands answer as tables for people."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, TextIO

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from jobs.cli.answers.listing import COLOURS, PIPED, Field, PipedConsole, lines, listing, paragraphs, plain
from jobs.logs.errors import say
from jobs.logs.logs import is_json
from recon import columns as c
from recon.model import Account, Exposure, KnownBreak, NoteKind, Result, Severity, percent_of
from recon.money import Currencies
from recon.result.changes import open_breaks
from recon.result.exposures import by_exposure
from recon.rules import CATALOGUE
from reports.documents import Document, age_days
from reports.summary.answers import names_together, short_answers

if TYPE_CHECKING:  # a list of breaks needs none of what these import
    from jobs.demo import Tally
    from jobs.run.outcome import Outcome
    from jobs.setup.reading import Item
    from recon.store.desk.patterns import Preview, StandingPattern

_FIRST = 5  # kinds of breaks that a screen has room for
_COVERED = 20  # breaks of a pattern that is about to be asked for
_FEW = 12  # words of a list that stand beside each other
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
    PipedConsole(file=stream, width=None if stream.isatty() else PIPED).print(grid)


def _cell(value: object) -> Text:
    text = plain(value)
    return Text(text, COLOURS.get(text, ""))


def outcome(run: "Outcome") -> None:
    """A run's summary on stderr: a line per account, what was not judged, then its open breaks by code."""
    heads = ("account", "from", "to", "orders", "charges", "matched", "open", "new", "closed", "rejected")
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
    if rows and not is_json():
        lines(heads, rows, to_stderr=True)
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
        by_code = ((*key, *(count.get(name) for name in names)) for key, count in counts.items())
        table(("open breaks", "severity", *names), by_code, to_stderr=True)


def money(results: Sequence[Result], currencies: Currencies) -> None:
    """Where the money of each account went, on stderr: a column an account, in its own currency."""
    columns = [(result.account, short_answers(result)) for result in results if len(result.settlement.waterfall)]
    if not columns:
        return
    shown: dict[str, dict[str, str]] = {}
    for account, answers in columns:
        for answer in answers:
            if answer.amount is not None:
                shown.setdefault(answer.name, {})[account.name] = currencies.show(answer.amount, account.currency)
    heads = ("where the money went", *(f"{account.name} {account.currency}" for account, _ in columns))
    names = [name for name in names_together([answers for _, answers in columns]) if name in shown]
    rows = [(name, *(shown[name].get(account.name, "") for account, _ in columns)) for name in names]
    table(heads, rows, to_stderr=True)


def cost(results: Sequence[Result], currencies: Currencies) -> None:
    """What the open breaks put at risk, on stderr: a line for what it means for cash, a column an account."""
    counts: dict[Exposure, int] = {}
    amounts: dict[tuple[Exposure, str], list[str]] = {}
    for result in results:
        for total in by_exposure(result.breaks):
            counts[total.exposure] = counts.get(total.exposure, 0) + total.count
            if total.currency and total.amount:
                shown = currencies.show(total.amount, total.currency)
                unit = "" if total.currency == result.account.currency else f" {total.currency}"
                amounts.setdefault((total.exposure, result.account.name), []).append(shown + unit)
    accounts = [result.account for result in results]
    heads = ("what is wrong", "breaks", *(f"{account.name} {account.currency}" for account in accounts))
    rows = [
        (
            exposure.words,
            counts[exposure],
            *(", ".join(amounts.get((exposure, account.name), [])) for account in accounts),
        )
        for exposure in Exposure
        if exposure in counts
    ]
    table(heads, rows, to_stderr=True)


def first_things(results: Sequence[Result]) -> None:
    """What to do about the most severe open breaks, on stderr: a line per code."""
    codes = Counter(code for result in results for code in open_breaks(result.breaks)[c.CODE])
    severe = sorted(
        (rule for rule in CATALOGUE if codes[rule.code]), key=lambda rule: -Severity[rule.severity.upper()]
    )
    rows = [(rule.title, codes[rule.code], rule.action) for rule in severe[:_FIRST]]
    table(("what to do first", "breaks", ""), rows, to_stderr=True)


def _share(result: Result) -> str:
    if result.match_rate is None:
        return "" if result.rate_known else result.match_rate_words
    return percent_of(result.matched_orders, result.expecting_orders)


def _by_code(run: "Outcome") -> dict[tuple[str, str], dict[str, int]]:
    """(code, severity) -> account -> how many; the most severe first."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for result in run.results:
        still_open = open_breaks(result.breaks)
        for (code, severity), size in Counter(zip(still_open[c.CODE], still_open[c.SEVERITY], strict=True)).items():
            counts.setdefault((code, severity), {})[result.account.name] = size
    return dict(sorted(counts.items(), key=lambda item: (-Severity[item[0][1].upper()], item[0])))


def breaks(known_breaks: Sequence[KnownBreak], accounts: Mapping[str, Account], currencies: Currencies) -> None:
    """Breaks, a line each: the most severe first, then the most at risk by the digits that people read."""

    def largest_first(shown: KnownBreak) -> tuple[int, Decimal]:
        raised = shown.latest
        decimals = currencies.decimals(raised.currency) if raised.currency else 0
        return -raised.severity, -Decimal(raised.amount_at_risk or 0).scaleb(-decimals)

    ordered = sorted(known_breaks, key=largest_first)
    latest = [known_break.latest for known_break in ordered]
    at_risk = [_money(raised.amount_at_risk, raised.currency, currencies) for raised in latest]
    listing(
        (
            Field("id", [raised.id for raised in latest], 1),
            Field("severity", [raised.severity.word for raised in latest], 2),
            Field("account", [raised.account for raised in latest], 5),
            Field("code", [raised.code for raised in latest], 3),
            Field("at risk", at_risk, 4, right=True),
            Field("age", [f"{age_days(known_break, accounts)} d" for known_break in ordered], 6, right=True),
            Field("status", [str(known_break.status) for known_break in ordered], 7),
            Field("owner", [known_break.owner for known_break in ordered], 8),
            Field("subject", [raised.subject_id for raised in latest], 9),
            Field("explanation", [raised.explanation for raised in latest], 10, cut=True),
        )
    )


def covered(preview: "Preview", accounts: Iterable[Account], currencies: Currencies) -> None:
    """What a pattern would cover, on stderr, before it is asked for."""
    by_name = {account.name: account for account in accounts}
    rows = [
        (
            known_break.latest.id,
            known_break.latest.severity.word,
            known_break.latest.account,
            known_break.latest.order_id or known_break.latest.subject_id,
            _money(known_break.latest.amount_at_risk, known_break.latest.currency, currencies),
            f"{age_days(known_break, by_name)} d",
        )
        for known_break in preview.covered[:_COVERED]
    ]
    if rows:
        table(("covers", "severity", "account", "of", "at risk", "age"), rows, to_stderr=True)
    count = len(preview.covered)
    more = f", {count - _COVERED:,} of them not shown" if count > _COVERED else ""
    acts = "it acts after a second person" if preview.waits else "it acts at once"
    say(f"{count:,} open {'break' if count == 1 else 'breaks'} would be acknowledged{more}; {acts}")


def patterns(standing: Sequence["StandingPattern"]) -> None:
    """Patterns, a line each."""
    rulings = [pattern.ruling for pattern in standing]
    listing(
        (
            Field("id", [ruling.name for ruling in rulings], 1),
            Field("code", [ruling.code for ruling in rulings], 2),
            Field("account", [ruling.account or "all" for ruling in rulings], 5),
            Field("like", [ruling.pattern or "all" for ruling in rulings], 3),
            Field("until", [str(ruling.until) for ruling in rulings], 4),
            Field("covers", [pattern.covers for pattern in standing], 6, right=True),
            Field("status", ["waits" if pattern.waits else "stands" for pattern in standing], 7),
            Field("by", [ruling.who for ruling in rulings], 8),
            Field("approved by", [ruling.approved_by for ruling in rulings], 9),
            Field("reason", [ruling.reason for ruling in rulings], 10, cut=True),
        )
    )


def one_break(document: Document, currencies: Currencies) -> None:
    """Every fact of one break, a line each, sums as people write them; then its history."""
    sums = ("expected", "actual", "difference", "amount_at_risk")
    ruling = document["ruling"] or {}
    lines = {name: value for name, value in document.items() if name not in ("id", "ruling", "events")}
    lines |= {
        f"ruling: {name}": _money(value, ruling["currency"], currencies) if name in ("amount", "limit") else value
        for name, value in ruling.items()
    }
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
    listing(
        (
            Field("account", [link["account"] for link in links], 4),
            Field("order", [link["order_id"] for link in links], 1),
            Field("charge", [link["charge_id"] for link in links], 2),
            Field("matched by", [link["matched_by"] for link in links], 3),
            *(
                Field(
                    name.replace("_", " "),
                    [_money(link[name], link[currency], currencies) for link in links],
                    rank,
                    right=True,
                )
                for rank, name, currency in (
                    (5, c.ORDER_AMOUNT, c.ORDER_CURRENCY),
                    (6, c.CHARGE_AMOUNT, c.CURRENCY),
                )
            ),
        )
    )


def rules() -> None:
    """The catalogue of breaks."""
    paragraphs(
        ((rule.code, rule.severity, rule.title), (rule.meaning, f"To do: {rule.action}")) for rule in CATALOGUE
    )


def methods(figures: Iterable[Sequence[str]]) -> None:
    """The rule book (rows under its HEADS): a method, then its figures."""
    paragraphs(((method,), [_figure_of(row) for row in rows]) for method, rows in groupby(figures, itemgetter(0)))


def _figure_of(row: Sequence[str]) -> str:
    _, region, currency, figure, value, certainty, source = row
    words = (region, currency if figure in ("minimum", "maximum") else "")
    place = f"{' '.join(filter(None, words))}: " if any(words) else ""
    return f"{place}{figure.replace('_', ' ')} {value} ({certainty}: {source})"


def runs(documents: Sequence[Document]) -> None:
    """Runs, newest first, a line each; moments in UTC."""
    parts = [run["accounts"] for run in documents]
    listing(
        (
            Field("run", [run["run_id"] for run in documents], 1, right=True),
            Field("status", [run["status"] for run in documents], 2),
            Field("as of (UTC)", [run["as_of"][:16].replace("T", " ") for run in documents], 3),
            Field("from", [min((part["from"] for part in of_run), default="") for of_run in parts], 4),
            Field("to", [max((part["to"] for part in of_run), default="") for of_run in parts], 5),
            Field("open", [_open(of_run) for of_run in parts], 6, right=True),
            Field("command", [run["command"] for run in documents], 7),
            Field("by", [run["by"] for run in documents], 8),
            Field("accounts", [", ".join(_accounts(run)) for run in documents], 9, cut=True),
        )
    )


def _open(of_run: Sequence[Document]) -> int | str:
    """A look at the day and what webhooks name leave nothing open that they counted: nothing is not none."""
    return sum(part.get("breaks_open", 0) for part in of_run) if of_run else ""


def _accounts(run: Document) -> list[str]:
    """A look at the day is no run of any days: its accounts stand among its options."""
    return [part["account"] for part in run["accounts"]] or run["options"].get("accounts", [])


def one_run(document: Document, currencies: Currencies) -> None:
    """Every fact of one run, then its accounts; a fact with parts takes a line for each."""
    of_run = {name: value for name, value in document.items() if name != "accounts"}
    table(("what", "run"), _facts(of_run, currencies))
    for part in document["accounts"]:
        facts = {name: value for name, value in part.items() if name != "account"}
        table(("what", part["account"]), _facts(facts, currencies))


def _facts(
    facts: Mapping[str, object], currencies: Currencies, before: tuple[str, ...] = ()
) -> Iterator[Sequence[str]]:
    for name, value in facts.items():
        place = (*before, name)
        if isinstance(value, Mapping):
            yield from _facts(value, currencies, place)
        elif isinstance(value, list):
            yield ": ".join(place), _listed([str(item) for item in value])
        elif isinstance(value, bool):
            yield ": ".join(place), "yes" if value else "no"
        elif isinstance(value, int) and name.startswith("amount_"):
            yield ": ".join(place), _money(value, before[-1], currencies)
        else:
            yield ": ".join(place), plain(value)


def _listed(words: list[str]) -> str:
    """A few of them; of many how many, and the first and the last."""
    return ", ".join(words) if len(words) <= _FEW else f"{len(words)} from {words[0]} to {words[-1]}"


def run_diff(document: Document, currencies: Currencies) -> None:
    """What changed between two runs, by account: figures, then breaks."""
    for part in document["accounts"]:
        print(f"{part['account']}  {part['from']} to {part['to']}" + ("  the same result" * part["same_result"]))
        if part["figures"]:
            heads = ("figure", f"run {document['before']['run_id']}", f"run {document['after']['run_id']}")
            table(heads, (_figure(row, currencies) for row in part["figures"]))
        if part["breaks"]:
            lines(
                ("id", "what", "severity", "code", "before", "at risk now", "subject"),
                (
                    (
                        row[c.BREAK_ID],
                        row[c.WHAT],
                        row[c.SEVERITY],
                        row[c.CODE],
                        _money(row[c.RISK_BEFORE], row[c.CURRENCY], currencies),
                        _money(row[c.AMOUNT_AT_RISK], row[c.CURRENCY], currencies),
                        row[c.SUBJECT_ID],
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


def planted(tallies: "Iterable[Tally]") -> None:
    """The demo's table."""
    rows = ((tally.code, tally.planted, tally.found, tally.missed, tally.extra) for tally in tallies)
    table(("code", "planted", "found", "missed", "extra"), rows)


def _width(stream: TextIO) -> int:
    """How many columns a stream shows."""
    return PipedConsole(file=stream).width if stream.isatty() else PIPED


def within(
    heads: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """A table as it is, or turned where it is too wide: its heads down the side, as many rows as there is room for.

    People hold these cells against their file: a day that is torn over three lines cannot be read.
    """

    def least(lines: Sequence[Sequence[str]]) -> int:
        return 1 + sum(3 + max(map(cell_len, cells)) for cells in zip(*lines, strict=True))

    if least([heads, *rows]) <= width:
        return heads, rows
    turned = [list(line) for line in zip(heads, *rows, strict=True)]
    counts = range(len(rows), 1, -1)
    shown = next((count for count in counts if least([row[: count + 1] for row in turned]) <= width), 1)
    return ["", *(str(number) for number in range(1, shown + 1))], [row[: shown + 1] for row in turned]


def checked(items: "Sequence[Item]", *, to_stderr: bool = False) -> None:
    """What was looked at, then the first rows of each source as they are read, and what of it nothing uses."""
    if to_stderr and is_json():
        return
    stream = sys.stderr if to_stderr else sys.stdout
    results = ((item.what, item.result, item.details) for item in items)
    table(("what", "result", "details"), results, to_stderr=to_stderr)
    for item in items:
        if item.rows:
            print(f"{item.what}: the first rows as they are read", file=stream)
            heads, rows = within([name.replace("_", " ") for name in item.header], item.rows, _width(stream))
            table(heads, rows, to_stderr=to_stderr)
        if item.unused:
            print(f"{item.what}: nothing uses {', '.join(item.unused)}", file=stream)
