-- Every table of the first release; frozen once released. $serial counts by itself, $bytes are a BLOB or BYTEA.

CREATE TABLE access (
    id $serial NOT NULL, at BIGINT NOT NULL, who TEXT, address TEXT, what TEXT NOT NULL, subject TEXT,
    result TEXT NOT NULL, detail TEXT NOT NULL,
    CONSTRAINT pk_access PRIMARY KEY (id$counted)
);
CREATE INDEX ix_access_what_at ON access (what, at);

CREATE TABLE account (
    name TEXT NOT NULL, omise_id TEXT NOT NULL, country TEXT NOT NULL, currency TEXT NOT NULL,
    livemode BOOLEAN NOT NULL, first_seen_at BIGINT NOT NULL,
    CONSTRAINT pk_account PRIMARY KEY (name)
);

CREATE TABLE archive_file (
    name TEXT NOT NULL, kind TEXT NOT NULL, what TEXT NOT NULL, account TEXT NOT NULL,
    row_count INTEGER NOT NULL, size BIGINT NOT NULL, sha256 TEXT NOT NULL, first_id TEXT NOT NULL,
    last_id TEXT NOT NULL, first_seen_at BIGINT NOT NULL, last_seen_at BIGINT NOT NULL,
    last_superseded_at BIGINT, before_at BIGINT NOT NULL, archived_at BIGINT NOT NULL,
    CONSTRAINT pk_archive_file PRIMARY KEY (name)
);
CREATE INDEX ix_archive_file_kind_what ON archive_file (kind, what);

CREATE TABLE audit (
    seq $serial NOT NULL, at BIGINT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL,
    detail TEXT NOT NULL, sealed BIGINT NOT NULL, sealed_digest TEXT NOT NULL, previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    CONSTRAINT pk_audit PRIMARY KEY (seq$counted),
    CONSTRAINT uq_audit_hash UNIQUE (hash)
);

CREATE TABLE balance (
    account TEXT NOT NULL, read_at BIGINT NOT NULL, currency TEXT NOT NULL, total BIGINT NOT NULL,
    transferable BIGINT NOT NULL, reserve BIGINT NOT NULL, on_hold BIGINT,
    CONSTRAINT pk_balance PRIMARY KEY (account, read_at)
);

CREATE TABLE bank_line (
    account TEXT NOT NULL, line_id TEXT NOT NULL, source TEXT NOT NULL, booked_on TEXT NOT NULL,
    value_on TEXT, amount BIGINT NOT NULL, currency TEXT NOT NULL, description TEXT, reference TEXT,
    payout BOOLEAN NOT NULL, file TEXT NOT NULL, file_hash TEXT NOT NULL, "row" BIGINT NOT NULL,
    seen_at BIGINT NOT NULL, first_seen_at BIGINT NOT NULL, superseded_at BIGINT, digest $bytes NOT NULL,
    CONSTRAINT pk_bank_line PRIMARY KEY (account, line_id, seen_at)
);
CREATE INDEX ix_bank_line_account_booked_on ON bank_line (account, booked_on);
CREATE UNIQUE INDEX uq_bank_line_current ON bank_line (line_id, account) WHERE superseded_at IS NULL;

CREATE TABLE batch (
    id $serial NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, first_day DATE NOT NULL,
    last_day DATE NOT NULL, accounts TEXT NOT NULL, options TEXT NOT NULL, as_of BIGINT NOT NULL,
    who TEXT NOT NULL, created_at BIGINT NOT NULL, ended_at BIGINT, words TEXT,
    CONSTRAINT pk_batch PRIMARY KEY (id$counted)
);
CREATE UNIQUE INDEX uq_batch_open ON batch (name) WHERE ended_at IS NULL;

