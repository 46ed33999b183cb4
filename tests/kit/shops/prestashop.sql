CREATE TABLE ps_orders (
  id_order int(10) unsigned NOT NULL, reference varchar(9), current_state int(10) unsigned, total_paid decimal(20,6),
  id_currency int(10) unsigned, module varchar(255), date_add datetime, date_upd datetime
);
CREATE TABLE ps_currency (id_currency int(10) unsigned, iso_code varchar(3));
CREATE TABLE ps_order_state (id_order_state int(10) unsigned, paid tinyint(1) unsigned);
CREATE TABLE ps_configuration (id_configuration int(10) unsigned NOT NULL AUTO_INCREMENT, name varchar(254), value text, PRIMARY KEY (id_configuration));
CREATE TABLE ps_omise_transaction (id int(10) unsigned NOT NULL AUTO_INCREMENT, id_order int(10), id_charge varchar(255), PRIMARY KEY (id));
INSERT INTO ps_currency VALUES (1, 'THB');
INSERT INTO ps_order_state VALUES (2, 1), (3, 1), (6, 0), (7, 0), (8, 0), (12, 0), (4, 1);
INSERT INTO ps_configuration (name, value) VALUES
  ('PS_OS_PAYMENT', '2'), ('PS_OS_PREPARATION', '3'), ('PS_OS_CANCELED', '6'), ('PS_OS_REFUND', '7'), ('PS_OS_ERROR', '8');
INSERT INTO ps_orders VALUES
  (1, 'XKBKNABJK', 2, 120.500000, 1, 'omise', '2026-11-10 10:00:00', '2026-11-10 10:00:00'),
  (2, 'OHSATSERP', 12, 10.000000, 1, 'omise', '2026-11-10 10:00:00', '2026-11-10 10:00:00'),
  (3, 'UOYEVOLI', 6, 10.000000, 1, 'omise', '2026-11-10 10:00:00', '2026-11-10 10:00:00'),
  (4, 'FFATNOMMJ', 4, 10.000000, 1, 'omise', '2026-11-10 10:00:00', '2026-11-10 10:00:00'),
  (5, 'KHWLILZLL', 7, 10.000000, 1, 'omise', '2026-11-10 10:00:00', '2026-11-10 10:00:00'),
  (6, 'KHWLILZLM', 2, 10.000000, 1, 'ps_wirepayment', '2026-11-10 10:00:00', '2026-11-10 10:00:00');
INSERT INTO ps_omise_transaction (id_order, id_charge) VALUES (1, 'chrg_test_1');
