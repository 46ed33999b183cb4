"""What `recon init` has to ask: answered by options, by a person at a terminal, or by what leaves no doubt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from jobs.config.fields import suggest
from jobs.run.outcome import JobError

Ask = Callable[[str], str]  # a prompt to the line that a person typed


@dataclass
class Questions:
    """Each question has a key, which `--set KEY=VALUE` answers.

    `ask` is null where nobody can be asked: then only what is sure is answered by its default. `tell` shows lines.
    """

    given: Mapping[str, str]
    ask: Ask | None
    tell: Callable[[str], None]
    used: set[str] = field(default_factory=set)

    def choice(
        self, key: str, words: str, choices: Sequence[str], default: str = "", *, is_sure: bool = False
    ) -> str:
        """One of some choices; a person may type its number, too, and is asked until it is one."""
        if key in self.given:
            self.used.add(key)
            return self._given(key, choices)
        if self.ask is None or (is_sure and len(choices) < 2):
            return self._sure(key, words, default, is_sure, choices)
        self.tell(words)
        for number, option in enumerate(choices, 1):
            self.tell(f"  {number}  {option}")
        while True:
            answer = self.ask(f"number or name{f' [{default}]' if default else ''}: ").strip() or default
            if answer in choices:
                return answer
            if answer.isdecimal() and 1 <= int(answer) <= len(choices):
                return choices[int(answer) - 1]
            self.tell(f'"{answer}" is none of them' if answer else "an answer is needed")

    def text(self, key: str, words: str, default: str = "", *, is_sure: bool = False) -> str:
        """Any text that is not empty."""
        if key in self.given:
            self.used.add(key)
            return self.given[key]
        if self.ask is None:
            return self._sure(key, words, default, is_sure, ())
        prompt = f"{words} [{default}]: " if default else f"{words} "
        while not (answer := self.ask(prompt).strip() or default):
            self.tell("an answer is needed")
        return answer

    def agrees(self, words: str) -> bool:
        """Whether a person says that it is right; where nobody can be asked, it is."""
        if self.ask is None:
            return True
        while (answer := self.ask(f"{words} [yes]: ").strip().casefold() or "yes") not in ("y", "yes", "n", "no"):
            self.tell("yes or no")
        return answer.startswith("y")

    def refuse_unused(self) -> None:
        """Raises JobError for answers that nothing asked for."""
        unused = sorted(set(self.given) - self.used)
        if unused:
            raise JobError(*(f"--set {key}: there is no such question for these files" for key in unused))

    def _given(self, key: str, choices: Sequence[str]) -> str:
        answer = self.given[key]
        if answer not in choices:
            raise JobError(f'--set {key}: "{answer}" is not one of {", ".join(choices)}{suggest(answer, choices)}')
        return answer

    @staticmethod
    def _sure(key: str, words: str, default: str, is_sure: bool, choices: Sequence[str]) -> str:
        if is_sure and default:
            return default
        listed = f" ({', '.join(choices)})" if choices else ""
        raise JobError(f"{words.rstrip(':?')}: this cannot be decided here: --set {key}=VALUE{listed}")