CREATE TABLE break (
    id TEXT NOT NULL, code TEXT NOT NULL, severity INTEGER NOT NULL, account TEXT, subject_type TEXT NOT NULL,
    subject_id TEXT NOT NULL, explanation TEXT NOT NULL, suggestion TEXT NOT NULL, currency TEXT,
    expected BIGINT, actual BIGINT, amount_at_risk BIGINT, due_by BIGINT, order_id TEXT, charge_id TEXT,
    refund_id TEXT, transfer_id TEXT, transaction_id TEXT, dispute_id TEXT, status TEXT NOT NULL,
    first_seen BIGINT NOT NULL, last_seen BIGINT NOT NULL, owner TEXT, version BIGINT DEFAULT '0' NOT NULL,
    ruling_id BIGINT, ruling_kind TEXT, ruled_by TEXT, reason TEXT, until DATE, facts TEXT, occurred_on DATE,
    search TEXT DEFAULT '' NOT NULL, comparable_amount BIGINT DEFAULT '-1' NOT NULL,
    CONSTRAINT pk_break PRIMARY KEY (id)
);
CREATE INDEX ix_break_list ON break (status, account, severity, comparable_amount, code, occurred_on, first_seen, due_by, currency, amount_at_risk, expected, actual, owner, id, search);
CREATE INDEX ix_break_open ON break (severity DESC, comparable_amount DESC, id, account) WHERE status IN ('open', 'acknowledged', 'pending_approval');
CREATE INDEX ix_break_open_due ON break (due_by, severity DESC, comparable_amount DESC, id, account) WHERE status IN ('open', 'acknowledged', 'pending_approval');
CREATE INDEX ix_break_order_id ON break (order_id);
CREATE INDEX ix_break_charge_id ON break (charge_id);

CREATE TABLE charge (
    account TEXT NOT NULL, charge_id TEXT NOT NULL, status TEXT NOT NULL, amount BIGINT NOT NULL,
    currency TEXT NOT NULL, captured_amount BIGINT, funding_amount BIGINT NOT NULL,
    funding_currency TEXT NOT NULL, fee BIGINT NOT NULL, fee_vat BIGINT NOT NULL, interest BIGINT NOT NULL,
    interest_vat BIGINT NOT NULL, net BIGINT NOT NULL, fee_flat TEXT, fee_rate TEXT, vat_rate TEXT,
    refunded_amount BIGINT NOT NULL, method TEXT, card_brand TEXT, capture BOOLEAN NOT NULL,
    authorized BOOLEAN NOT NULL, paid BOOLEAN NOT NULL, reversed BOOLEAN NOT NULL, voided BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL, authorized_at BIGINT, paid_at BIGINT, expires_at BIGINT, reversed_at BIGINT,
    transaction_id TEXT, dispute_id TEXT, link TEXT, schedule TEXT, failure_code TEXT, description TEXT,
    metadata TEXT, livemode BOOLEAN NOT NULL, seen_at BIGINT NOT NULL, first_seen_at BIGINT NOT NULL,
    superseded_at BIGINT, digest $bytes NOT NULL, raw $bytes NOT NULL,
    CONSTRAINT pk_charge PRIMARY KEY (account, charge_id, seen_at)
);
CREATE INDEX ix_charge_account_created_at ON charge (account, created_at);
CREATE INDEX ix_charge_account_seen_at ON charge (account, seen_at);
CREATE INDEX ix_charge_paid_late ON charge (account, paid_at) WHERE superseded_at IS NULL AND paid_at - created_at > 259200000000;
CREATE INDEX ix_charge_pending ON charge (account, status, charge_id) WHERE superseded_at IS NULL AND status = 'pending';
CREATE UNIQUE INDEX uq_charge_current ON charge (charge_id, account) WHERE superseded_at IS NULL;

CREATE TABLE charge_name (
    name TEXT NOT NULL, charge_ids TEXT NOT NULL
);
CREATE INDEX ix_charge_name_name ON charge_name (name);

CREATE TABLE charge_name_rules (
    account TEXT NOT NULL, rules TEXT NOT NULL, stale_from BIGINT,
    CONSTRAINT pk_charge_name_rules PRIMARY KEY (account, rules)
);

