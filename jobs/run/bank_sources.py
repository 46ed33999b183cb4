"""Reads every bank source into the store: what is missing ends the run, what is unreadable is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from jobs.config.config import Config
from jobs.run.outcome import JobError
from recon.bank.load import read
from recon.bank.source import BankMissing, BankSource, LoadedBank
from recon.model import InputFile
from recon.store.engine import Store
from recon.store.versions import save


@dataclass(frozen=True)
class Banked:
    """What the bank sources of a run held, by name, with their settings."""

    sources: tuple[BankSource, ...] = ()
    loaded: Mapping[str, LoadedBank] = field(default_factory=dict)

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Sentences about files that could not be read."""
        return tuple(words for one in self.loaded.values() for words in one.unreadable)

    @property
    def whole(self) -> bool:
        """Whether bank sources were read, all of each."""
        return bool(self.loaded) and not self.unreadable

    def inputs(self, account: str) -> tuple[InputFile, ...]:
        """The files of an account."""
        return tuple(file for one in self._of(account) for file in one.inputs)

    def notes(self, account: str) -> Mapping[str, int]:
        """What a person should know of an account's statements, as a result counts it."""
        return {words: 1 for one in self._of(account) for words in one.notes}

    def _of(self, account: str) -> list[LoadedBank]:
        return [self.loaded[source.name] for source in self.sources if source.account == account]


def read_banks(config: Config, store: Store, clock: Callable[[], datetime]) -> Banked:
    """Every bank source, stored; raises JobError where a folder or a file that is named is not there."""
    sources, currencies = config.bank_sources(), config.currencies()
    loaded: dict[str, LoadedBank] = {}
    missing: list[str] = []
    for source in sources:
        try:
            loaded[source.name] = read(source, currencies=currencies)
        except BankMissing as error:
            missing.append(str(error))
    if missing:
        raise JobError(*missing)
    for source in sources:
        one = loaded[source.name]
        save.save_bank_lines(store, source.place, one.lines, one.rejected, clock())
    return Banked(sources, loaded)
