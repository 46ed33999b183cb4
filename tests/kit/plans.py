"""What a store asks its database, and how the database says that it finds it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from recon.store.engine import Store, reading


@contextmanager
def asked(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """Every query with its values while the block lasts."""
    found: list[tuple[str, Any]] = []

    def hear(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        if statement.startswith("SELECT"):
            found.append((statement, values))

    event.listen(store, "before_cursor_execute", hear)
    yield found
    event.remove(store, "before_cursor_execute", hear)


def plans(store: Store, work: Callable[[Store], Any]) -> str:
    """What the database says of how it does each query of some work."""
    with asked(store) as found:
        work(store)
    how = "EXPLAIN QUERY PLAN" if store.dialect.name == "sqlite" else "EXPLAIN"
    with reading(store) as connection:
        rows = [row for text, values in found for row in connection.exec_driver_sql(f"{how} {text}", values)]
    return "\n".join(str(row[-1]) for row in rows)
