"""Order sources of a new configuration: a sample file or a shop's database to a section that reads it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from jobs.config.config import Config
from jobs.run.outcome import JobError
from jobs.setup.draft import ROWS, Draft, failing_as_job, settle_writing
from jobs.setup.files import (
    NONE,
    SampleFile,
    columns_of,
    file_settings,
    first_file,
    header_of,
    path_for,
    recognised,
    sample_of,
    sampled,
)
from jobs.setup.mapping import mapped_columns
from jobs.setup.questions import Questions
from jobs.setup.reading import load_orders, loaded_orders_items
from recon import columns as c
from recon.model import OrderStatus, Window
from recon.money import Currencies
from recon.orders import parquet, sql
from recon.orders.load import texts
from recon.orders.source import LoadedOrders, OrderSource
from recon.privacy import redact
from recon.tabular.files import SourceFile
from recon.tabular.layout import Column, folded
from recon.tabular.recognition.contents import Contents
from recon.tabular.recognition.presets import Preset, presets
from recon.tabular.recognition.proposals import status_words
from recon.tabular.recognition.samples import Sample, kind_of

ROOM = "recon.orders"
BY_CURRENCY = "by currency"
IGNORE = "ignore"
_SAMPLES = (3, 35, 400)  # days of a database that are looked at, until orders are found
_MOST_WORDS = 30
_PARQUET_ROWS = 400
_NOT_OMISE = frozenset(
    map(folded, ("cod", "cash on delivery", "cash", "bank transfer", "เก็บเงินปลายทาง", "โอนเงิน", "代金引換", "代引き"))
)


def add_orders(draft: Draft, given: str) -> None:
    """The source of a sample file; raises JobError."""
    name = draft.name_for("orders", "shop")
    place = f"orders.{name}"
    path = first_file(given, "--orders")
    file = sample_of(path)
    section: dict[str, Any] = {}
    title = f"From {file.name}"
    kind = kind_of(file.content)
    sample_file = _parquet(file) if kind == "parquet" else sampled(file, place, draft.questions)
    recognition = recognised(ROOM, sample_file, place, draft.questions)
    if recognition:
        preset, sample = recognition
        title = f"{preset.title}; {preset.certainty}"
        section |= {"preset": preset.name} | _own_kind(preset, sample, kind)
        currencies_seen = _currencies_seen(preset.columns.get(c.CURRENCY), sample)
        section |= _ignored_beside(preset, sample, place, draft.questions)
    else:
        currencies_seen = _map(draft, place, sample_file, section)
    section["path"] = path_for(path, draft.folder, draft.samples, place, draft.questions)
    if sample_file.encoding:
        section["encoding"] = sample_file.encoding
    section |= _account(draft, place, currencies_seen)
    _finish(draft, name, section, title)


def add_database(draft: Draft, variable: str, preset_name: str | None) -> None:
    """The source of a shop's database, whose URL an environment variable holds; raises JobError."""
    name = draft.name_for("orders", "shop")
    place = f"orders.{name}"
    if not draft.environ.get(variable, "").strip():
        raise JobError(f"environment variable {variable} is not set: put the database's URL there, such as mysql://…")
    of_databases = {preset.name: preset for preset in presets(ROOM).values() if preset.settings["kind"] == "sql"}
    if preset_name is not None and preset_name not in of_databases:
        raise JobError(f'--preset "{preset_name}" is none of a database: {", ".join(of_databases)}')
    url = {"env": variable}
    tables = set(_table_names(draft, name, {"kind": "sql", "url": url, "query": "select :from, :to"}))
    wanted = [of_databases[preset_name]] if preset_name else list(of_databases.values())
    prefixes = {preset.name: _prefixes(preset, tables) for preset in wanted}
    fitting = [preset for preset, choices in prefixes.items() if choices]
    if not fitting:
        names = ", ".join(preset.name for preset in wanted)
        raise JobError(f"the database of {variable} has not the tables of {names}: see recon presets list")
    words = f"The database of {variable} has the tables of more than one preset. Which one is the shop's?"
    is_sure = len(fitting) == 1
    chosen = draft.questions.choice(f"{place}.preset", words, fitting, fitting[0], is_sure=is_sure)
    preset = of_databases[chosen]
    choices = prefixes[chosen]
    prefix = draft.questions.choice(
        f"{place}.prefix", "Which prefix do the shop's tables have?", choices, choices[0], is_sure=len(choices) == 1
    )
    section: dict[str, Any] = {"preset": chosen, "url": url}
    if prefix != preset.settings.get("prefix", ""):
        section["prefix"] = prefix
    section |= _account(draft, place, None)
    _finish(draft, name, section, f"{preset.title}; {preset.certainty}")


