"""Shows how far a job is on stderr: bars on a terminal, else one line per finished stage."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from jobs.logs.errors import to_stderr
from jobs.logs.logs import is_json, log
from jobs.run.outcome import Progress

_ROOM = 4  # lines of a terminal that bars leave free


class _Count(MofNCompleteColumn):
    """How many of how many; nothing of a stage that counts nothing."""

    def render(self, task: Task) -> Text:
        """The cell of a stage."""
        return super().render(task) if task.total or task.completed else Text()


class Lines:
    """For logs and pipes: a stage is told once, when it is over."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def start(self, name: str, total: int | None) -> None:  # noqa: ARG002
        """A stage begins."""
        self._counts.pop(name, None)

    def advance(self, name: str, done: int, total: int | None) -> None:  # noqa: ARG002
        """A stage has done so much in all."""
        self._counts[name] = done

    def finish(self, name: str) -> None:
        """A stage is over."""
        done = self._counts.pop(name, None)
        if is_json():
            log("stage over", what=name, done=done)
            return
        to_stderr(name if done is None else f"{name}: {done:,}")


class Bars:
    """For a terminal."""

    def __init__(self, display: RichProgress) -> None:
        self._display = display
        self._tasks: dict[str, TaskID] = {}

    def start(self, name: str, total: int | None) -> None:
        """A stage begins; where bars would outgrow the terminal, the oldest finished ones go."""
        self._tasks[name] = self._display.add_task(name, total=total)
        shown = [task for task in self._display.tasks if task.visible]
        surplus = max(0, len(shown) - (self._display.console.height - _ROOM))
        for task in [task for task in shown if task.finished][:surplus]:
            self._display.update(task.id, visible=False)

    def advance(self, name: str, done: int, total: int | None) -> None:
        """A stage has done so much in all."""
        self._display.update(self._tasks[name], completed=done, total=total)

    def finish(self, name: str) -> None:
        """A stage is over: its bar is full, whatever its total was."""
        task = self._display.tasks[self._tasks[name]]
        self._display.update(task.id, total=task.completed)


@contextmanager
def progress_on_stderr() -> Iterator[Progress]:
    """A progress that lasts for the block."""
    if is_json() or not sys.stderr.isatty():
        yield Lines()
        return
    look = (TextColumn("{task.description}"), BarColumn(), _Count(), TimeElapsedColumn())
    with RichProgress(*look, console=Console(stderr=True)) as display:
        yield Bars(display)
