"""How long each pattern that sees outside text takes over a megabyte of hostile text; the bound is 0.1 s."""

import sys
from collections.abc import Callable
from time import perf_counter

from jobs.logs.redaction import masked as masked_for_logs
from recon.bank.texts import masked as masked_for_banks
from recon.bank.texts import shown as shown_of_banks
from recon.bank.texts import tidy
from recon.model.transfer_names import named_in
from recon.omise.scrub import Scrub
from recon.privacy import redact
from recon.tabular.faults import shown

SIZE = 1_000_000
BOUND_S = 0.1
_SCRUB = Scrub(b"k" * 32)
TEXTS = {
    "letters": "x",
    "letters and dots": "a.",
    "at signs": "@",
    "addresses without an end": "a@b",
    "addresses": "a@b.co ",
    "dots behind an at": "a@b.",
    "dashes": "-",
    "digits": "4",
    "digits and blanks": "4242 ",
    "digits and dashes": "4-",
    "halves of cards": "4242 4242 4242 ",
    "cards": "4242424242424242 ",
    "keys": "skey_test_",
    "halves of keys": "skey",
    "percent signs": "%40",
    "quotes": '"',
    "brackets": "[",
    "blanks": " ",
    "tabs": "\t",
    "line ends": "\n",
    "colons": "://",
    "passwords": "://a:",
    "authorization": "authorization:",
    "basic": "Basic ",
    "halves of an IBAN": "DE89 3704 ",
    "accounts": "account no: 1-",
    "transfers": "trsf_test_",
    "Thai": "ก",
    "combining marks": "e\u0301",
    "NUL": "\0",
}
PATTERNS: dict[str, Callable[[str], object]] = {
    "recon.privacy.redact": redact,
    "recon.omise.scrub (description)": lambda text: _SCRUB.clean({"object": "charge", "description": text}),
    "recon.omise.scrub (metadata)": lambda text: _SCRUB.clean({"object": "charge", "metadata": {"note": text}}),
    "recon.omise.scrub (a key of metadata)": lambda text: _SCRUB.clean({"object": "charge", "metadata": {text: "a"}}),
    "recon.tabular.faults.shown": shown,
    "recon.bank.texts.tidy": tidy,
    "recon.bank.texts.masked": masked_for_banks,
    "recon.bank.texts.shown": shown_of_banks,
    "recon.model.transfer_names": named_in,
    "jobs.logs.redaction": masked_for_logs,
}


def main() -> int:
    """Prints each pattern's slowest texts; 1 where one is over the bound."""
    slow = 0
    for name, pattern in PATTERNS.items():
        seconds = {}
        for kind, piece in TEXTS.items():
            size = SIZE // 4**5
            while size <= SIZE:
                text = (piece * (size // len(piece) + 1))[:size]
                began = perf_counter()
                pattern(text)
                took = perf_counter() - began
                seconds[kind] = (took, size)
                if took > 3 * BOUND_S:  # what comes after it would take sixteen times as long
                    break
                size = min(4 * size, SIZE) if size < SIZE else SIZE + 1
        worst = sorted(seconds.items(), key=lambda item: -item[1][0] / item[1][1])[:3]
        over = sum(took > BOUND_S for took, _ in seconds.values())
        slow += over
        words = ", ".join(f"{kind} {took:.3f} s for {size:,}" for kind, (took, size) in worst)
        print(f"{name:40} {'over' if over else 'ok':5} {words}", flush=True)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
