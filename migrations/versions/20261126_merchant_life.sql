-- Who was rejected, or has ended, may apply again next year: one credit code, one merchant that is alive.
ALTER TABLE merchants DROP CONSTRAINT uq_merchants_credit_code


CREATE UNIQUE INDEX uq_merchants_credit_code ON merchants (programme_id, credit_code)
    WHERE status NOT IN ('rejected', 'ended')


ALTER TABLE stores
    ADD COLUMN revision integer NOT NULL DEFAULT 1,
    ADD COLUMN closed_at timestamptz


-- Staff of the time before roles could read, as a cashier can.
UPDATE users SET role = 'cashier' WHERE kind = 'merchant_staff' AND role IS NULL


ALTER TABLE users
    ADD CONSTRAINT ck_users_role_of_staff CHECK ((kind = 'merchant_staff') = (role IS NOT NULL))


CREATE INDEX ix_users_merchant ON users (programme_id, merchant_id, id) WHERE merchant_id IS NOT NULL


-- When a terminal was last seen is written again and again: leave room on the page, so that no index is touched.
ALTER TABLE terminals SET (fillfactor = 70)
