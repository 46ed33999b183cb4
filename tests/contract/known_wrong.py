"""Where the product does not do yet what the contract says: the only list of it, with what happens now.

What is mended fails its test until it is taken off this list.
"""

UNSAID = "nothing is raised, and the proof transfers_to_bank keeps a difference of which nothing is explained"
ACCUSED = "bank_credit_missing accuses a transfer whose credit the unreadable line may be"

KNOWN_WRONG: dict[str, str] = {
    "order_charged_in_another_country": "two breaks for one fault, charge_missing and order_missing: the charge that "
    "names the order is not found where its currency is another",
    "paid_order_of_fifty_nine_minutes": "charge_missing at once: there is no [matching] settle",
    "charge_of_fifty_nine_minutes_without_order": "order_missing at once: there is no [matching] settle",
    "old_charge_named_by_an_order_beside_sales_paid_out_since": "settlement_overdue for what was paid out: a charge "
    "from before the pull is fetched by id, its payout is not, and first in first out passes the hole on",
    "named_credit_ten_baht_short": UNSAID,
    "named_credit_ten_baht_over": UNSAID,
    "named_credit_of_half": UNSAID,
    "named_credit_one_satang_short": UNSAID,
    "named_credit_short_by_more_than_the_fee_bound": UNSAID,
    "named_credit_over_by_less_than_the_fee_bound": UNSAID,
    "credit_one_yen_short": UNSAID,
    "unnamed_credit_six_per_cent_short": "bank_amount_mismatch: any difference is one where one credit and one "
    "transfer are left of a day",
    "charge_of_an_order_whose_row_cannot_be_read": "order_missing beside order_invalid: two breaks for one fault",
    "credit_of_the_same_number_in_another_currency": "nothing is raised: the currency of a line is not looked at",
    "unreadable_line_of_the_transfer_s_amount": ACCUSED,
    "unreadable_line_that_names_its_transfer": ACCUSED,
    "unreadable_line_that_names_another_transfer": ACCUSED,
    "unreadable_line_without_amount_or_name": ACCUSED,
}

KNOWN_WRONG_FACETS: dict[str, str] = {
    "new_break_keys": "title, occurred_on and exposure are not there yet",
    "new_run_keys": "waterfall is not there yet",
    "due_by_of_an_open_dispute": "due_by of an open dispute is null",
    "missing_and_unexplained_name_each_other": "neither names the other",
}

# world: (case of the account or the account, proof), where a difference is left that no item explains
KNOWN_WRONG_PROOFS: dict[str, set[tuple[str, str]]] = {
    "bank": {
        (case, "transfers_to_bank")
        for case in (
            "named_credit_ten_baht_short",
            "named_credit_of_half",
        )
    },
    "more of the bank": {
        (case, "transfers_to_bank")
        for case in (
            "named_credit_ten_baht_over",
            "named_credit_one_satang_short",
            "named_credit_short_by_more_than_the_fee_bound",
            "named_credit_over_by_less_than_the_fee_bound",
            "credit_one_yen_short",
        )
    },
}

# mutations whose result is another one, and nobody is told; each must be mended
KNOWN_SILENT: dict[str, str] = {
    "bank CSV: currency of another account": "a credit in SGD is taken for the credit of a transfer in THB",
    "MT940: another currency": "a credit in USD is taken for the credit of a transfer in SGD",
    "/balance: another currency": "a reading in SGD is taken for one in THB",
    "bank th: no statement at all": "exit 0 and bank_credit_missing, though the configured path has no file",
    "charges: fee absent": "fee_mismatch: a fee that is absent is taken for 0",
    "charges: fee_vat absent": "fee_vat_mismatch: a VAT that is absent is taken for 0",
    "charges: status unknown": "order_paid_charge_pending: an unknown status is taken for pending",
    "charges: status in capitals": "order_paid_charge_pending: an unknown status is taken for pending",
    "transactions: direction unknown": "transaction_amount_mismatch: an unknown direction is taken for a debit",
    "transfers: paid absent": "transfer_stuck: what is absent is taken for false, though paid_at stands beside it",
}

# families where a run that goes on (exit code 3) judges accounts that the damage does not touch less than before
KNOWN_HIDING: dict[str, str] = {
    "bank CSV: ": "one statement that cannot be read leaves the bank of every account unjudged",
    "MT940: ": "one statement that cannot be read leaves the bank of every account unjudged",
    "CAMT: ": "one statement that cannot be read leaves the bank of every account unjudged",
    "bank ": "an unreadable file beside a good statement leaves the bank of every account unjudged",
}

# (family, code): breaks that are not true and come beside what is said of the damage
KNOWN_ACCUSATIONS: dict[tuple[str, str], str] = {
    ("orders: ", "order_missing"): "the order stands in a source, in a row that could not be read",
    ("bank CSV: ", "bank_credit_missing"): "the unreadable line may be the credit",
    ("MT940: ", "bank_credit_missing"): "the unreadable line may be the credit",
    ("CAMT: ", "bank_credit_missing"): "the unreadable entry may be the credit",
    ("charges: ", "transaction_unexplained"): "the transaction of a charge that was kept aside has an origin",
    ("transactions: ", "transaction_missing"): "the charge's transaction was kept aside, it is not missing",
    ("transfers: ", "transaction_unexplained"): "the transaction of a transfer that was kept aside has an origin",
    ("transfers: ", "bank_amount_mismatch"): "the credit of a transfer that was kept aside is held against another",
    ("refunds: ", "transaction_unexplained"): "the transaction of a refund that was kept aside has an origin",
    ("disputes: ", "transaction_unexplained"): "the transactions of a dispute that was kept aside have an origin",
}
