"""The law of the architecture: what may import what, who may read the clock, how long a function may be.

Every clause is a check over sources by module name; it holds for the project and is shown to fail on a small offence.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from recon import columns as c
from tests.kit.places import ROOT

Sources = Mapping[str, str]  # dotted module name -> source
Check = Callable[[Sources], list[str]]

# What stands on one floor of recon may import its own floor and those below; every module of recon stands on one.
DOORS = {"omise", "orders", "bank", "store"}
MIDDLE = {"matching", "triage", "settlement", "rules", "result", "rulings", "journal"}
FLOORS: tuple[set[str], ...] = (
    {"bounds", "columnar", "extras"},
    {"memory", "money", "privacy", "people", "arrays", "expressions"},
    {"model"},
    {"calendars", "spans", "columns", "methods", "settings", "tabular"},
    DOORS | MIDDLE,
    {"sandbox"},
)
# What doors use of the pure middle.
DOOR_USES = {
    "store": ("recon.triage.scope", "recon.rulings", "recon.settlement"),
    "orders": ("recon.rulings.opening_items",),
}
HOMES = {
    "sqlalchemy": ("recon.store", "recon.orders.sql"),
    "alembic": ("recon.store",),
    "aiohttp": ("recon.omise", "recon.sandbox", "reports.page", "jobs.alerts.send"),
    "openpyxl": ("reports",),
    "apscheduler": ("jobs.service.schedule",),
    "procrastinate": ("jobs.batch.queue",),
    "apprise": ("jobs.alerts.send",),
    "pydantic": ("jobs",),
    "pydantic_settings": ("jobs.config",),
    "typer": ("jobs",),
    "rich": ("jobs",),
    "msgspec": ("recon.omise", "recon.sandbox", "jobs.batch", "jobs.run.pulled", "reports.documents"),
    "lxml": ("recon.bank",),
    "mt940": ("recon.bank",),
    "bankfile": ("recon.bank.ofx",),
    "argon2": ("recon.people",),
    "joserfc": ("reports.page.access.provider",),
    "re2": ("recon.expressions",),
    "jinja2": ("jobs.alerts.letters", "reports.page"),
    "obstore": ("jobs.run.delivery",),
    "opentelemetry": ("jobs.logs.tracing",),
    "prometheus_client": ("jobs.service.metrics",),
    "numpy": ("recon.columnar",),
    "pandas": ("recon.columnar",),
    "pyarrow": ("recon.columnar",),
    "python_calamine": ("recon.tabular.workbooks", "reports"),
    "structlog": ("jobs.logs.logs",),
    "hypothesis": (),
}
JSON_HOMES = ("recon.omise", "recon.store", "recon.sandbox", "jobs", "reports")
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter"}
# Seconds and probabilities; and where a shop's Excel file hands us a double: written out, never computed with.
FLOAT_HOMES = ("recon.omise.client", "recon.tabular.table", "recon.sandbox")
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
FUNCTION_LINES, FILE_LINES = 60, 500
FOLDER_MODULES = 20


def project() -> dict[str, str]:
    """Every module of the three packages."""
    found = {}
    for package in ("recon", "jobs", "reports"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return found


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """All of a module's syntax, the module itself first; parsed once for all clauses."""
    return tuple(ast.walk(ast.parse(source)))


@pytest.fixture(scope="module", autouse=True)
def forget() -> Iterator[None]:
    """The syntax is large: other tests do without."""
    yield
    nodes.cache_clear()


