-- From the last revision before the first release (0014) to the first release's tables.
CREATE TABLE access (
    id $serial NOT NULL, at BIGINT NOT NULL, who TEXT, address TEXT, what TEXT NOT NULL, subject TEXT,
    result TEXT NOT NULL, detail TEXT NOT NULL,
    CONSTRAINT pk_access PRIMARY KEY (id$counted)
);
CREATE INDEX ix_access_what_at ON access (what, at);
CREATE TABLE charge_name (
    name TEXT NOT NULL, charge_ids TEXT NOT NULL
);
CREATE INDEX ix_charge_name_name ON charge_name (name);
CREATE TABLE charge_name_rules (
    account TEXT NOT NULL, rules TEXT NOT NULL, stale_from BIGINT,
    CONSTRAINT pk_charge_name_rules PRIMARY KEY (account, rules)
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
CREATE TABLE journal_export (
    id $serial NOT NULL, at BIGINT NOT NULL, who TEXT NOT NULL, accounts TEXT NOT NULL,
    first_day DATE NOT NULL, last_day DATE NOT NULL, as_of BIGINT NOT NULL, format TEXT NOT NULL,
    span TEXT NOT NULL,
    CONSTRAINT pk_journal_export PRIMARY KEY (id$counted)
);
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
CREATE TABLE masking (
    id $serial NOT NULL, rules INTEGER, masked_at BIGINT NOT NULL, replaced TEXT NOT NULL, cleared_at BIGINT,
    CONSTRAINT pk_masking PRIMARY KEY (id$counted)
);
CREATE TABLE names_looked_at (
    account TEXT NOT NULL, seen_until BIGINT NOT NULL,
    CONSTRAINT pk_names_looked_at PRIMARY KEY (account)
);
CREATE TABLE unmatched_charge (
    account TEXT NOT NULL, charge_id TEXT NOT NULL,
    CONSTRAINT pk_unmatched_charge PRIMARY KEY (account, charge_id)
);
CREATE TABLE unstored_name (
    account TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, named_by TEXT NOT NULL, key TEXT NOT NULL,
    CONSTRAINT pk_unstored_name PRIMARY KEY (account, kind, name, named_by, key)
);
CREATE TABLE unread_bank (
    account TEXT NOT NULL, source TEXT NOT NULL, file TEXT NOT NULL, digest TEXT NOT NULL,
    from_day TEXT, to_day TEXT, amount BIGINT, currency TEXT, transfer_ids TEXT, seen_at BIGINT NOT NULL,
    superseded_at BIGINT,
    CONSTRAINT pk_unread_bank PRIMARY KEY (source, digest, seen_at)
);
CREATE TABLE webhook (
    account TEXT NOT NULL, event_id TEXT NOT NULL, charge_id TEXT, received_at BIGINT NOT NULL, read_at BIGINT,
    is_forged BOOLEAN NOT NULL, again_at BIGINT,
    CONSTRAINT pk_webhook PRIMARY KEY (account, event_id)
);
CREATE INDEX ix_webhook_again ON webhook (account, again_at) WHERE again_at IS NOT NULL;
CREATE INDEX ix_webhook_waits ON webhook (account, received_at) WHERE read_at IS NULL;
INSERT INTO unmatched_charge (account, charge_id) SELECT account, charge_id FROM loose_charge WHERE name = '';
ALTER TABLE "order" ADD COLUMN reference TEXT;
CREATE TABLE order_reference (
    reference TEXT NOT NULL, order_id TEXT NOT NULL
);
CREATE INDEX ix_order_reference_reference ON order_reference (reference);
ALTER TABLE "user" ADD COLUMN password_is_temporary BOOLEAN;
ALTER TABLE "user" ADD COLUMN issuer TEXT;
ALTER TABLE "user" ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX ix_user_issuer_subject ON "user" (issuer, subject);
ALTER TABLE session ADD COLUMN issuer TEXT;
ALTER TABLE session ADD COLUMN id_token TEXT;
ALTER TABLE token ADD COLUMN person TEXT;
ALTER TABLE attempt ADD COLUMN waits_on TEXT;
ALTER TABLE attempt ADD COLUMN yields BOOLEAN;
ALTER TABLE dispute ADD COLUMN answer TEXT;
ALTER TABLE break ADD COLUMN occurred_on DATE;
ALTER TABLE sign_off ADD COLUMN reason TEXT;
ALTER TABLE rejected_row ADD COLUMN order_id TEXT;
ALTER TABLE rejected_row ADD COLUMN charge_id TEXT;
ALTER TABLE rejected_row ADD COLUMN amount BIGINT;
ALTER TABLE rejected_row ADD COLUMN currency TEXT;
ALTER TABLE rejected_row ADD COLUMN created_at BIGINT;
DROP TABLE loose_charge;
DROP TABLE named_window;
ALTER TABLE batch_step RENAME COLUMN parcel TO packed_result;
INSERT INTO workbook_chunk (sha256, place, content)
    SELECT sha256, 0, content FROM workbook
    WHERE content IS NOT NULL AND sha256 NOT IN (SELECT sha256 FROM workbook_chunk);
ALTER TABLE workbook DROP COLUMN content;
UPDATE alembic_version SET version_num = '0015';
ALTER TABLE receipt ADD COLUMN receipt_number TEXT;
CREATE INDEX ix_break_order_id ON break (order_id);
CREATE INDEX ix_break_charge_id ON break (charge_id);
ALTER TABLE break ADD COLUMN search TEXT DEFAULT '' NOT NULL;
ALTER TABLE break ADD COLUMN comparable_amount BIGINT DEFAULT '-1' NOT NULL;
-- Amounts are searched from a break's next change on.
UPDATE break SET search = lower(
    id || ' ' || subject_id || ' ' || coalesce(order_id, '') || ' ' || coalesce(charge_id, '') || ' ' ||
    coalesce(refund_id, '') || ' ' || coalesce(transfer_id, '') || ' ' || coalesce(transaction_id, '') || ' ' ||
    coalesce(dispute_id, '')
), comparable_amount = coalesce(
    CASE WHEN currency IN ('JPY', 'KRW', 'VND') THEN 100 ELSE 1 END * amount_at_risk, -1
);
DROP INDEX ix_break_status_account;
CREATE INDEX ix_break_list ON break (status, account, severity, comparable_amount, code, occurred_on, first_seen, due_by, currency, amount_at_risk, expected, actual, owner, id, search);
CREATE INDEX ix_break_open ON break (severity DESC, comparable_amount DESC, id, account) WHERE status IN ('open', 'acknowledged', 'pending_approval');
CREATE INDEX ix_break_open_due ON break (due_by, severity DESC, comparable_amount DESC, id, account) WHERE status IN ('open', 'acknowledged', 'pending_approval');
