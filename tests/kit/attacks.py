"""Every hostile input of the tests with its result, as a table: `python -m tests.kit.attacks`."""

import sys
from collections import Counter

import pytest

from tests.kit.places import ROOT

PLACES = (
    *sorted(str(path) for path in (ROOT / "tests" / "scenarios").glob("test_attacks_*.py")),
    str(ROOT / "tests" / "scenarios" / "test_poisoned_nights.py"),
    str(ROOT / "tests" / "recon" / "test_hostile_texts.py"),
    str(ROOT / "tests" / "recon" / "test_expressions.py"),
)


class Table:
    """A row for each attack as it is over; `results` counts them."""

    def __init__(self) -> None:
        self.results: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One row: the test says what must come of an attack, its parameter which one it is."""
        if report.when != "call" and report.passed:
            return
        result = {"passed": "harmless", "failed": "HARMS"}.get(report.outcome, report.outcome)
        self.results[result] += 1
        test, _, attack = report.nodeid.rpartition("::")[2].partition("[")
        words = test.removeprefix("test_").replace("_", " ")
        print(f"{words:72} {attack.removesuffix(']')[:48]:48} {result}", flush=True)


def main() -> int:
    """Prints the table and how many attacks there are; 1 where one does harm."""
    table = Table()
    pytest.main(["--override-ini=addopts=", "-p", "no:terminal", *PLACES], plugins=[table])
    print(f"{table.results.total()} attacks: {', '.join(f'{count} {word}' for word, count in table.results.items())}")
    return 1 if table.results["HARMS"] else 0


if __name__ == "__main__":
    sys.exit(main())
