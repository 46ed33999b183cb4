"""Cases where the product does not do yet what the contract says: the only list of them, with what happens now.

A case that is mended fails its test until it is taken off this list.
"""

KNOWN_WRONG: dict[str, str] = {}
