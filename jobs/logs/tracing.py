"""Spans for OpenTelemetry where the extra `tracing` is installed and asked for; else nothing.

Where spans go is said by OpenTelemetry's own environment variables, such as OTEL_EXPORTER_OTLP_ENDPOINT.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from recon.extras import advice

ASKED_BY = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_state: dict[str, Any] = {}


def start(environ: Mapping[str, str], exporter: Any = None) -> tuple[str, ...]:
    """Begin to trace where the environment asks for it (or into a given exporter); what is missing for it, in words.

    Requests to Omise are traced without their query and without headers.
    """
    if exporter is None and not any(environ.get(name) for name in ASKED_BY):
        return ()
    try:
        from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter()
    except ImportError:
        return (f"traces: {advice('opentelemetry')}",)
    provider = TracerProvider(resource=Resource.create({"service.name": "omise-recon"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    AioHttpClientInstrumentor().instrument(tracer_provider=provider, url_filter=_without_query)
    _state.update(provider=provider, tracer=provider.get_tracer("omise-recon"))
    return ()


def stop() -> None:
    """Send what is left, and trace no more."""
    if not _state:
        return
    from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor

    AioHttpClientInstrumentor().uninstrument()
    _state["provider"].shutdown()
    _state.clear()


@contextmanager
def span(name: str, **facts: str | int) -> Iterator[None]:
    """The block as a span; what ends it is named by its type alone, since a message may hold anything."""
    if not _state:
        yield
        return
    from opentelemetry.trace import Status, StatusCode

    tracer = _state["tracer"]
    with tracer.start_as_current_span(
        name, attributes=facts, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except BaseException as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def _without_query(url: Any) -> str:
    return str(url.with_query(None).with_user(None).with_password(None))
