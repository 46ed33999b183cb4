"""Why a server was not reached, in words."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

# OpenSSL's codes of a certificate that is not accepted (x509_vfy.h).
_CERTIFICATE: Mapping[int, str] = {
    9: "its certificate is not valid yet: look at this machine's clock",
    10: "its certificate has expired",
    18: "its certificate is signed by itself alone: if a gateway of yours stands between, give its CA as ca_file",
    19: "an unknown CA signed its certificate: if a gateway of yours stands between, give its CA as ca_file",
    20: "an unknown CA signed its certificate: if a gateway of yours stands between, give its CA as ca_file",
    23: "its certificate was revoked",
    62: "its certificate is for another host",
    64: "its certificate is for another address",
}
_PROXY_STATUS: Mapping[int, str] = {
    403: "it does not let us through to this host",
    407: "it wants a name and a password: http://NAME:PASSWORD@HOST:PORT",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a connection failed, in words without headers and passwords, and whether another try may help."""

    words: str
    may_pass: bool = True


def failure(error: Exception) -> Failure:
    """What an error of a connection means; wrong certificates and ports do not pass by themselves."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Failure(_of_certificate(error.certificate_error), may_pass=False)
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return Failure(_of_tls(error.os_error), may_pass=False)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        words = _PROXY_STATUS.get(error.status, "it did not let us through")
        return Failure(f"the proxy answered {error.status}: {words}", error.status not in _PROXY_STATUS)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return Failure("the proxy cannot be reached")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Failure("no address is known of the host")
    if isinstance(error, aiohttp.ClientResponseError):
        return Failure("what answers does not speak HTTP: https:// may be meant", may_pass=False)
    if isinstance(error, aiohttp.ClientConnectorError):
        return Failure(f"the connection broke ({type(error.os_error).__name__}): nobody answers there")
    return Failure(f"the connection broke ({type(error).__name__})")


def _of_certificate(error: Exception) -> str:
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    return f"TLS: {_CERTIFICATE.get(code, f'its certificate is not accepted (OpenSSL {code})')}"


def _of_tls(error: OSError) -> str:
    reason = (error.reason if isinstance(error, ssl.SSLError) else "") or type(error).__name__
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"):
        return "TLS: what answers speaks no TLS: it is a plain http:// port"
    return f"TLS: no secure connection could be made ({reason})"
