CREATE TABLE wp_wc_orders (
  id bigint(20) unsigned NOT NULL, status varchar(20), currency varchar(10), type varchar(20), tax_amount decimal(26,8),
  total_amount decimal(26,8), customer_id bigint(20) unsigned, billing_email varchar(320), date_created_gmt datetime,
  date_updated_gmt datetime, parent_order_id bigint(20) unsigned, payment_method varchar(100),
  payment_method_title text, transaction_id varchar(100), ip_address varchar(100), user_agent text, customer_note text,
  PRIMARY KEY (id)
);
CREATE TABLE wp_wc_orders_meta (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, order_id bigint(20) unsigned, meta_key varchar(255), meta_value text,
  PRIMARY KEY (id)
);
INSERT INTO wp_wc_orders (id, type, status, currency, total_amount, date_created_gmt, date_updated_gmt, parent_order_id, payment_method, transaction_id) VALUES
  (1, 'shop_order', 'wc-processing', 'THB', 1500.00000000, '2026-11-10 03:00:00', '2026-11-10 03:05:00', 0, 'omise', 'chrg_test_1'),
  (2, 'shop_order', 'wc-completed', 'THB', 250.50000000, '2026-11-10 04:00:00', '2026-11-11 03:05:00', 0, 'omise_promptpay', 'chrg_test_2'),
  (3, 'shop_order', 'wc-on-hold', 'THB', 99.00000000, '2026-11-10 05:00:00', '2026-11-10 05:00:00', 0, 'omise_konbini', NULL),
  (4, 'shop_order', 'wc-pending', 'THB', 99.00000000, '2026-11-10 05:00:00', '2026-11-10 05:00:00', 0, 'omise', ''),
  (5, 'shop_order', 'wc-failed', 'THB', 99.00000000, '2026-11-10 05:00:00', '2026-11-10 05:00:00', 0, 'omise', 'chrg_test_5'),
  (6, 'shop_order', 'wc-cancelled', 'THB', 99.00000000, '2026-11-10 05:00:00', '2026-11-10 05:00:00', 0, 'omise', NULL),
  (7, 'shop_order', 'wc-refunded', 'THB', 80.00000000, '2026-11-10 06:00:00', '2026-11-12 05:00:00', 0, 'omise', 'chrg_test_7'),
  (8, 'shop_order_refund', 'wc-completed', 'THB', -80.00000000, '2026-11-12 05:00:00', '2026-11-12 05:00:00', 7, NULL, NULL),
  (9, 'shop_order', 'wc-processing', 'JPY', 1500.00000000, '2026-11-10 07:00:00', '2026-11-10 07:00:00', 0, 'omise', 'chrg_test_9'),
  (10, 'shop_order_refund', 'wc-completed', 'JPY', -200.00000000, '2026-11-11 07:00:00', '2026-11-11 07:00:00', 9, NULL, NULL),
  (11, 'shop_order_refund', 'wc-completed', 'JPY', -300.00000000, '2026-11-12 07:00:00', '2026-11-12 07:00:00', 9, NULL, NULL),
  (12, 'shop_order', 'wc-processing', 'THB', 70.00000000, '2026-11-10 08:00:00', '2026-11-10 08:00:00', 0, 'omise', 'chrg_test_12'),
  (13, 'shop_order', 'wc-processing', 'THB', 70.00000000, '2026-11-10 08:00:00', '2026-11-10 08:00:00', 0, 'omise', NULL),
  (14, 'shop_order', 'wc-completed', 'THB', 70.00000000, '2026-11-10 08:00:00', '2026-11-10 08:00:00', 0, 'cod', NULL),
  (15, 'shop_order', 'trash', 'THB', 70.00000000, '2026-11-10 08:00:00', '2026-11-10 08:00:00', 0, 'omise', NULL),
  (16, 'shop_order', 'wc-shipped', 'THB', 70.00000000, '2026-11-10 08:00:00', '2026-11-10 08:00:00', 0, 'omise', 'chrg_test_16'),
  (20, 'shop_order', 'wc-processing', 'THB', 40.00000000, '2026-03-01 00:00:00', '2026-03-01 00:00:00', 0, 'omise', 'chrg_test_20'),
  (21, 'shop_order_refund', 'wc-completed', 'THB', -15.25000000, '2026-11-20 00:00:00', '2026-11-20 00:00:00', 20, NULL, NULL),
  (22, 'shop_order', 'wc-completed', 'THB', 40.00000000, '2026-03-01 00:00:00', '2026-11-20 00:00:00', 0, 'omise', 'chrg_test_22'),
  (23, 'shop_order', 'wc-completed', 'THB', 40.00000000, '2026-03-01 00:00:00', '2026-03-02 00:00:00', 0, 'omise', 'chrg_test_23');
INSERT INTO wp_wc_orders_meta (order_id, meta_key, meta_value) VALUES
  (12, 'is_awaiting_capture', 'yes'), (1, 'is_awaiting_capture', 'no'), (13, 'omise_charge_id', 'chrg_test_13'),
  (13, 'is_omise_payment_resolved', 'yes');
CREATE TABLE wp_posts (
  ID bigint(20) unsigned NOT NULL, post_date datetime, post_date_gmt datetime, post_status varchar(20),
  post_modified_gmt datetime, post_parent bigint(20) unsigned, post_type varchar(20), PRIMARY KEY (ID)
);
CREATE TABLE wp_postmeta (
  meta_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, post_id bigint(20) unsigned, meta_key varchar(255),
  meta_value longtext, PRIMARY KEY (meta_id)
);
INSERT INTO wp_posts SELECT id, date_created_gmt, date_created_gmt, status, date_updated_gmt, parent_order_id, type FROM wp_wc_orders;
INSERT INTO wp_posts VALUES (99, '2026-11-10', '2026-11-10', 'publish', '2026-11-10', 0, 'page');
INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT id, '_order_total', TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM total_amount)) FROM wp_wc_orders WHERE type = 'shop_order';
INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT id, '_refund_amount', TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM -total_amount)) FROM wp_wc_orders WHERE type = 'shop_order_refund';
INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT id, '_order_currency', currency FROM wp_wc_orders;
INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT id, '_payment_method', payment_method FROM wp_wc_orders WHERE payment_method IS NOT NULL;
INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT id, '_transaction_id', transaction_id FROM wp_wc_orders WHERE transaction_id IS NOT NULL;
INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT order_id, meta_key, meta_value FROM wp_wc_orders_meta;
