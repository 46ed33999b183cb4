"""Tracing: nothing unless asked for; with the extra installed, spans of stages and of requests without queries."""

import pytest

from jobs.logs import tracing
from tests.kit.receivers import webhook


def test_nobody_asked_for_it() -> None:
    assert tracing.start({}) == ()
    with tracing.span("pull", account="th"):
        pass
    tracing.stop()


def test_what_ends_a_block_passes_through() -> None:
    with pytest.raises(ValueError, match="no"), tracing.span("pull"):
        raise ValueError("no")


async def test_spans_of_stages_and_requests_name_no_secret() -> None:
    pytest.importorskip("opentelemetry.instrumentation.aiohttp_client")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    import aiohttp

    async def work(url: str) -> None:
        headers = {"Authorization": "Basic c2tleQ0815"}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as answer:
            await answer.read()
        raise ValueError("secret0words")

    exporter = memory.InMemorySpanExporter()
    assert tracing.start({}, exporter) == ()
    async with webhook() as hook:
        with pytest.raises(ValueError, match="secret0words"), tracing.span("pull", account="th"):
            await work(f"http://127.0.0.1:{hook.port}/charges?q=somchai")
    tracing.stop()
    request, stage = exporter.get_finished_spans()
    assert (stage.name, dict(stage.attributes)) == ("pull", {"account": "th"})
    assert request.parent.span_id == stage.context.span_id
    said = f"{request.to_json()} {stage.to_json()}"
    assert "/charges" in said
    for secret in ("somchai", "c2tleQ0815", "secret0words"):
        assert secret not in said