CREATE TABLE dispute (
    account TEXT NOT NULL, dispute_id TEXT NOT NULL, charge_id TEXT NOT NULL, status TEXT NOT NULL,
    amount BIGINT NOT NULL, currency TEXT NOT NULL, funding_amount BIGINT NOT NULL,
    funding_currency TEXT NOT NULL, reason_code TEXT, answer TEXT, created_at BIGINT NOT NULL, closed_at BIGINT,
    livemode BOOLEAN NOT NULL, seen_at BIGINT NOT NULL, first_seen_at BIGINT NOT NULL, superseded_at BIGINT,
    digest $bytes NOT NULL, raw $bytes NOT NULL,
    CONSTRAINT pk_dispute PRIMARY KEY (account, dispute_id, seen_at)
);
CREATE INDEX ix_dispute_account_created_at ON dispute (account, created_at);
CREATE INDEX ix_dispute_account_seen_at ON dispute (account, seen_at);
CREATE UNIQUE INDEX uq_dispute_current ON dispute (dispute_id, account) WHERE superseded_at IS NULL;

CREATE TABLE event (
    account TEXT NOT NULL, event_id TEXT NOT NULL, "key" TEXT NOT NULL, object_id TEXT,
    created_at BIGINT NOT NULL, livemode BOOLEAN NOT NULL, seen_at BIGINT NOT NULL,
    first_seen_at BIGINT NOT NULL, superseded_at BIGINT, digest $bytes NOT NULL, raw $bytes NOT NULL,
    CONSTRAINT pk_event PRIMARY KEY (account, event_id, seen_at)
);
CREATE INDEX ix_event_account_created_at ON event (account, created_at);
CREATE UNIQUE INDEX uq_event_current ON event (event_id, account) WHERE superseded_at IS NULL;

CREATE TABLE job_run (
    name TEXT NOT NULL, hour TEXT NOT NULL, host TEXT NOT NULL, began_at BIGINT NOT NULL, ended_at BIGINT,
    exit_code INTEGER,
    CONSTRAINT pk_job_run PRIMARY KEY (name, hour)
);

CREATE TABLE journal_export (
    id $serial NOT NULL, at BIGINT NOT NULL, who TEXT NOT NULL, accounts TEXT NOT NULL,
    first_day DATE NOT NULL, last_day DATE NOT NULL, as_of BIGINT NOT NULL, format TEXT NOT NULL,
    span TEXT NOT NULL,
    CONSTRAINT pk_journal_export PRIMARY KEY (id$counted)
);

CREATE TABLE kept_aside (
    account TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, object_id TEXT, reason TEXT NOT NULL,
    created_from BIGINT NOT NULL, created_to BIGINT NOT NULL, amount BIGINT, currency TEXT, charge_id TEXT,
    transaction_id TEXT, origin TEXT, description TEXT, metadata TEXT, seen_at BIGINT NOT NULL,
    superseded_at BIGINT,
    CONSTRAINT pk_kept_aside PRIMARY KEY (account, kind, name, seen_at)
);

CREATE TABLE ledger_day (
    account TEXT NOT NULL, day BIGINT NOT NULL, credits $bytes NOT NULL, debits $bytes NOT NULL,
    names TEXT NOT NULL, growth $bytes NOT NULL,
    CONSTRAINT pk_ledger_day PRIMARY KEY (account, day)
);

CREATE TABLE login_try (
    "key" TEXT NOT NULL, tries BIGINT NOT NULL, since BIGINT NOT NULL,
    CONSTRAINT pk_login_try PRIMARY KEY ("key")
);

CREATE TABLE forgotten (
    account TEXT NOT NULL, kind TEXT NOT NULL, object_id TEXT NOT NULL, at BIGINT NOT NULL,
    CONSTRAINT pk_forgotten PRIMARY KEY (account, kind, object_id)
);

CREATE TABLE hash_key (
    id $serial NOT NULL, name TEXT NOT NULL, begun_at BIGINT NOT NULL,
    CONSTRAINT pk_hash_key PRIMARY KEY (id$counted)
);

CREATE TABLE retention (
    id $serial NOT NULL, before_at BIGINT NOT NULL, at BIGINT NOT NULL,
    CONSTRAINT pk_retention PRIMARY KEY (id$counted)
);

CREATE TABLE masking (
    id $serial NOT NULL, rules INTEGER, masked_at BIGINT NOT NULL, replaced TEXT NOT NULL, cleared_at BIGINT,
    CONSTRAINT pk_masking PRIMARY KEY (id$counted)
);