def _finish(draft: Draft, name: str, section: dict[str, Any], title: str) -> None:
    """Reads with the section, settles what stays open, shows it."""
    place = f"orders.{name}"
    reader = _Reader(draft, name)
    with failing_as_job():
        if "url" in section:
            reader.narrow(section)
        settle_writing(place, section, reader, c.CREATED_AT, draft.questions)
        _map_statuses(draft.questions, place, section, reader)
        loaded = reader.loaded(section)
    items = loaded_orders_items(reader.source(section), loaded, Currencies(), ROWS)
    draft.confirm("orders", name, section, title, list(items), loaded.share)


class _Reader:
    """Reads a source as a section would have it."""

    def __init__(self, draft: Draft, name: str) -> None:
        self._draft = draft
        self._name = name
        self._window = Window(draft.now - timedelta(days=_SAMPLES[-1]), draft.now)

    def narrow(self, section: Mapping[str, Any]) -> None:
        """Looks at no more days than it takes to find orders."""
        for count in _SAMPLES:
            self._window = Window(self._draft.now - timedelta(days=count), self._draft.now)
            if sum(file.rows for file in self.loaded(section).inputs):
                return

    def source(self, section: Mapping[str, Any]) -> OrderSource:
        """As the configuration would have it."""
        return self._opened(section)[0]

    def rejections(self, section: Mapping[str, Any]) -> Sequence[str]:
        """Why rows are not read, part by part, but for words of states: those are asked."""
        parts = (part for reason in self.loaded(section).rejected[c.REASON] for part in reason.split("; "))
        return [part for part in parts if not part.startswith("status ")]

    def loaded(self, section: Mapping[str, Any]) -> LoadedOrders:
        """All that the source holds, of a database lately."""
        source, config = self._opened(section)
        return load_orders(config, source, self._window)

    def texts(self, section: Mapping[str, Any], field: str) -> list[str]:
        """A field's texts in the rows that count."""
        source, config = self._opened(section)
        accounts = {name: account.currency for name, account in config.accounts.items()}
        return texts(source, field, accounts=accounts, currencies=config.currencies(), window=self._window)

    def _opened(self, section: Mapping[str, Any]) -> tuple[OrderSource, Config]:
        config = self._draft.config("orders", self._name, section)
        [source] = config.sources()
        return source, config


def _parquet(file: SourceFile) -> SampleFile:
    """A file of typed columns as rows of text under their names."""
    with failing_as_job():
        table = parquet.table_of(file)
    columns = [column.slice(0, _PARQUET_ROWS).to_pylist() for column in table.cells]
    return SampleFile(file, [Sample((table.header, *zip(*columns, strict=True)))], None)


def _own_kind(preset: Preset, sample: Sample, kind: str) -> dict[str, Any]:
    """What the file is otherwise than the preset says."""
    own = {"kind": kind} if kind != preset.settings["kind"] else {}
    return own | ({"sheet": sample.sheet} if sample.sheet else {})


def _currencies_seen(column: Any, sample: Sample) -> list[str] | None:
    """The currencies of a preset's column in the sample; null where it has none."""
    cells = _cells_of(column, sample)
    return None if cells is None else sorted({cell.upper() for cell in cells if re.fullmatch(r"[A-Za-z]{3}", cell)})


def _ignored_beside(preset: Preset, sample: Sample, place: str, questions: Questions) -> dict[str, Any]:
    """Ways of paying that are not Omise's, where the sample has several and the preset does not tell them apart."""
    cells = _cells_of(preset.columns.get(c.PAYMENT_METHOD), sample) or []
    by_word = {folded(cell): cell for cell in cells if cell}
    ignored = preset.settings.get("ignore", {})
    ignored_words = [by_word.get(folded(word), word) for word in ignored.get(c.PAYMENT_METHOD, ())]
    if len({*by_word.values()} - {*ignored_words}) < 2 or c.PAYMENT_METHOD in preset.settings.get("filter", {}):
        return {}
    answered = _ignored_methods(questions, place, cells, ignored_words)["ignore"][c.PAYMENT_METHOD]
    if not {*answered} - {*ignored_words}:
        return {}
    return {"ignore": {**ignored, c.PAYMENT_METHOD: list(dict.fromkeys((*ignored_words, *answered)))}}


