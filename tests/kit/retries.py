"""Omise asked again at once, for tests of what becomes of a gateway that fails."""

import pytest

from recon.omise import client


def retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between tries there is no wait but what Retry-After asks for; how many there are stays."""
    monkeypatch.setattr(client, "wait_exponential_jitter", lambda **_: lambda _state: 0.001)