CREATE TABLE "match" (
    order_account TEXT NOT NULL, order_id TEXT NOT NULL, charge_account TEXT NOT NULL,
    charge_id TEXT NOT NULL, matched_by TEXT NOT NULL,
    CONSTRAINT pk_match PRIMARY KEY (order_account, order_id, charge_account, charge_id)
);
CREATE INDEX ix_match_charge_id_charge_account ON "match" (charge_id, charge_account);

CREATE TABLE names_looked_at (
    account TEXT NOT NULL, seen_until BIGINT NOT NULL,
    CONSTRAINT pk_names_looked_at PRIMARY KEY (account)
);

CREATE TABLE omise_turn (
    account TEXT NOT NULL, next_at BIGINT NOT NULL, quiet_until BIGINT NOT NULL,
    CONSTRAINT pk_omise_turn PRIMARY KEY (account)
);

CREATE TABLE opening_item (
    account TEXT NOT NULL, kind TEXT NOT NULL, item_id TEXT NOT NULL, amount BIGINT NOT NULL,
    currency TEXT NOT NULL, note TEXT NOT NULL, who TEXT NOT NULL, at BIGINT NOT NULL, file TEXT NOT NULL,
    "row" BIGINT NOT NULL,
    CONSTRAINT pk_opening_item PRIMARY KEY (account, kind, item_id)
);

CREATE TABLE "order" (
    account TEXT NOT NULL, order_id TEXT NOT NULL, source TEXT NOT NULL, status TEXT NOT NULL,
    amount BIGINT NOT NULL, currency TEXT NOT NULL, created_at BIGINT NOT NULL,
    refunded_amount BIGINT NOT NULL, payment_method TEXT, charge_id TEXT, reference TEXT, customer TEXT,
    file TEXT NOT NULL, file_hash TEXT NOT NULL, "row" BIGINT NOT NULL, seen_at BIGINT NOT NULL, first_seen_at BIGINT NOT NULL,
    superseded_at BIGINT, digest $bytes NOT NULL,
    CONSTRAINT pk_order PRIMARY KEY (account, order_id, seen_at)
);
CREATE INDEX ix_order_account_created_at ON "order" (account, created_at);
CREATE INDEX ix_order_account_seen_at ON "order" (account, seen_at);
CREATE INDEX ix_order_charge_id ON "order" (charge_id) WHERE charge_id IS NOT NULL;
CREATE INDEX ix_order_refund_requested ON "order" (account, status, order_id) WHERE superseded_at IS NULL AND status = 'refund_requested';
CREATE UNIQUE INDEX uq_order_current ON "order" (order_id, account) WHERE superseded_at IS NULL;

CREATE TABLE order_reference (
    reference TEXT NOT NULL, order_id TEXT NOT NULL
);
CREATE INDEX ix_order_reference_reference ON order_reference (reference);

CREATE TABLE pull_window (
    account TEXT NOT NULL, kind TEXT NOT NULL, start_at BIGINT NOT NULL, end_at BIGINT NOT NULL,
    total BIGINT NOT NULL, stored BIGINT NOT NULL, pulled_at BIGINT NOT NULL, complete BOOLEAN NOT NULL,
    CONSTRAINT pk_pull_window PRIMARY KEY (account, kind, start_at, end_at)
);

CREATE TABLE receipt (
    account TEXT NOT NULL, receipt_id TEXT NOT NULL, currency TEXT NOT NULL, vat BIGINT NOT NULL,
    wht BIGINT NOT NULL, total BIGINT NOT NULL, transaction_id TEXT, issued_on TEXT,
    receipt_number TEXT, created_at BIGINT NOT NULL, livemode BOOLEAN NOT NULL, seen_at BIGINT NOT NULL,
    first_seen_at BIGINT NOT NULL, superseded_at BIGINT, digest $bytes NOT NULL, raw $bytes NOT NULL,
    CONSTRAINT pk_receipt PRIMARY KEY (account, receipt_id, seen_at)
);
CREATE INDEX ix_receipt_account_created_at ON receipt (account, created_at);
CREATE UNIQUE INDEX uq_receipt_current ON receipt (receipt_id, account) WHERE superseded_at IS NULL;

