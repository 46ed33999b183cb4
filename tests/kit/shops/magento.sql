CREATE TABLE sales_order (
  entity_id int(10) unsigned NOT NULL AUTO_INCREMENT, state varchar(32), status varchar(32), store_id smallint(5) unsigned,
  base_currency_code varchar(3), order_currency_code varchar(3), base_grand_total decimal(20,4),
  grand_total decimal(20,4), total_refunded decimal(20,4), increment_id varchar(50), customer_email varchar(128),
  created_at timestamp NOT NULL DEFAULT current_timestamp(), updated_at timestamp NOT NULL DEFAULT current_timestamp(),
  PRIMARY KEY (entity_id)
);
CREATE TABLE sales_order_payment (
  entity_id int(10) unsigned NOT NULL AUTO_INCREMENT, parent_id int(10) unsigned NOT NULL, method varchar(128),
  last_trans_id varchar(255), additional_information text, amount_refunded decimal(20,4), PRIMARY KEY (entity_id)
);
CREATE TABLE sales_payment_transaction (
  transaction_id int(10) unsigned NOT NULL AUTO_INCREMENT, order_id int(10) unsigned, txn_id varchar(100),
  txn_type varchar(15), PRIMARY KEY (transaction_id)
);
SET SESSION time_zone = '+00:00';
INSERT INTO sales_order (entity_id, increment_id, state, status, store_id, base_currency_code, order_currency_code, base_grand_total, grand_total, total_refunded, created_at, updated_at) VALUES
  (1, '000000016', 'processing', 'processing', 1, 'THB', 'THB', 310.0000, 310.0000, NULL, '2026-11-10 03:00:00', '2026-11-10 03:01:00'),
  (2, '000000017', 'complete', 'complete', 1, 'USD', 'THB', 10.0000, 350.5000, 50.2500, '2026-11-10 03:00:00', '2026-11-10 03:01:00'),
  (3, '000000018', 'new', 'pending', 1, 'THB', 'THB', 10.0000, 10.0000, NULL, '2026-11-10 03:00:00', '2026-11-10 03:01:00'),
  (4, '000000019', 'pending_payment', 'pending_payment', 1, 'THB', 'THB', 10.0000, 10.0000, NULL, '2026-11-10 03:00:00', '2026-11-10 03:01:00'),
  (5, '000000020', 'payment_review', 'fraud', 1, 'THB', 'THB', 10.0000, 10.0000, NULL, '2026-11-10 03:00:00', '2026-11-10 03:01:00'),
  (6, '000000021', 'holded', 'holded', 1, 'THB', 'THB', 10.0000, 10.0000, NULL, '2026-11-10 03:00:00', '2026-11-10 03:01:00'),
  (7, '000000022', 'canceled', 'canceled', 1, 'THB', 'THB', 10.0000, 10.0000, NULL, '2026-11-10 03:00:00', '2026-11-10 03:01:00'),
  (8, '000000023', 'closed', 'closed', 1, 'JPY', 'JPY', 1500.0000, 1500.0000, 1500.0000, '2026-11-10 03:00:00', '2026-11-10 03:01:00'),
  (9, '000000024', 'processing', 'fraud', 1, 'THB', 'THB', 10.0000, 10.0000, NULL, '2026-11-10 03:00:00', '2026-11-10 03:01:00'),
  (10, '000000025', 'complete', 'complete', 1, 'THB', 'THB', 10.0000, 10.0000, NULL, '2026-11-10 03:00:00', '2026-11-10 03:01:00'),
  (11, '000000001', 'complete', 'complete', 1, 'THB', 'THB', 10.0000, 10.0000, 4.0000, '2026-03-10 03:00:00', '2026-11-20 03:01:00'),
  (12, '000000002', 'complete', 'complete', 1, 'THB', 'THB', 10.0000, 10.0000, NULL, '2026-03-10 03:00:00', '2026-03-10 03:01:00');
INSERT INTO sales_order_payment (parent_id, method, last_trans_id, additional_information) VALUES
  (1, 'omise_cc', 'trxn_test_1', '{"charge_id":"chrg_test_1","payment_type":"card","charge_authorize_uri":"x"}'),
  (2, 'omise_offsite_promptpay', NULL, '{"charge_id":"chrg_test_2"}'), (3, 'omise_cc', NULL, NULL), (4, 'omise_cc', NULL, '{}'),
  (5, 'omise_cc', NULL, '{"charge_id":"chrg_test_5"}'), (6, 'omise_cc', NULL, '{"charge_id":"chrg_test_6"}'),
  (7, 'omise_cc', 'trxn_test_7', 'a:1:{s:9:"charge_id";s:11:"chrg_test_7";}'), (8, 'omise_cc', NULL, '{"charge_id":"chrg_test_8"}'),
  (9, 'omise_cc', NULL, '{"method_title":"x"}'), (10, 'checkmo', NULL, NULL), (11, 'omise_cc', NULL, '{"charge_id":"chrg_test_11"}'),
  (12, 'omise_cc', NULL, '{"charge_id":"chrg_test_12"}');
INSERT INTO sales_payment_transaction (order_id, txn_id, txn_type) VALUES
  (7, 'chrg_test_7', 'capture'), (9, 'chrg_test_9', 'capture'), (9, 'chrg_test_9b', 'capture'), (1, 'trxn_test_1', 'capture');