def _cells_of(column: Column | None, sample: Sample) -> list[str] | None:
    """What stands below a preset's column in the sample; null where it has none."""
    names = {folded(name) for way in column.ways for name in way} if column else set()
    for at, cells in enumerate(sample.rows):
        places = [place for place, cell in enumerate(cells) if folded(cell) in names]
        if places:
            return [row[places[0]] for row in sample.rows[at + 1 :] if places[0] < len(row)]
    return None


def _map(draft: Draft, place: str, sample_file: SampleFile, section: dict[str, Any]) -> list[str] | None:
    """Columns, line items and methods of a file that nobody knows; its currencies."""
    questions = draft.questions
    header = header_of(ROOM, sample_file, place, questions)
    columns = columns_of(header, draft.accounts[0].currency, c.ORDER_ID, ROOM)
    section |= file_settings(header, sample_file)
    chosen = mapped_columns(ROOM, columns, place, questions)
    rows = header.rows
    cells = {column.name: [row[column.at] if column.at < len(row) else "" for row in rows] for column in columns}
    if _has_line_items(columns, chosen):
        section["rows"] = questions.choice(
            f"{place}.rows",
            f'"{chosen[c.ORDER_ID]}" has ids in several rows. "first": line items; "each": the last one counts',
            ("first", "each"),
            "first",
            is_sure=_alike(cells, chosen),
        )
    if c.PAYMENT_METHOD in chosen:
        section |= _ignored_methods(questions, place, cells[chosen[c.PAYMENT_METHOD]])
    section["columns"] = chosen
    section |= _filter(draft.questions, place, cells, chosen)
    if c.CURRENCY not in chosen:
        return None
    of_orders = zip(cells[chosen[c.CURRENCY]], cells[chosen[c.ORDER_ID]], strict=True)
    return sorted({code.upper() for code, order_id in of_orders if code and order_id})


def _has_line_items(columns: Sequence[Contents], chosen: Mapping[str, Any]) -> bool:
    return any(column.name == chosen[c.ORDER_ID] and "ids" not in column.kinds for column in columns)


def _filter(
    questions: Questions, place: str, cells: Mapping[str, Sequence[str]], chosen: Mapping[str, Any]
) -> dict[str, Any]:
    """Leaves out rows without an id where none of them has a time or a state: subtotals and notes among orders."""
    times = chosen[c.CREATED_AT]
    needed = (chosen[c.ORDER_ID], times if isinstance(times, str) else times[0], chosen[c.STATUS])
    rows = [row for row in zip(*(cells[name] for name in needed), strict=True) if not row[0]]
    if not rows or any(any(row) for row in rows):
        return {}
    questions.tell(
        f"{place}: {len(rows):,} row(s) without an order id, a time and a state are left out, as totals are"
    )
    return {"filter": {c.ORDER_ID: ["!"]}}


def _alike(cells: Mapping[str, Sequence[str]], chosen: Mapping[str, Any]) -> bool:
    """Whether the rows of one id say nothing else than its first one."""
    names = [name for field, name in chosen.items() if isinstance(name, str) and field != c.ORDER_ID]
    first: dict[str, tuple[str, ...]] = {}
    for order_id, *values in zip(cells[chosen[c.ORDER_ID]], *(cells[name] for name in names), strict=True):
        row = first.setdefault(order_id, tuple(values))
        if any(value and value != other for value, other in zip(values, row, strict=True)):
            return False
    return True


