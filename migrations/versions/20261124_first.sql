-- Programmes and the regions they cover. programme_id leads every key of every table.
CREATE TABLE programmes (
    id text NOT NULL,
    name text NOT NULL,
    region_code text NOT NULL,
    zone text NOT NULL,
    fen_per_hundred_points integer NOT NULL,
    settlement_fund_id uuid,
    lapse_policy text NOT NULL,
    grace_days smallint NOT NULL,
    notice_days smallint NOT NULL,
    expiry_years smallint,
    points_max bigint NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_programmes PRIMARY KEY (id),
    CONSTRAINT ck_programmes_id CHECK (id ~ '^[a-z][a-z0-9-]{1,15}$'),
    CONSTRAINT ck_programmes_rate CHECK (fen_per_hundred_points BETWEEN 0 AND 1000000),
    CONSTRAINT ck_programmes_lapse_policy CHECK (lapse_policy IN ('forfeit', 'original', 'grace')),
    CONSTRAINT ck_programmes_days CHECK (grace_days BETWEEN 1 AND 366 AND notice_days BETWEEN 0 AND 60)
)


CREATE TABLE regions (
    programme_id text NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    level text NOT NULL,
    parent_code text,
    kind text NOT NULL,
    CONSTRAINT pk_regions PRIMARY KEY (programme_id, code),
    CONSTRAINT fk_regions_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT fk_regions_parent FOREIGN KEY (programme_id, parent_code) REFERENCES regions (programme_id, code)
)


CREATE TABLE teams (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    parent_id uuid,
    tier smallint NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    region_code text NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_teams PRIMARY KEY (programme_id, id),
    CONSTRAINT uq_teams_name UNIQUE (programme_id, region_code, name),
    CONSTRAINT fk_teams_parent FOREIGN KEY (programme_id, parent_id) REFERENCES teams (programme_id, id),
    CONSTRAINT fk_teams_region FOREIGN KEY (programme_id, region_code) REFERENCES regions (programme_id, code),
    CONSTRAINT ck_teams_tier CHECK (tier BETWEEN 1 AND 3 AND (tier = 1) = (parent_id IS NULL))
)


CREATE TABLE volunteers (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    status text NOT NULL,
    masked_name text NOT NULL,
    region_code text NOT NULL,
    team_id uuid,
    registered_at timestamptz NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_volunteers PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_volunteers_region FOREIGN KEY (programme_id, region_code) REFERENCES regions (programme_id, code),
    CONSTRAINT fk_volunteers_team FOREIGN KEY (programme_id, team_id) REFERENCES teams (programme_id, id),
    CONSTRAINT ck_volunteers_status CHECK (status IN ('active', 'frozen', 'left'))
)


CREATE TABLE volunteer_external_ids (
    programme_id text NOT NULL,
    system text NOT NULL,
    external_id text NOT NULL,
    volunteer_id uuid NOT NULL,
    CONSTRAINT pk_volunteer_external_ids PRIMARY KEY (programme_id, system, external_id),
    CONSTRAINT fk_volunteer_external_ids_volunteer
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id)
)


CREATE INDEX ix_volunteer_external_ids_volunteer ON volunteer_external_ids (programme_id, volunteer_id)


-- Who may act, and with which keys.
CREATE TABLE merchants (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    credit_code text NOT NULL,
    status text NOT NULL,
    region_code text NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_merchants PRIMARY KEY (programme_id, id),
    CONSTRAINT uq_merchants_credit_code UNIQUE (programme_id, credit_code),
    CONSTRAINT fk_merchants_region FOREIGN KEY (programme_id, region_code) REFERENCES regions (programme_id, code),
    CONSTRAINT ck_merchants_status CHECK (status IN ('active', 'suspended'))
)


CREATE TABLE stores (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    name text NOT NULL,
    region_code text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_stores PRIMARY KEY (programme_id, id),
    CONSTRAINT uq_stores_name UNIQUE (programme_id, merchant_id, name),
    CONSTRAINT fk_stores_merchant FOREIGN KEY (programme_id, merchant_id) REFERENCES merchants (programme_id, id),
    CONSTRAINT fk_stores_region FOREIGN KEY (programme_id, region_code) REFERENCES regions (programme_id, code)
)


CREATE TABLE terminals (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    store_id uuid NOT NULL,
    label text NOT NULL,
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_valid_until timestamptz,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_terminals PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_terminals_store FOREIGN KEY (programme_id, store_id) REFERENCES stores (programme_id, id),
    CONSTRAINT fk_terminals_merchant FOREIGN KEY (programme_id, merchant_id) REFERENCES merchants (programme_id, id)
)