CREATE TABLE refund (
    account TEXT NOT NULL, refund_id TEXT NOT NULL, charge_id TEXT NOT NULL, status TEXT NOT NULL,
    amount BIGINT NOT NULL, currency TEXT NOT NULL, funding_amount BIGINT NOT NULL,
    funding_currency TEXT NOT NULL, voided BOOLEAN NOT NULL, transaction_id TEXT, created_at BIGINT NOT NULL,
    livemode BOOLEAN NOT NULL, seen_at BIGINT NOT NULL, first_seen_at BIGINT NOT NULL, superseded_at BIGINT,
    digest $bytes NOT NULL, raw $bytes NOT NULL,
    CONSTRAINT pk_refund PRIMARY KEY (account, refund_id, seen_at)
);
CREATE INDEX ix_refund_account_created_at ON refund (account, created_at);
CREATE INDEX ix_refund_account_seen_at ON refund (account, seen_at);
CREATE INDEX ix_refund_pending ON refund (account, status, refund_id) WHERE superseded_at IS NULL AND status = 'pending';
CREATE UNIQUE INDEX uq_refund_current ON refund (refund_id, account) WHERE superseded_at IS NULL;

CREATE TABLE rejected_row (
    account TEXT, source TEXT NOT NULL, file TEXT NOT NULL, "row" BIGINT NOT NULL, "column" TEXT,
    reason TEXT NOT NULL, digest TEXT NOT NULL, order_id TEXT, charge_id TEXT,
    amount BIGINT, currency TEXT, created_at BIGINT, seen_at BIGINT NOT NULL, superseded_at BIGINT,
    CONSTRAINT pk_rejected_row PRIMARY KEY (source, digest, seen_at)
);

CREATE TABLE run (
    id $serial NOT NULL, started_at BIGINT NOT NULL, recorded_at BIGINT NOT NULL, as_of BIGINT NOT NULL,
    who TEXT NOT NULL, command TEXT NOT NULL, options TEXT NOT NULL, software TEXT NOT NULL,
    config_digest TEXT NOT NULL, status TEXT NOT NULL, timings TEXT NOT NULL, audit_head TEXT,
    CONSTRAINT pk_run PRIMARY KEY (id$counted)
);

CREATE TABLE token (
    name TEXT NOT NULL, hash TEXT NOT NULL, role TEXT NOT NULL, accounts TEXT, created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL, used_at BIGINT, revoked_at BIGINT, person TEXT,
    CONSTRAINT pk_token PRIMARY KEY (name),
    CONSTRAINT uq_token_hash UNIQUE (hash)
);

CREATE TABLE "transaction" (
    account TEXT NOT NULL, transaction_id TEXT NOT NULL, amount BIGINT NOT NULL, currency TEXT NOT NULL,
    direction TEXT NOT NULL, "key" TEXT NOT NULL, origin TEXT, created_at BIGINT NOT NULL,
    transferable_at BIGINT, livemode BOOLEAN NOT NULL, seen_at BIGINT NOT NULL, first_seen_at BIGINT NOT NULL,
    superseded_at BIGINT, digest $bytes NOT NULL, raw $bytes NOT NULL,
    CONSTRAINT pk_transaction PRIMARY KEY (account, transaction_id, seen_at)
);
CREATE INDEX ix_transaction_account_created_at ON "transaction" (account, created_at);
CREATE INDEX ix_transaction_account_seen_at ON "transaction" (account, seen_at);
CREATE INDEX ix_transaction_origin ON "transaction" (origin);
CREATE UNIQUE INDEX uq_transaction_current ON "transaction" (transaction_id, account) WHERE superseded_at IS NULL;

