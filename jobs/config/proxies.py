"""Which proxy leads to a server: what the configuration says, else HTTPS_PROXY and its like, but for NO_PROXY."""

import atexit
import re
import tempfile
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

_NAMES = ("https_proxy", "http_proxy", "all_proxy", "no_proxy")


def proxies_in(environ: Mapping[str, str]) -> Mapping[str, str]:
    """What an environment says of proxies, by its lower-case names, which win over the others."""
    upper = {name: environ.get(name.upper(), "") for name in _NAMES}
    if "REQUEST_METHOD" in environ:  # a web server's script: whoever asks could set it as a header
        upper["http_proxy"] = ""
    return {name: environ.get(name) or upper[name] for name in _NAMES}


def proxy_for(url: str, configured: str, environment: Mapping[str, str]) -> str:
    """The URL of the proxy to a URL, or nothing; `environment` as `proxies_in` gives it. Raises ValueError."""
    if configured:
        return _read("omise.proxy", configured)
    parts = urlsplit(url)
    name = f"{parts.scheme}_proxy"
    chosen = name if environment.get(name) else "all_proxy"
    proxy = environment.get(chosen, "")
    no_proxy = {"no": environment.get("no_proxy", "")}
    if not proxy or proxy_bypass_environment(parts.netloc.rpartition("@")[2], no_proxy):
        return ""
    return _read(chosen.upper(), proxy)


def _read(place: str, text: str) -> str:
    url = text if "://" in text else f"http://{text}"
    if not re.fullmatch(r"https?://[^/\s?#]+/?", url):
        raise ValueError(f"{place}: is not a proxy such as http://proxy.example:3128")
    return url


def share(environ: MutableMapping[str, str], proxy: str, ca_file: Path | None) -> None:
    """Has what opens connections of its own, as Apprise and object stores do, go the way that Omise is reached by."""
    if proxy:
        environ["https_proxy"] = _read("omise.proxy", proxy)
    if ca_file is not None:
        import certifi  # late, as a run without channels does without

        with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False, encoding="utf-8") as bundle:
            bundle.write(f"{certifi.contents()}\n{ca_file.read_text(encoding='utf-8')}")
        atexit.register(Path(bundle.name).unlink, missing_ok=True)
        environ["REQUESTS_CA_BUNDLE"] = bundle.name
