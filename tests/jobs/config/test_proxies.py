"""Which proxy leads where: the configuration before the environment, and NO_PROXY."""

from pathlib import Path

import pytest

from jobs.config.config import ConfigError, load
from jobs.config.proxies import proxies_in, proxy_for, share
from tests.kit.small_config import ONE_ACCOUNT, configured
from tests.kit.tls import ca_file

OMISE = "https://api.omise.co"
OWN = '[omise]\nproxy = { env = "PROXY" }\nca_file = "ca.pem"\n'
P = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, OMISE, ""),
        ({"HTTPS_PROXY": P}, OMISE, P),
        ({"https_proxy": P, "HTTPS_PROXY": "http://other:1"}, OMISE, P),
        ({"HTTP_PROXY": P}, OMISE, ""),
        ({"HTTP_PROXY": P}, "http://omise.local/", P),
        ({"HTTP_PROXY": P, "REQUEST_METHOD": "GET"}, "http://omise.local/", ""),
        ({"ALL_PROXY": P}, OMISE, P),
        ({"HTTPS_PROXY": "proxy.example:3128"}, OMISE, P),
        ({"HTTPS_PROXY": P, "NO_PROXY": "api.omise.co"}, OMISE, ""),
        ({"HTTPS_PROXY": P, "no_proxy": ".omise.co"}, OMISE, ""),
        ({"HTTPS_PROXY": P, "NO_PROXY": "localhost, omise.co"}, OMISE, ""),
        ({"HTTPS_PROXY": P, "NO_PROXY": "*"}, OMISE, ""),
        ({"HTTPS_PROXY": P, "NO_PROXY": "notomise.co"}, OMISE, P),
        ({"HTTPS_PROXY": P, "NO_PROXY": "127.0.0.1"}, "https://127.0.0.1:8443", ""),
    ],
)
def test_the_environment_s_proxy(environ: dict[str, str], url: str, proxy: str) -> None:
    assert proxy_for(url, "", proxies_in(environ)) == proxy
    assert proxy_for(url, "http://own:1", proxies_in(environ)) == "http://own:1"


@pytest.mark.parametrize("wrong", ["socks5://proxy:1080", "http:///x", "http://a b", "ftp://proxy"])
def test_what_is_no_proxy_is_told_and_not_shown(wrong: str) -> None:
    with pytest.raises(ValueError, match="HTTPS_PROXY: is not a proxy such as") as error:
        proxy_for(OMISE, "", proxies_in({"HTTPS_PROXY": wrong}))
    assert wrong not in str(error.value)


def test_the_configuration_gives_the_line_and_names_what_is_wrong_with_it(tmp_path: Path) -> None:
    ca = ca_file(tmp_path)
    config = load(configured(tmp_path, OWN, ONE_ACCOUNT), {"PROXY": P}, ())
    line = config.line(OMISE)
    assert (line.proxy, line.tls is not None) == (P, True)
    environ: dict[str, str] = {}
    config.share_line(environ)
    assert environ["https_proxy"] == P
    bundle = Path(environ["REQUESTS_CA_BUNDLE"]).read_text(encoding="utf-8")
    assert ca.read_text(encoding="utf-8") in bundle
    assert len(bundle) > 100_000, "the public CAs are believed, too"
    ca.write_text("nothing", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"omise\.ca_file: .*ca\.pem holds no certificate"):
        config.line(OMISE)


def test_without_a_line_of_its_own_nothing_is_shared() -> None:
    environ: dict[str, str] = {}
    share(environ, "", None)
    assert environ == {}
