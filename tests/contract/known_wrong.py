"""Where the product does not do yet what the contract says: the only list of it, with what happens now.

What is mended fails its test until it is taken off this list.
"""

KNOWN_WRONG: dict[str, str] = {
    "order_charged_in_another_country": "two breaks for one fault, charge_missing and order_missing: the charge that "
    "names the order is not found where its currency is another",
    "paid_order_of_fifty_nine_minutes": "charge_missing at once: there is no [matching] settle",
    "charge_of_fifty_nine_minutes_without_order": "order_missing at once: there is no [matching] settle",
    "charge_of_an_order_whose_row_cannot_be_read": "order_missing beside order_invalid: two breaks for one fault",
}

KNOWN_WRONG_FACETS: dict[str, str] = {
    "new_break_keys": "title, occurred_on and exposure are not there yet",
    "new_run_keys": "waterfall is not there yet",
    "due_by_of_an_open_dispute": "due_by of an open dispute is null",
}

# world: (case of the account or the account, proof), where a difference is left that no item explains
KNOWN_WRONG_PROOFS: dict[str, set[tuple[str, str]]] = {}

# mutations whose result is another one, and nobody is told; each must be mended
KNOWN_SILENT: dict[str, str] = {
    "/balance: another currency": "a reading in SGD is taken for one in THB",
    "charges: fee absent": "fee_mismatch: a fee that is absent is taken for 0",
    "charges: fee_vat absent": "fee_vat_mismatch: a VAT that is absent is taken for 0",
    "charges: status unknown": "order_paid_charge_pending: an unknown status is taken for pending",
    "charges: status in capitals": "order_paid_charge_pending: an unknown status is taken for pending",
    "transactions: direction unknown": "transaction_amount_mismatch: an unknown direction is taken for a debit",
    "transfers: paid absent": "transfer_stuck: what is absent is taken for false, though paid_at stands beside it",
}

# families where a run that goes on (exit code 3) judges accounts that the damage does not touch less than before
KNOWN_HIDING: dict[str, str] = {}

# (family, code): breaks that are not true and come beside what is said of the damage
KNOWN_ACCUSATIONS: dict[tuple[str, str], str] = {
    ("orders: ", "order_missing"): "the order stands in a source, in a row that could not be read",
    ("charges: ", "transaction_unexplained"): "the transaction of a charge that was kept aside has an origin",
    ("transactions: ", "transaction_missing"): "the charge's transaction was kept aside, it is not missing",
    ("transfers: ", "transaction_unexplained"): "the transaction of a transfer that was kept aside has an origin",
    ("transfers: ", "bank_amount_mismatch"): "the credit of a transfer that was kept aside is held against another",
    ("refunds: ", "transaction_unexplained"): "the transaction of a refund that was kept aside has an origin",
    ("disputes: ", "transaction_unexplained"): "the transactions of a dispute that was kept aside have an origin",
}