CREATE TABLE transfer (
    account TEXT NOT NULL, transfer_id TEXT NOT NULL, amount BIGINT NOT NULL, currency TEXT NOT NULL,
    fee BIGINT NOT NULL, fee_vat BIGINT NOT NULL, total_fee BIGINT NOT NULL, net BIGINT NOT NULL,
    sendable BOOLEAN NOT NULL, sent BOOLEAN NOT NULL, paid BOOLEAN NOT NULL, deleted BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL, sent_at BIGINT, paid_at BIGINT, failure_code TEXT, transaction_id TEXT,
    schedule TEXT, livemode BOOLEAN NOT NULL, seen_at BIGINT NOT NULL, first_seen_at BIGINT NOT NULL,
    superseded_at BIGINT, digest $bytes NOT NULL, raw $bytes NOT NULL,
    CONSTRAINT pk_transfer PRIMARY KEY (account, transfer_id, seen_at)
);
CREATE INDEX ix_transfer_account_created_at ON transfer (account, created_at);
CREATE UNIQUE INDEX uq_transfer_current ON transfer (transfer_id, account) WHERE superseded_at IS NULL;

CREATE TABLE unmatched_charge (
    account TEXT NOT NULL, charge_id TEXT NOT NULL,
    CONSTRAINT pk_unmatched_charge PRIMARY KEY (account, charge_id)
);

CREATE TABLE unread_bank (
    account TEXT NOT NULL, source TEXT NOT NULL, file TEXT NOT NULL, digest TEXT NOT NULL,
    from_day TEXT, to_day TEXT, amount BIGINT, currency TEXT, transfer_ids TEXT, seen_at BIGINT NOT NULL,
    superseded_at BIGINT,
    CONSTRAINT pk_unread_bank PRIMARY KEY (source, digest, seen_at)
);

CREATE TABLE unstored_name (
    account TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, named_by TEXT NOT NULL, key TEXT NOT NULL,
    CONSTRAINT pk_unstored_name PRIMARY KEY (account, kind, name, named_by, key)
);

CREATE TABLE "user" (
    name TEXT NOT NULL, role TEXT NOT NULL, accounts TEXT, password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL, created_by TEXT NOT NULL, disabled_at BIGINT, password_is_temporary BOOLEAN,
    issuer TEXT, subject TEXT,
    CONSTRAINT pk_user PRIMARY KEY (name)
);
CREATE UNIQUE INDEX ix_user_issuer_subject ON "user" (issuer, subject);

CREATE TABLE journal_entry (
    number TEXT NOT NULL, export_id BIGINT NOT NULL, base TEXT NOT NULL, account TEXT NOT NULL,
    day DATE NOT NULL, kind TEXT NOT NULL, currency TEXT NOT NULL, span TEXT NOT NULL, digest TEXT NOT NULL,
    reverses TEXT, lines TEXT NOT NULL,
    CONSTRAINT pk_journal_entry PRIMARY KEY (number),
    CONSTRAINT fk_journal_entry_export_id FOREIGN KEY (export_id) REFERENCES journal_export (id)
);
CREATE INDEX ix_journal_entry_account_day ON journal_entry (account, day);

CREATE TABLE journal_file (
    export_id BIGINT NOT NULL, place INTEGER NOT NULL, content $bytes NOT NULL,
    CONSTRAINT pk_journal_file PRIMARY KEY (export_id, place),
    CONSTRAINT fk_journal_file_export_id FOREIGN KEY (export_id) REFERENCES journal_export (id)
);

CREATE TABLE alert (
    id $serial NOT NULL, at BIGINT NOT NULL, run_id BIGINT, reason TEXT NOT NULL, last_seq BIGINT NOT NULL,
    CONSTRAINT pk_alert PRIMARY KEY (id$counted),
    CONSTRAINT fk_alert_run_id FOREIGN KEY (run_id) REFERENCES run (id)
);

CREATE TABLE attempt (
    id $serial NOT NULL, account TEXT NOT NULL, first_day DATE NOT NULL, last_day DATE NOT NULL,
    as_of BIGINT NOT NULL, pulled BOOLEAN NOT NULL, who TEXT NOT NULL, host TEXT NOT NULL,
    pid BIGINT NOT NULL, process TEXT NOT NULL, began_at BIGINT NOT NULL, beat_at BIGINT NOT NULL,
    ended_at BIGINT, ending TEXT, words TEXT, run_id BIGINT, waits_on TEXT, yields BOOLEAN,
    CONSTRAINT pk_attempt PRIMARY KEY (id$counted),
    CONSTRAINT fk_attempt_run_id FOREIGN KEY (run_id) REFERENCES run (id)
);
CREATE INDEX ix_attempt_account_last_day ON attempt (account, last_day);
CREATE UNIQUE INDEX uq_attempt_running ON attempt (account) WHERE ended_at IS NULL;

