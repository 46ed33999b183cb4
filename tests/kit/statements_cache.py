"""Statements for SQLite are compiled once in a process of tests: each store would have a cache of its own otherwise.

A command opens one store; tests open thousands, and a tenth of their time was SQLAlchemy's compiler.
"""

from typing import Any

from sqlalchemy import util
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite as Dialect
from sqlalchemy.engine import Engine


def share() -> None:
    """What one SQLite engine has compiled, the others of this process find: to their cache all dialects are equal."""
    compiled: Any = util.LRUCache(3_000)
    begin = Engine.__init__

    # `create_engine` hands over only what it finds named here.
    def init(
        self: Engine,
        pool: Any,
        dialect: Any,
        url: Any,
        logging_name: Any = None,
        echo: Any = None,
        query_cache_size: int = 500,
        execution_options: Any = None,
        hide_parameters: bool = False,
    ) -> None:
        begin(self, pool, dialect, url, logging_name, echo, query_cache_size, execution_options, hide_parameters)
        if type(self.dialect) is Dialect:
            self._compiled_cache = compiled

    Engine.__init__ = init  # type: ignore[method-assign]
    Dialect.__eq__ = lambda self, other: type(other) is type(self)  # type: ignore[method-assign]
    Dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
