"""Every code that `[rules.CODE]` may name, with the thresholds that are its own."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo, create_model

from jobs.config.fields import Count, Duration, Flag, SeverityWord
from jobs.config.sections import Section
from recon.rules import CATALOGUE
from recon.rules.rule import Rule
from recon.settings import RuleSettings


class RuleSection(Section):
    """What every rule has; a code's own model adds its thresholds."""

    enabled: Flag = True
    severity: SeverityWord | None = None

    def as_settings(self) -> RuleSettings:
        """As `recon.rules` is handed it: only what the file says."""
        own = {name: value for name, value in self if name not in RuleSection.model_fields and value is not None}
        return RuleSettings(self.enabled, self.severity, own)


def _section(rule: Rule) -> Any:
    kinds = {name: Duration if isinstance(default, timedelta) else Count for name, default in rule.thresholds.items()}
    own: dict[str, Any] = {name: (kind | None, None) for name, kind in kinds.items()}
    return create_model(rule.code, __base__=RuleSection, **own)


@cache
def sections() -> Mapping[str, Any]:
    """Code -> the section of its rule; made only for a file that has `[rules]`: fifty models take time."""
    return {rule.code: _section(rule) for rule in CATALOGUE}


@cache
def _all() -> Any:
    optional: dict[str, Any] = {code: (section | None, None) for code, section in sections().items()}
    return create_model("rules", __base__=Section, **optional)


def _rules(value: Any, info: ValidationInfo) -> Mapping[str, RuleSection]:
    every = _all().model_validate(value, context=info.context)
    return {code: section for code, section in every if section is not None}


# The rules that the file names, by code.
Rules = Annotated[Mapping[str, RuleSection], PlainValidator(_rules)]
