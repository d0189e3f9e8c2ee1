-- Balances of an older system that were brought over, once for each number there. Written by the batch under its lock,
-- so there are no foreign keys.
CREATE TABLE opening_balances (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    source text NOT NULL,
    external_no text NOT NULL,
    volunteer_id uuid NOT NULL,
    dated_on date NOT NULL,
    points bigint NOT NULL,
    minutes bigint NOT NULL,
    expires_on date,
    drafted_by uuid NOT NULL,
    approved_by uuid NOT NULL,
    transaction_id uuid NOT NULL,
    CONSTRAINT pk_opening_balances PRIMARY KEY (programme_id, id),
    CONSTRAINT uq_opening_balances_external_no UNIQUE (programme_id, source, external_no),
    CONSTRAINT ck_opening_balances_amounts CHECK (points >= 0 AND minutes >= 0 AND points + minutes > 0),
    CONSTRAINT ck_opening_balances_expiry CHECK ((points > 0) = (expires_on IS NOT NULL)),
    CONSTRAINT ck_opening_balances_four_eyes CHECK (drafted_by <> approved_by)
)


CREATE INDEX ix_opening_balances_volunteer ON opening_balances (programme_id, volunteer_id, id)


CREATE TRIGGER opening_balances_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON opening_balances
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