CREATE TABLE batch_step (
    batch_id BIGINT NOT NULL, "key" TEXT NOT NULL, place INTEGER NOT NULL, kind TEXT NOT NULL, account TEXT,
    first_day DATE NOT NULL, last_day DATE NOT NULL, tries INTEGER NOT NULL, begun_at BIGINT, host TEXT,
    done_at BIGINT, complete BOOLEAN, run_id BIGINT, outcome TEXT, packed_result $bytes,
    CONSTRAINT pk_batch_step PRIMARY KEY (batch_id, "key"),
    CONSTRAINT fk_batch_step_run_id FOREIGN KEY (run_id) REFERENCES run (id),
    CONSTRAINT fk_batch_step_batch_id FOREIGN KEY (batch_id) REFERENCES batch (id)
);

CREATE TABLE break_event (
    seq $serial NOT NULL, break_id TEXT NOT NULL, run_id BIGINT, at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL,
    CONSTRAINT pk_break_event PRIMARY KEY (seq$counted),
    CONSTRAINT fk_break_event_run_id FOREIGN KEY (run_id) REFERENCES run (id),
    CONSTRAINT fk_break_event_break_id FOREIGN KEY (break_id) REFERENCES break (id)
);
CREATE INDEX ix_break_event_break_id ON break_event (break_id);

CREATE TABLE ruling (
    id $serial NOT NULL, break_id TEXT, kind TEXT NOT NULL, who TEXT NOT NULL, at BIGINT NOT NULL,
    reason TEXT NOT NULL, until DATE, owner TEXT, account TEXT, code TEXT, pattern TEXT, order_account TEXT,
    order_id TEXT, charge_account TEXT, charge_id TEXT, amount BIGINT, currency TEXT, facts TEXT,
    "before" TEXT NOT NULL, standing TEXT NOT NULL, approved_by TEXT, approved_at BIGINT, ended_at BIGINT,
    ended_by TEXT, ended_why TEXT, "key" TEXT,
    CONSTRAINT pk_ruling PRIMARY KEY (id$counted),
    CONSTRAINT uq_ruling_key UNIQUE ("key"),
    CONSTRAINT fk_ruling_break_id FOREIGN KEY (break_id) REFERENCES break (id)
);
CREATE INDEX ix_ruling_break_id ON ruling (break_id);
CREATE INDEX ix_ruling_kind_standing ON ruling (kind, standing);

CREATE TABLE run_account (
    run_id BIGINT NOT NULL, account TEXT NOT NULL, first_day DATE NOT NULL, last_day DATE NOT NULL,
    counts TEXT NOT NULL, result_digest TEXT NOT NULL, judged TEXT,
    CONSTRAINT pk_run_account PRIMARY KEY (run_id, account),
    CONSTRAINT fk_run_account_run_id FOREIGN KEY (run_id) REFERENCES run (id)
);
CREATE INDEX ix_run_account_account_run_id ON run_account (account, run_id);

CREATE TABLE run_break (
    run_id BIGINT NOT NULL, account TEXT NOT NULL, break_id TEXT NOT NULL, severity INTEGER NOT NULL,
    status TEXT NOT NULL, expected BIGINT, actual BIGINT, amount_at_risk BIGINT,
    CONSTRAINT pk_run_break PRIMARY KEY (run_id, account, break_id),
    CONSTRAINT fk_run_break_break_id FOREIGN KEY (break_id) REFERENCES break (id),
    CONSTRAINT fk_run_break_run_id FOREIGN KEY (run_id) REFERENCES run (id)
);

CREATE TABLE session (
    hash TEXT NOT NULL, user_name TEXT NOT NULL, csrf TEXT NOT NULL, created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL, ended_at BIGINT, issuer TEXT, id_token TEXT,
    CONSTRAINT pk_session PRIMARY KEY (hash),
    CONSTRAINT fk_session_user_name FOREIGN KEY (user_name) REFERENCES "user" (name)
);
CREATE INDEX ix_session_user_name ON session (user_name);