CREATE TABLE users (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    username text NOT NULL,
    password_hash text NOT NULL,
    merchant_id uuid,
    team_id uuid,
    volunteer_id uuid,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (programme_id, id),
    CONSTRAINT uq_users_username UNIQUE (programme_id, username),
    CONSTRAINT fk_users_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT fk_users_merchant FOREIGN KEY (programme_id, merchant_id) REFERENCES merchants (programme_id, id),
    CONSTRAINT fk_users_team FOREIGN KEY (programme_id, team_id) REFERENCES teams (programme_id, id),
    CONSTRAINT fk_users_volunteer FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT ck_users_kind CHECK (kind IN ('admin', 'auditor', 'organiser', 'merchant_staff'))
)


CREATE TABLE signing_keys (
    programme_id text NOT NULL,
    kid text NOT NULL,
    private_key bytea NOT NULL,
    public_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    CONSTRAINT pk_signing_keys PRIMARY KEY (programme_id, kid),
    CONSTRAINT fk_signing_keys_programme FOREIGN KEY (programme_id) REFERENCES programmes (id)
)


CREATE TABLE audit_rows (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    changes json NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_audit_rows PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_audit_rows_programme FOREIGN KEY (programme_id) REFERENCES programmes (id)
)


-- The rules by which hours become points. Versions are appended, never edited.
CREATE TABLE accrual_policies (
    programme_id text NOT NULL,
    version text NOT NULL,
    effective_from date NOT NULL,
    rate_per_hour integer NOT NULL,
    coefficients_bp json NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_accrual_policies PRIMARY KEY (programme_id, version),
    CONSTRAINT uq_accrual_policies_effective UNIQUE (programme_id, effective_from),
    CONSTRAINT fk_accrual_policies_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT ck_accrual_policies_rate CHECK (rate_per_hour BETWEEN 0 AND 10000)
)


CREATE TABLE funds (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    sponsor text NOT NULL,
    purpose text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_funds PRIMARY KEY (programme_id, id),
    CONSTRAINT uq_funds_code UNIQUE (programme_id, code),
    CONSTRAINT fk_funds_programme FOREIGN KEY (programme_id) REFERENCES programmes (id)
)


ALTER TABLE programmes ADD CONSTRAINT fk_programmes_settlement_fund
    FOREIGN KEY (id, settlement_fund_id) REFERENCES funds (programme_id, id)


CREATE TABLE service_records (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL,
    volunteer_id uuid NOT NULL,
    team_id uuid NOT NULL,
    evidence text NOT NULL,
    activity text NOT NULL,
    minutes integer NOT NULL,
    level smallint NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    recorder_id uuid NOT NULL,
    verifier_id uuid,
    points bigint NOT NULL DEFAULT 0,
    expires_on date,
    policy text NOT NULL DEFAULT '',
    pending bigint NOT NULL DEFAULT 0,
    matures_at timestamptz,
    transaction_id uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_service_records PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_service_records_volunteer
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT fk_service_records_team FOREIGN KEY (programme_id, team_id) REFERENCES teams (programme_id, id),
    CONSTRAINT ck_service_records_state CHECK (state IN ('entered', 'verified', 'rejected', 'withdrawn')),
    CONSTRAINT ck_service_records_evidence CHECK (evidence IN ('checked-in', 'attested', 'imported')),
    CONSTRAINT ck_service_records_minutes CHECK (minutes BETWEEN 1 AND 1440),
    CONSTRAINT ck_service_records_period CHECK (ended_at > started_at),
    CONSTRAINT ck_service_records_points CHECK (points >= 0 AND pending BETWEEN 0 AND points)
)


CREATE INDEX ix_service_records_volunteer ON service_records (programme_id, volunteer_id, started_at)


CREATE INDEX ix_service_records_pending ON service_records (programme_id, matures_at) WHERE pending > 0


-- The journal: only ever appended to.
CREATE TABLE journal_heads (
    programme_id text NOT NULL,
    next_seq bigint NOT NULL,
    next_account_no bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_journal_heads PRIMARY KEY (programme_id),
    CONSTRAINT fk_journal_heads_programme FOREIGN KEY (programme_id) REFERENCES programmes (id)
) WITH (fillfactor = 20)


CREATE TABLE transactions (
    programme_id text NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    policy text NOT NULL,
    document text NOT NULL,
    reverses uuid,
    leaf_hash bytea NOT NULL,
    CONSTRAINT pk_transactions PRIMARY KEY (programme_id, seq),
    CONSTRAINT uq_transactions_id UNIQUE (programme_id, id),
    CONSTRAINT ck_transactions_leaf_hash CHECK (octet_length(leaf_hash) = 32)
)