def _ignored_methods(
    questions: Questions, place: str, cells: Sequence[str], ignored_words: Sequence[str] = ()
) -> dict[str, Any]:
    """Which ways of paying are not Omise's; `ignored_words` are some."""
    counted = Counter(cell for cell in cells if cell)
    default = [word for word in counted if folded(word) in _NOT_OMISE or word in ignored_words]
    words = ", ".join(f"{word} {count:,}" for word, count in counted.most_common(_MOST_WORDS))
    if not counted:
        return {}
    questions.tell(f"Ways of paying: {words}")
    answer = questions.text(
        f"{place}.ignore.payment_method",
        f"Which of them are not paid through Omise (commas between; {NONE})?",
        ", ".join(default) or NONE,
        is_sure=True,
    )
    ignored = [word.strip() for word in answer.split(",") if word.strip() != NONE]
    return {"ignore": {"payment_method": ignored}}


def _account(draft: Draft, place: str, currencies_seen: Sequence[str] | None) -> dict[str, Any]:
    """Whose orders they are: of the only account, of a named one, or of the one that settles in their currency."""
    names = [account.name for account in draft.accounts]
    settling = [account.currency for account in draft.accounts]
    can_be_by_currency = len(set(settling)) == len(settling) > 1 and currencies_seen != []
    choices = [*names, *([BY_CURRENCY] if can_be_by_currency and currencies_seen is not None else [])]
    spread = len(set(currencies_seen or ())) > 1 and set(currencies_seen or ()) <= set(settling)
    theirs = [account.name for account in draft.accounts if account.currency in (currencies_seen or ())]
    default = BY_CURRENCY if spread and BY_CURRENCY in choices else theirs[0] if len(theirs) == 1 else names[0]
    is_sure = len(names) == 1 or (spread and default == BY_CURRENCY)
    words = f"Whose orders are those of {place}?"
    key = f"{place}.account"
    answer = (
        default
        if is_sure and key not in draft.questions.given
        else draft.questions.choice(key, words, choices, default)
    )
    return {"account_by": "currency"} if answer == BY_CURRENCY else {"account": answer}


def _map_statuses(questions: Questions, place: str, section: dict[str, Any], reader: _Reader) -> None:
    """Every word for a state that has no meaning yet."""
    source = reader.source(section)
    mapped = {folded(word): ours for ours, words in source.statuses.items() for word in words}
    ignored = {folded(word) for word in source.ignore.get(c.STATUS, ())}
    counted = Counter(word for word in reader.texts(section, c.STATUS) if word)
    unknown = [
        (word, n) for word, n in counted.most_common() if folded(word) not in mapped and folded(word) not in ignored
    ]
    if len(unknown) > _MOST_WORDS or any(redact(word) != word for word, _ in unknown):
        has = f"{len(unknown):,} different words" if len(unknown) > _MOST_WORDS else "addresses or card numbers"
        raise JobError(f"{place}: its column of states has {has}: it is another column")
    states = {ours: list(words) for ours, words in source.statuses.items()} if "preset" in section else {}
    left_out = list(source.ignore.get(c.STATUS, ()))
    usual = status_words(ROOM)
    undecided: list[str] = []
    for word, count in unknown:
        default = usual.get(folded(word), "")
        choices = (*(status.value for status in OrderStatus), IGNORE)
        words = f'What is an order with the status "{word}" ({count:,} rows)?'
        try:
            answer = questions.choice(f"{place}.status.{word}", words, choices, default, is_sure=bool(default))
        except JobError as error:
            undecided += error.messages
            continue
        (left_out if answer == IGNORE else states.setdefault(answer, [])).append(word)
    if undecided:
        raise JobError(*undecided)
    known_words = [word for word in counted if folded(word) in mapped]
    for word in known_words if "preset" not in section else ():
        states.setdefault(mapped[folded(word)], []).append(word)
    if unknown:
        section["status"] = {ours: words for ours, words in states.items() if words}
    if len(left_out) > len(source.ignore.get(c.STATUS, ())):
        section["ignore"] = {**section.get("ignore", {}), c.STATUS: left_out}


def _table_names(draft: Draft, name: str, section: Mapping[str, Any]) -> list[str]:
    with failing_as_job():
        return sql.table_names(_Reader(draft, name).source(section))


def _prefixes(preset: Preset, tables: set[str]) -> list[str]:
    """Every prefix with which a database has all tables of a preset's query."""
    names = sorted(set(re.findall(r"\{prefix\}(\w+)", preset.settings["query"])))
    ends = [table.removesuffix(names[0]) for table in sorted(tables) if names and table.endswith(names[0])]
    return [prefix for prefix in ends if all(prefix + name in tables for name in names)]