def imports(source: str, known: Sources = {}) -> Iterator[tuple[str, int]]:  # noqa: B006
    """What a module imports, with the depth of a relative import; `from a import b` is a.b where that is a module."""
    for node in nodes(source):
        if isinstance(node, ast.Import):
            yield from ((name.name, 0) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                yield (whole if whole in known else node.module or "", node.level)


def under(module: str, homes: tuple[str, ...]) -> bool:
    """Whether a module is, or lies in, one of the homes."""
    return any(module == home or module.startswith(home + ".") for home in homes)


def packages_point_down(sources: Sources) -> list[str]:
    """Clause 1: jobs -> reports -> recon."""
    forbidden = {"recon": {"reports", "jobs"}, "reports": {"jobs"}, "jobs": set()}
    return [
        f"{module} imports {name}"
        for module, source in sources.items()
        for name, _ in imports(source)
        if name.split(".")[0] in forbidden[module.split(".")[0]]
    ]


def floor_of(part: str) -> int:
    """The floor on which a part of recon stands; -1: on none."""
    return next((number for number, parts in enumerate(FLOORS) if part in parts), -1)


def recon_points_down(sources: Sources) -> list[str]:
    """Clause 2: every module stands on a floor and imports nothing above; doors are apart, the middle opens none."""
    wrong = []
    for module, source in sources.items():
        part = module.split(".")[1] if module.startswith("recon.") else ""
        if not part:
            continue
        if floor_of(part) < 0:
            wrong.append(f"{module} stands on no floor")
        for name, _ in imports(source, sources):
            other = name.split(".")[1] if name.startswith("recon.") else ""
            if not other or other == part:
                continue
            above = floor_of(other) > floor_of(part) or floor_of(part) == 0
            through_doors = other in DOORS and part in DOORS | MIDDLE
            into_the_middle = part in DOORS and other in MIDDLE and not under(name, DOOR_USES.get(part, ()))
            if above or through_doors or into_the_middle:
                wrong.append(f"{module} imports {name}")
    return wrong


def libraries_have_homes(sources: Sources) -> list[str]:
    """Clause 3: one library, one home."""
    return [
        f"{module} imports {name}"
        for module, source in sources.items()
        for name, _ in imports(source)
        if (homes := HOMES.get(name.split(".")[0])) and not under(module, homes)
    ]


def only_jobs_reads_the_clock(sources: Sources) -> list[str]:
    """Clause 4: no clock, no environment, no configuration outside jobs."""
    wrong = []
    for module, source in sources.items():
        if module.split(".")[0] == "jobs":
            continue
        for node in nodes(source):
            if not isinstance(node, ast.Attribute):
                continue
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else owner
            clock = node.attr in CLOCKS and owner in {"datetime", "date", "time", "Timestamp", "pd"}
            if clock or (owner == "os" and node.attr in {"environ", "getenv"}):
                wrong.append(f"{module}:{node.lineno} reads {owner}.{node.attr}")
    return wrong


def json_and_floats_stay_home(sources: Sources) -> list[str]:
    """Clause 5: JSON ends at the doors; no float in what handles money."""
    wrong = [
        f"{module} imports {name}"
        for module, source in sources.items()
        for name, _ in imports(source)
        if name.split(".")[0] in {"json", "msgspec"} and not under(module, JSON_HOMES)
    ]
    for module, source in sources.items():
        if not module.startswith("recon") or under(module, FLOAT_HOMES):
            continue
        for node in nodes(source):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
            literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            dtype = isinstance(node, ast.Constant) and node.value in ("float", "float64", "Float64")
            if called or literal or dtype:
                wrong.append(f"{module}:{getattr(node, 'lineno', 0)} has a float")
    return wrong


def columns_are_spelled_once(sources: Sources) -> list[str]:
    """Clause 5: only recon.columns spells a frame's column."""
    names = {value for name, value in vars(c).items() if name.isupper() and isinstance(value, str)}
    frames = (
        "recon.matching",
        "recon.triage",
        "recon.rules",
        "recon.result",
        "recon.settlement",
        "reports",
    )
    return [
        f'{module}:{node.lineno} spells ["{node.slice.value}"]'
        for module, source in sources.items()
        if under(module, frames)
        for node in nodes(source)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value in names
    ]


def nothing_is_relative_or_vague(sources: Sources) -> list[str]:
    """Clause 6: no relative imports, no utils."""
    wrong = [f"{m} imports relatively" for m, source in sources.items() for _, level in imports(source) if level]
    return wrong + [f"{module} says nothing" for module in sources if set(module.split(".")) & VAGUE]


def no_cycles(sources: Sources) -> list[str]:
    """Clause 6: no module imports itself through others."""
    graph = {m: {n for n, _ in imports(source, sources) if n in sources} for m, source in sources.items()}

    def reaches(start: str) -> bool:
        seen: set[str] = set()
        todo = list(graph[start])
        while todo:
            module = todo.pop()
            if module == start:
                return True
            if module not in seen:
                seen.add(module)
                todo += graph[module]
        return False

    return [f"{module} is in a cycle" for module in sources if reaches(module)]


def all_is_short(sources: Sources) -> list[str]:
    """Clause 6: a function fits on a screen, a file in a head."""
    long = [f"{module} has {n} lines" for module, s in sources.items() if (n := len(s.splitlines())) > FILE_LINES]
    for module, source in sources.items():
        for node in nodes(source):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long.append(f"{module}.{node.name} has {lines} lines")
    return long


def no_folder_is_crowded(sources: Sources) -> list[str]:
    """Clause 6: no more modules beside each other than an eye takes in, but for sheets, of which each is one."""
    rooms = {module.rpartition(".")[0] for module in sources}
    folders = Counter(module.rpartition(".")[0] for module in sources if module not in rooms)
    allowed = {"reports.sheets"}
    return [f"{name} has {n} modules" for name, n in folders.items() if n > FOLDER_MODULES and name not in allowed]


def files_say_what_they_are(sources: Sources) -> list[str]:
    """Every file opens with a sentence; every public function and class has a docstring."""
    wrong = []
    for module, source in sources.items():
        if ".migrations." in module:  # Alembic gives these files their form
            continue
        tree = nodes(source)[0]
        assert isinstance(tree, ast.Module)
        if not ast.get_docstring(tree):
            wrong.append(f"{module} does not say what it is")
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not node.name.startswith("_") and not ast.get_docstring(node):
                wrong.append(f"{module}.{node.name} has no docstring")
    return wrong


OFFENCES: list[tuple[Check, dict[str, str]]] = [
    (packages_point_down, {"recon.money": "import reports.sheet"}),
    (packages_point_down, {"reports.sheet": "from jobs import run"}),
    (recon_points_down, {"recon.money": "from recon.model import Order", "recon.model": ""}),
    (recon_points_down, {"recon.model": "from recon import store", "recon.store": ""}),
    (recon_points_down, {"recon.odd": "x = 1"}),
    (recon_points_down, {"recon.columns": "from recon.matching import match", "recon.matching": ""}),
    (recon_points_down, {"recon.rules.orders": "from recon.store import save", "recon.store": ""}),
    (recon_points_down, {"recon.store.save": "from recon.omise.objects import read_objects"}),
    (recon_points_down, {"recon.store.save": "from recon.rules import judge"}),
    (recon_points_down, {"recon.bank.load": "from recon.triage import scope"}),
    (libraries_have_homes, {"jobs.run.run": "from sqlalchemy import Engine"}),
    (libraries_have_homes, {"recon.orders.excel": "import openpyxl"}),
    (only_jobs_reads_the_clock, {"recon.rulings.life": "from datetime import datetime\nx = datetime.now()"}),
    (only_jobs_reads_the_clock, {"reports.workbook.write": "import os\nx = os.environ"}),
    (libraries_have_homes, {"recon.triage": "import pandas as pd"}),
    (only_jobs_reads_the_clock, {"recon.triage": "import pandas as pd\nx = pd.Timestamp.now()"}),
    (json_and_floats_stay_home, {"recon.matching.by_metadata": "import json"}),
    (json_and_floats_stay_home, {"recon.money": "x = 0.5"}),
    (json_and_floats_stay_home, {"recon.tabular.amounts": "x = float('1')"}),
    (json_and_floats_stay_home, {"recon.result": "x = column.astype('float64')"}),
    (columns_are_spelled_once, {"recon.triage": "x = orders['amount']"}),
    (nothing_is_relative_or_vague, {"recon.triage": "from . import scope"}),
    (nothing_is_relative_or_vague, {"recon.utils": ""}),
    (no_cycles, {"recon.a": "import recon.b", "recon.b": "from recon import a"}),
    (all_is_short, {"recon.a": "def f():\n" + "    x = 1\n" * 60}),
    (all_is_short, {"recon.a": "x = 1\n" * 501}),
    (no_folder_is_crowded, {f"recon.a.m{n}": "" for n in range(21)}),
    (files_say_what_they_are, {"recon.a": "def f(): pass"}),
]
CHECKS = list(dict.fromkeys(check for check, _ in OFFENCES))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_project_keeps_the_law(check: Check) -> None:
    wrong = check(project())
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("check", "offence"), OFFENCES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_law_can_be_broken(check: Check, offence: dict[str, str]) -> None:
    assert check(offence) != []


def test_the_packages_are_the_only_ones_at_top_level_and_come_from_one_place() -> None:
    import jobs
    import recon
    import reports

    places = {Path(package.__file__ or "").parent.parent for package in (jobs, recon, reports)}
    assert places == {ROOT}
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == {"jobs", "recon", "reports", "tests"}
