"""Messages of a bank that look like statements and are none: what they are, and what to do with their files."""

import re

_INTERIM = "its lines come again in the statement of the day"
_NO_LINES = "it has no lines"
_NOTE = "its bookings come again in the statement"

_BALANCES = re.compile(r"^:60[FM]?:", re.MULTILINE)
_LINES = re.compile(r"^:61:", re.MULTILINE)
# What only the other messages of SWIFT have; some banks put the sums of :90D: and :90C: into a statement too.
_SWIFT = (
    (re.compile(r"^:34F:", re.MULTILINE), f"an interim report (MT942), no statement (MT940): {_INTERIM}"),
    (re.compile(r"^:90[DC]:", re.MULTILINE), f"a report of balances (MT941), no statement (MT940): {_NO_LINES}"),
    (re.compile(r"^:32A:", re.MULTILINE), f"a note of one booking (MT900, MT910), no statement (MT940): {_NOTE}"),
)
_SUMS = re.compile(r"^:90[DC]:0*[1-9]", re.MULTILINE | re.ASCII)
_CAMT = {
    "camt.052": f"a report of the day so far (camt.052), no statement (camt.053): {_INTERIM}",
    "camt.054": f"a note of bookings (camt.054), no statement (camt.053): {_NOTE}",
}
_TO_DO = "; take it out of the folder, or name the statements only in path"


def other_of_swift(text: str) -> str | None:
    """What a SWIFT message is that is no MT940 or MT950, and what to do; none where it may be one."""
    if _BALANCES.search(text) and (_LINES.search(text) or not _SUMS.search(text)):
        return None
    return next((words + _TO_DO for tag, words in _SWIFT if tag.search(text)), None)


def other_of_camt(message: str) -> str | None:
    """The same of the name of an ISO 20022 message, such as camt.054.001.08."""
    words = _CAMT.get(message[:8])
    return words and words + _TO_DO
