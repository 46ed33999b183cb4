"""Every code that `[rules.CODE]` may name, with the thresholds that are its own."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo, create_model

from jobs.config.fields import Count, Duration, Flag, SeverityWord
from jobs.config.sections import Section
from recon.rules import CATALOGUE
from recon.settings import RuleSettings

# Code -> its thresholds with their kinds.
THRESHOLDS: Mapping[str, Mapping[str, Any]] = {
    rule.code: {
        name: Duration if isinstance(default, timedelta) else Count for name, default in rule.thresholds.items()
    }
    for rule in CATALOGUE
}


class RuleSection(Section):
    """What every rule has; a code's own model adds its thresholds."""

    enabled: Flag = True
    severity: SeverityWord | None = None

    def as_settings(self) -> RuleSettings:
        """As `recon.rules` is handed it: only what the file says."""
        own = {name: value for name, value in self if name not in RuleSection.model_fields and value is not None}
        return RuleSettings(self.enabled, self.severity, own)


def _section(code: str, thresholds: Mapping[str, Any]) -> Any:
    fields: dict[str, Any] = {name: (kind | None, None) for name, kind in thresholds.items()}
    return create_model(code, __base__=RuleSection, **fields)


_CODES: dict[str, Any] = {code: (_section(code, own) | None, None) for code, own in THRESHOLDS.items()}
_ALL = create_model("rules", __base__=Section, **_CODES)


def _rules(value: Any, info: ValidationInfo) -> Mapping[str, RuleSection]:
    every = _ALL.model_validate(value, context=info.context)
    return {code: section for code, section in every if section is not None}


# The rules that the file names, by code.
Rules = Annotated[Mapping[str, RuleSection], PlainValidator(_rules)]
