"""Where the product does not do yet what the contract says: the only list of it, with what happens now.

What is mended fails its test until it is taken off this list.
"""

KNOWN_WRONG: dict[str, str] = {}

KNOWN_WRONG_FACETS: dict[str, str] = {}

# world: (case of the account or the account, proof), where a difference is left that no item explains
KNOWN_WRONG_PROOFS: dict[str, set[tuple[str, str]]] = {}

# mutations whose result is another one, and nobody is told; each must be mended
KNOWN_SILENT: dict[str, str] = {}

# families where a run that goes on (exit code 3) judges accounts that the damage does not touch less than before
KNOWN_HIDING: dict[str, str] = {}

# (family, code): breaks that are not true and come beside what is said of the damage
KNOWN_ACCUSATIONS: dict[tuple[str, str], str] = {}
