"""Many more histories than the suite has time for: near its range a run finds what it would find in all of them."""

import pytest

from tests.recon.store.related.test_related import check

pytestmark = pytest.mark.proof


def test_many_histories() -> None:
    check(examples=150)
