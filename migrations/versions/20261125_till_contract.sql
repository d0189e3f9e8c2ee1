-- What a programme asks of tills and volunteers. NULL: no such limit. A sandbox programme is for trying tills out.
ALTER TABLE programmes
    ADD COLUMN sandbox boolean NOT NULL DEFAULT false,
    ADD COLUMN confirm_points bigint,
    ADD COLUMN confirm_count integer,
    ADD COLUMN same_amount_s integer NOT NULL DEFAULT 60,
    ADD COLUMN redemptions_a_day integer,
    ADD CONSTRAINT ck_programmes_confirming CHECK (
        confirm_points >= 0 AND confirm_count >= 0 AND same_amount_s BETWEEN 0 AND 3600 AND redemptions_a_day > 0)


-- For the age gates of offers.
ALTER TABLE volunteers ADD COLUMN born_on date


-- A merchant applies, is approved under an agreement with dates, may be suspended, and ends.
ALTER TABLE merchants DROP CONSTRAINT ck_merchants_status


ALTER TABLE merchants
    ADD COLUMN status_reason text NOT NULL DEFAULT '',
    ADD COLUMN applied_by uuid,
    ADD COLUMN decided_by uuid,
    ADD CONSTRAINT ck_merchants_status CHECK (status IN ('applied', 'rejected', 'active', 'suspended', 'ended'))


CREATE TABLE agreements (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    number text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    monthly_points bigint,
    signed_by uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_agreements PRIMARY KEY (programme_id, id),
    CONSTRAINT uq_agreements_number UNIQUE (programme_id, merchant_id, number),
    CONSTRAINT fk_agreements_merchant FOREIGN KEY (programme_id, merchant_id) REFERENCES merchants (programme_id, id),
    CONSTRAINT ck_agreements_dates CHECK (starts_on <= ends_on),
    CONSTRAINT ck_agreements_monthly_points CHECK (monthly_points > 0)
)


CREATE INDEX ix_agreements_merchant ON agreements (programme_id, merchant_id, starts_on)


-- Merchants of the time before agreements keep trading under an open one.
INSERT INTO agreements (programme_id, id, merchant_id, number, starts_on, ends_on, created_at)
SELECT programme_id, id, id, 'before-agreements', (created_at AT TIME ZONE 'UTC')::date - 1, date '9999-12-31', created_at
FROM merchants


ALTER TABLE terminals ADD COLUMN last_seen_at timestamptz


ALTER TABLE users
    ADD COLUMN role text,
    ADD CONSTRAINT ck_users_role CHECK (role IN ('manager', 'cashier', 'accountant'))


-- The catalogue. An edit is a new version; orders keep the version that they were made under.
CREATE TABLE offers (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    state text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_offers PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_offers_merchant FOREIGN KEY (programme_id, merchant_id) REFERENCES merchants (programme_id, id),
    CONSTRAINT ck_offers_state CHECK (state IN ('draft', 'published', 'paused', 'ended'))
)


CREATE INDEX ix_offers_merchant ON offers (programme_id, merchant_id)


CREATE TABLE offer_versions (
    programme_id text NOT NULL,
    offer_id uuid NOT NULL,
    version integer NOT NULL,
    kind text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    description_zh text NOT NULL DEFAULT '',
    description_en text NOT NULL DEFAULT '',
    points bigint NOT NULL,
    funding text NOT NULL,
    face_value_fen bigint NOT NULL DEFAULT 0,
    fund_ids uuid[] NOT NULL DEFAULT '{}',
    limits json NOT NULL DEFAULT '[]',
    stars_min smallint NOT NULL DEFAULT 0,
    minutes_min bigint NOT NULL DEFAULT 0,
    region_codes text[] NOT NULL DEFAULT '{}',
    age_min smallint,
    age_max smallint,
    starts_at timestamptz,
    ends_at timestamptz,
    fulfilment text NOT NULL,
    voucher_days integer NOT NULL,
    voucher_until date,
    final_sale boolean NOT NULL DEFAULT false,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_offer_versions PRIMARY KEY (programme_id, offer_id, version),
    CONSTRAINT fk_offer_versions_offer FOREIGN KEY (programme_id, offer_id) REFERENCES offers (programme_id, id),
    CONSTRAINT ck_offer_versions_kind CHECK (kind IN ('goods', 'service', 'discount', 'event_ticket')),
    CONSTRAINT ck_offer_versions_funding CHECK (
        funding IN ('MERCHANT_DONATED', 'FUND_REIMBURSED', 'DISCOUNT', 'CIRCULATING')),
    CONSTRAINT ck_offer_versions_reimbursed CHECK (
        (funding = 'FUND_REIMBURSED') = (cardinality(fund_ids) > 0) AND face_value_fen >= 0),
    CONSTRAINT ck_offer_versions_points CHECK (points > 0),
    CONSTRAINT ck_offer_versions_fulfilment CHECK (fulfilment IN ('voucher', 'pick_up', 'delivery')),
    CONSTRAINT ck_offer_versions_voucher_days CHECK (voucher_days BETWEEN 0 AND 366)
)