CREATE TABLE webhook (
    account TEXT NOT NULL, event_id TEXT NOT NULL, charge_id TEXT, received_at BIGINT NOT NULL, read_at BIGINT,
    is_forged BOOLEAN NOT NULL, again_at BIGINT,
    CONSTRAINT pk_webhook PRIMARY KEY (account, event_id)
);
CREATE INDEX ix_webhook_again ON webhook (account, again_at) WHERE again_at IS NOT NULL;
CREATE INDEX ix_webhook_waits ON webhook (account, received_at) WHERE read_at IS NULL;

CREATE TABLE workbook (
    sha256 TEXT NOT NULL, name TEXT NOT NULL, account TEXT NOT NULL, first_day DATE NOT NULL,
    last_day DATE NOT NULL, run_id BIGINT, as_of BIGINT NOT NULL, result_digest TEXT NOT NULL,
    audit_head TEXT, written_at BIGINT NOT NULL, size BIGINT NOT NULL,
    CONSTRAINT pk_workbook PRIMARY KEY (sha256),
    CONSTRAINT fk_workbook_run_id FOREIGN KEY (run_id) REFERENCES run (id)
);
CREATE INDEX ix_workbook_account_first_day_last_day ON workbook (account, first_day, last_day);

CREATE TABLE alert_claim (
    "key" TEXT NOT NULL, alert_id BIGINT NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL, break_id TEXT,
    severity INTEGER, amount_at_risk BIGINT, first_day DATE, last_day DATE, cleared_at BIGINT,
    CONSTRAINT pk_alert_claim PRIMARY KEY ("key"),
    CONSTRAINT fk_alert_claim_alert_id FOREIGN KEY (alert_id) REFERENCES alert (id),
    CONSTRAINT fk_alert_claim_break_id FOREIGN KEY (break_id) REFERENCES break (id)
);
CREATE INDEX ix_alert_claim_account_cleared_at ON alert_claim (account, cleared_at);
CREATE INDEX ix_alert_claim_alert_id ON alert_claim (alert_id);
CREATE INDEX ix_alert_claim_break_id ON alert_claim (break_id);

CREATE TABLE alert_delivery (
    alert_id BIGINT NOT NULL, channel TEXT NOT NULL, status TEXT NOT NULL, title TEXT NOT NULL,
    text TEXT NOT NULL, html TEXT NOT NULL, tries INTEGER NOT NULL, next_try_at BIGINT NOT NULL,
    sent_at BIGINT, last_error TEXT,
    CONSTRAINT pk_alert_delivery PRIMARY KEY (alert_id, channel),
    CONSTRAINT fk_alert_delivery_alert_id FOREIGN KEY (alert_id) REFERENCES alert (id)
);
CREATE INDEX ix_alert_delivery_status_next_try_at ON alert_delivery (status, next_try_at);

CREATE TABLE sign_off (
    id $serial NOT NULL, account TEXT NOT NULL, first_day DATE NOT NULL, last_day DATE NOT NULL,
    result_digest TEXT NOT NULL, sha256 TEXT NOT NULL, role TEXT NOT NULL, who TEXT NOT NULL,
    at BIGINT NOT NULL, ended_at BIGINT, ended_by TEXT, ended_why TEXT, reason TEXT,
    CONSTRAINT pk_sign_off PRIMARY KEY (id$counted),
    CONSTRAINT fk_sign_off_sha256 FOREIGN KEY (sha256) REFERENCES workbook (sha256)
);
CREATE INDEX ix_sign_off_account_first_day_last_day ON sign_off (account, first_day, last_day);

CREATE TABLE workbook_chunk (
    sha256 TEXT NOT NULL, place INTEGER NOT NULL, content $bytes NOT NULL,
    CONSTRAINT pk_workbook_chunk PRIMARY KEY (sha256, place),
    CONSTRAINT fk_workbook_chunk_sha256 FOREIGN KEY (sha256) REFERENCES workbook (sha256)
);
