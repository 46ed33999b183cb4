"""The libraries that only some need, and the words with which what needs one that is not installed is refused."""

from importlib.util import find_spec

EXTRAS = {
    "apprise": "alerts",
    "joserfc": "oidc",
    "obstore": "delivery",
    "opentelemetry": "tracing",
    "procrastinate": "queue",
    "psycopg": "postgres",
    "pymysql": "mysql",
}  # library -> the extra of the distribution that brings it


def advice(library: str) -> str:
    """What is needed, and how to install it."""
    return f"needs {library}: pip install 'omise-recon[{EXTRAS[library]}]'"


def missing(library: str) -> str:
    """The advice where it is not installed, or nothing."""
    return "" if find_spec(library) else advice(library)
