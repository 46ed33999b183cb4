CREATE TABLE oc_order (
  order_id int(11) NOT NULL, order_status_id int(11), total decimal(15,4), currency_code varchar(3),
  currency_value decimal(15,8), payment_code varchar(128), email varchar(96), date_added datetime, date_modified datetime
);
CREATE TABLE oc_omise_charge (id int(11) NOT NULL AUTO_INCREMENT, order_id int(11), omise_charge_id varchar(45), date_added datetime, PRIMARY KEY (id));
INSERT INTO oc_order VALUES
  (18, 15, 100.0000, 'THB', 1.00000000, 'omise', 'x', '2026-11-10 10:00:00', '2026-11-10 10:00:00'),
  (19, 2, 10.0000, 'THB', 35.12345678, 'omise_offsite', 'x', '2026-11-10 10:00:00', '2026-11-10 10:00:00'),
  (20, 10, 100.0000, 'THB', 1.00000000, 'omise', 'x', '2026-11-10 10:00:00', '2026-11-10 10:00:00'),
  (21, 0, 100.0000, 'THB', 1.00000000, 'omise', 'x', '2026-11-10 10:00:00', '2026-11-10 10:00:00'),
  (22, 15, 10.0000, 'JPY', 150.12000000, 'omise', 'x', '2026-11-10 10:00:00', '2026-11-10 10:00:00'),
  (23, 15, 100.0000, 'THB', 1.00000000, 'cod', 'x', '2026-11-10 10:00:00', '2026-11-10 10:00:00'),
  (2, 11, 100.0000, 'THB', 1.00000000, 'omise', 'x', '2026-03-10 10:00:00', '2026-11-20 10:00:00');
INSERT INTO oc_omise_charge (order_id, omise_charge_id, date_added) VALUES
  (18, 'chrg_test_18', '2026-11-10 10:00:00'), (20, 'chrg_test_20a', '2026-11-10 10:00:00'), (20, 'chrg_test_20b', '2026-11-10 10:00:00');
