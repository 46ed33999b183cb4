"""How a server is reached: through which proxy, by whose certificates."""

import ssl
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """The way to a server: `proxy` is a URL (with a password, maybe), empty without one; `tls` null: the system's."""

    proxy: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = field(default=None, compare=False)


DIRECT = Line()


def tls_with(ca_file: str) -> ssl.SSLContext:
    """Trusts the system's CAs and those of a PEM file; raises ValueError in words."""
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError:
        raise ValueError("holds no certificate in PEM form") from None
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from None
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # a company's own CA seldom has every extension
    return context