CREATE TRIGGER offer_versions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON offer_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


-- Limited quantities. No total: there is always more. Tallies count what a volunteer had of an offer on a day,
-- and what a merchant took in a month.
CREATE TABLE offer_stocks (
    programme_id text NOT NULL,
    offer_id uuid NOT NULL,
    total bigint,
    taken bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_offer_stocks PRIMARY KEY (programme_id, offer_id),
    CONSTRAINT fk_offer_stocks_offer FOREIGN KEY (programme_id, offer_id) REFERENCES offers (programme_id, id),
    CONSTRAINT ck_offer_stocks_taken CHECK (taken >= 0 AND total >= 0)
) WITH (fillfactor = 50)


CREATE TABLE tallies (
    programme_id text NOT NULL,
    subject_id uuid NOT NULL,
    scope text NOT NULL,
    period text NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT pk_tallies PRIMARY KEY (programme_id, subject_id, scope, period),
    CONSTRAINT ck_tallies_amount CHECK (amount >= 0)
) WITH (fillfactor = 70)


-- An order is a hold with a voucher: points, stock and money set aside until the code is used.
CREATE TABLE orders (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL,
    volunteer_id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    offer_id uuid NOT NULL,
    offer_version integer NOT NULL,
    quantity integer NOT NULL,
    points bigint NOT NULL,
    settlement_fen bigint NOT NULL,
    code_hash bytea NOT NULL,
    final_sale boolean NOT NULL,
    ordered_at timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    used_at timestamptz,
    used_store_id uuid,
    used_terminal_id uuid,
    transaction_id uuid NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT pk_orders PRIMARY KEY (programme_id, id),
    CONSTRAINT uq_orders_code UNIQUE (programme_id, code_hash),
    CONSTRAINT fk_orders_offer FOREIGN KEY (programme_id, offer_id, offer_version)
        REFERENCES offer_versions (programme_id, offer_id, version),
    CONSTRAINT ck_orders_state CHECK (state IN ('EFFECTIVE', 'USED', 'EXPIRED', 'CANCELLED')),
    CONSTRAINT ck_orders_used CHECK ((state = 'USED') = (used_at IS NOT NULL)),
    CONSTRAINT ck_orders_amounts CHECK (quantity > 0 AND points > 0 AND settlement_fen >= 0)
) WITH (fillfactor = 80)


CREATE INDEX ix_orders_volunteer ON orders (programme_id, volunteer_id, id)


CREATE INDEX ix_orders_open ON orders (programme_id, valid_until) WHERE state = 'EFFECTIVE'


CREATE INDEX ix_orders_open_offer ON orders (programme_id, offer_id, valid_until) WHERE state = 'EFFECTIVE'


CREATE INDEX ix_orders_open_merchant ON orders (programme_id, merchant_id) WHERE state = 'EFFECTIVE'


-- A redemption may wait for its volunteer: its points are held until `closes_at`. It may be of an offer.
ALTER TABLE redemptions
    ADD COLUMN closes_at timestamptz,
    ADD COLUMN offer_id uuid,
    ADD COLUMN offer_version integer NOT NULL DEFAULT 0,
    ADD COLUMN quantity integer NOT NULL DEFAULT 0


CREATE INDEX ix_redemptions_volunteer ON redemptions (programme_id, volunteer_id, occurred_at)


CREATE INDEX ix_redemptions_awaiting_offer ON redemptions (programme_id, offer_id) WHERE state = 'AWAITING_CONFIRMATION'


CREATE INDEX ix_redemptions_awaiting ON redemptions (programme_id, closes_at) WHERE state = 'AWAITING_CONFIRMATION'


ALTER TABLE refunds
    ADD COLUMN refund_no text NOT NULL DEFAULT '',
    ADD COLUMN terminal_id uuid,
    ADD COLUMN note text NOT NULL DEFAULT ''


CREATE INDEX ix_refunds_redemption ON refunds (programme_id, redemption_id)


-- Holds were never reachable; what they were meant for are redemptions that wait, and orders.
DROP TABLE holds