-- The balances after are those on each account's normal side. The accounts are not a foreign key: both are
-- written by one statement order under one lock, `liyu verify` checks them, and the check would cost more than the row.
CREATE TABLE transfers (
    programme_id text NOT NULL,
    seq bigint NOT NULL,
    position smallint NOT NULL,
    debit_account_no bigint NOT NULL,
    credit_account_no bigint NOT NULL,
    amount bigint NOT NULL,
    debit_balance bigint NOT NULL,
    credit_balance bigint NOT NULL,
    CONSTRAINT pk_transfers PRIMARY KEY (programme_id, seq, position),
    CONSTRAINT ck_transfers_amount CHECK (amount > 0),
    CONSTRAINT ck_transfers_accounts CHECK (debit_account_no <> credit_account_no)
)


CREATE INDEX ix_transfers_debit ON transfers (programme_id, debit_account_no, seq)


CREATE INDEX ix_transfers_credit ON transfers (programme_id, credit_account_no, seq)


CREATE TABLE accounts (
    programme_id text NOT NULL,
    account_no bigint NOT NULL,
    owner_id uuid NOT NULL,
    kind text NOT NULL,
    part text NOT NULL,
    balance bigint NOT NULL,
    CONSTRAINT pk_accounts PRIMARY KEY (programme_id, account_no),
    CONSTRAINT uq_accounts_owner UNIQUE (programme_id, owner_id, kind, part),
    CONSTRAINT ck_accounts_kind CHECK (kind IN (
        'service', 'hours', 'consumed', 'issuance', 'pending', 'wallet', 'held', 'debt',
        'redeemed', 'breakage', 'pool', 'donations', 'fund', 'committed', 'payable', 'paid')),
    CONSTRAINT ck_accounts_floor CHECK (
        balance >= 0 OR kind IN ('service', 'issuance', 'breakage', 'donations', 'paid'))
) WITH (fillfactor = 70)


CREATE TABLE answers (
    programme_id text NOT NULL,
    scope text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    outcome json NOT NULL,
    seq bigint,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_answers PRIMARY KEY (programme_id, scope, key)
)


CREATE TABLE pay_codes (
    programme_id text NOT NULL,
    hash bytea NOT NULL,
    volunteer_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    used_by uuid,
    CONSTRAINT pk_pay_codes PRIMARY KEY (programme_id, hash)
) WITH (fillfactor = 70)


CREATE TABLE redemptions (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    trade_no text NOT NULL,
    state text NOT NULL,
    volunteer_id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    store_id uuid NOT NULL,
    terminal_id uuid NOT NULL,
    points bigint NOT NULL,
    settlement_fen bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    transaction_id uuid NOT NULL,
    seq bigint NOT NULL,
    refunded_points bigint NOT NULL DEFAULT 0,
    refunded_fen bigint NOT NULL DEFAULT 0,
    refund_count smallint NOT NULL DEFAULT 0,
    CONSTRAINT pk_redemptions PRIMARY KEY (programme_id, id),
    CONSTRAINT ck_redemptions_points CHECK (points > 0 AND refunded_points BETWEEN 0 AND points),
    CONSTRAINT ck_redemptions_fen CHECK (settlement_fen >= 0 AND refunded_fen BETWEEN 0 AND settlement_fen)
) WITH (fillfactor = 90)


CREATE TABLE refunds (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    redemption_id uuid NOT NULL,
    points bigint NOT NULL,
    settlement_fen bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    transaction_id uuid NOT NULL,
    CONSTRAINT pk_refunds PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_refunds_redemption
        FOREIGN KEY (programme_id, redemption_id) REFERENCES redemptions (programme_id, id),
    CONSTRAINT ck_refunds_points CHECK (points > 0)
)


CREATE TABLE holds (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL,
    volunteer_id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    transaction_id uuid NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT pk_holds PRIMARY KEY (programme_id, id),
    CONSTRAINT ck_holds_state CHECK (state IN ('open', 'captured', 'voided'))
)


-- The Merkle tree over the leaves: hashes of complete subtrees, and the signed heads that were published.
CREATE TABLE tree_tiles (
    programme_id text NOT NULL,
    level smallint NOT NULL,
    position bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT pk_tree_tiles PRIMARY KEY (programme_id, level, position),
    CONSTRAINT ck_tree_tiles_hash CHECK (octet_length(hash) = 32)
)


CREATE TABLE checkpoints (
    programme_id text NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    kid text NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT pk_checkpoints PRIMARY KEY (programme_id, size),
    CONSTRAINT ck_checkpoints_root CHECK (octet_length(root) = 32)
)


CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the journal is only ever appended to', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$


CREATE TRIGGER transactions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transactions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


CREATE TRIGGER answers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON answers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


CREATE TRIGGER checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


CREATE TRIGGER audit_rows_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_rows
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


CREATE TRIGGER accrual_policies_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accrual_policies
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
