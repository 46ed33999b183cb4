"""Logs as JSON lines on stderr, or nothing but libraries' warnings for people; all of it passes one redactor.

Knows no command. structlog is loaded only for JSON: a command for people must be quick.
"""

import logging
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

from jobs.logs.redaction import masked_for_logs

LOGGER = "recon"
Event = MutableMapping[str, Any]
# Of libraries only what a person should look into.
_LEVELS = {"aiohttp.access": logging.INFO, LOGGER: logging.INFO}
# What Apprise has to say stands in the answer of each channel, which hears it from this logger; that a database was
# away, what came of it and when it is looked for again is said by `jobs.batch.worker`, without tracebacks.
_QUIET = frozenset({"apprise", "procrastinate", "psycopg"})
_state = {"json": False}


def configure(as_json: bool) -> None:
    """Send every logger's lines to stderr, as JSON or for people, in place of what was set before."""
    handler = _Handler()
    handler.addFilter(_is_ours_to_show)
    handler.setFormatter(_json_formatter() if as_json else _Lines("%(levelname)s: %(name)s: %(message)s"))
    root = logging.getLogger()
    for handler_before in [before for before in root.handlers if isinstance(before, _Handler)]:
        root.removeHandler(handler_before)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level if as_json else logging.WARNING)
    logging.captureWarnings(True)
    _state["json"] = as_json


def is_json() -> bool:
    """Whether stderr is for machines."""
    return _state["json"]


def log(event: str, level: str = "info", **fields: Any) -> None:
    """One line of ours where stderr is JSON: an event, and what belongs to it. People are told otherwise."""
    if not is_json():
        return
    import structlog

    structlog.get_logger(LOGGER).log(logging.getLevelNamesMapping()[level.upper()], event, **fields)


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Every line of the block, of any logger, carries these fields (job, run_id, account, stage)."""
    if not is_json():
        yield
        return
    import structlog

    with structlog.contextvars.bound_contextvars(**fields):
        yield


def _is_ours_to_show(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.CRITICAL or record.name.partition(".")[0] not in _QUIET


class _Handler(logging.StreamHandler[Any]):
    """To stderr as it is now: it may have been replaced since."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _Lines(logging.Formatter):
    """For people; tracebacks of the standard library show no locals."""

    def format(self, record: logging.LogRecord) -> str:
        return masked_for_logs(super().format(record))


def _json_formatter() -> logging.Formatter:
    import structlog

    # Locals of frames hold keys and whole answers.
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    added: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_query,
    ]
    structlog.configure(
        processors=[*added, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=added,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(frames),
            _redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def _redact(_logger: Any, _name: str, event: Event) -> Event:
    return {_clean(key): _clean(value) for key, value in event.items()}


def _clean(value: Any) -> Any:
    """Every text inside, keys included; what is no plain value as its text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {_clean(str(key)): _clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner) for inner in value]
    return masked_for_logs(str(value))


def _without_query(_logger: Any, _name: str, event: Event) -> Event:
    """The access log names the path alone: a query may hold a search for a person, or a token."""
    if event.get("logger") == "aiohttp.access":
        event["event"] = " ".join(word.partition("?")[0] for word in str(event["event"]).split(" "))
        for key in ("first_request_line", "request_header", "message"):
            event.pop(key, None)
    return event
