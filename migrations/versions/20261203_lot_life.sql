-- Lots by their last day, whoever owns them: what expires, and who is to be told. Not over the balance: that changes
-- with every redemption, and an index over it would cost each of them.
CREATE INDEX ix_accounts_lots ON accounts (programme_id, part, owner_id) WHERE kind IN ('wallet', 'pending')


-- The number of the next notice. A row of its own: telling people must not keep the tills waiting.
CREATE TABLE notice_heads (
    programme_id text NOT NULL,
    next_number bigint NOT NULL,
    CONSTRAINT pk_notice_heads PRIMARY KEY (programme_id),
    CONSTRAINT fk_notice_heads_programme FOREIGN KEY (programme_id) REFERENCES programmes (id)
)


-- What volunteers were told of points that are about to expire, numbered without gaps. Only ever appended to.
CREATE TABLE expiry_notices (
    programme_id text NOT NULL,
    number bigint NOT NULL,
    volunteer_id uuid NOT NULL,
    expires_on date NOT NULL,
    days_before smallint NOT NULL,
    points bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_expiry_notices PRIMARY KEY (programme_id, number),
    CONSTRAINT uq_expiry_notices_once UNIQUE (programme_id, volunteer_id, expires_on, days_before),
    CONSTRAINT ck_expiry_notices_points CHECK (points > 0),
    CONSTRAINT ck_expiry_notices_days CHECK (days_before > 0)
)


CREATE TRIGGER expiry_notices_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON expiry_notices
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


-- How far the notices of one expiry day have come: on which day they were last gone through, up to whom.
CREATE TABLE expiry_notice_runs (
    programme_id text NOT NULL,
    expires_on date NOT NULL,
    days_before smallint NOT NULL,
    day date NOT NULL,
    last_id uuid NOT NULL,
    done boolean NOT NULL,
    CONSTRAINT pk_expiry_notice_runs PRIMARY KEY (programme_id, expires_on, days_before)
)


-- How much the pool may give: at once, and to one volunteer in a calendar year. Family use is off until it is wanted.
ALTER TABLE programmes
    ADD COLUMN pool_grant_points bigint NOT NULL DEFAULT 500,
    ADD COLUMN pool_year_points bigint NOT NULL DEFAULT 1000,
    ADD COLUMN family_use boolean NOT NULL DEFAULT false,
    ADD COLUMN family_members smallint NOT NULL DEFAULT 3,
    ADD CONSTRAINT ck_programmes_pool CHECK (pool_grant_points >= 0 AND pool_year_points >= 0),
    ADD CONSTRAINT ck_programmes_family CHECK (family_members BETWEEN 1 AND 20)


-- Points for a volunteer out of the pool: proposed by one, approved by another.
CREATE TABLE pool_grants (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL,
    volunteer_id uuid NOT NULL,
    points bigint NOT NULL,
    purpose text NOT NULL,
    reference text NOT NULL,
    proposed_by uuid NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    expires_on date,
    transaction_id uuid,
    CONSTRAINT pk_pool_grants PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_pool_grants_volunteer
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT ck_pool_grants_state CHECK (state IN ('proposed', 'granted', 'cancelled')),
    CONSTRAINT ck_pool_grants_points CHECK (points > 0),
    CONSTRAINT ck_pool_grants_purpose CHECK (purpose IN ('hardship', 'elderly-care', 'recognition', 'emergency')),
    CONSTRAINT ck_pool_grants_decided CHECK ((state = 'proposed') = (decided_by IS NULL)),
    CONSTRAINT ck_pool_grants_granted CHECK ((state = 'granted') = (transaction_id IS NOT NULL)),
    CONSTRAINT ck_pool_grants_four_eyes CHECK (state <> 'granted' OR decided_by <> proposed_by)
)


CREATE INDEX ix_pool_grants_volunteer ON pool_grants (programme_id, volunteer_id, id)


-- Who of a volunteer's family may spend the volunteer's own points: proposed by the owner, accepted by the member.
CREATE TABLE family_links (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL,
    owner_id uuid NOT NULL,
    member_id uuid NOT NULL,
    kinship text NOT NULL,
    monthly_points bigint,
    proposed_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    ended_by uuid,
    CONSTRAINT pk_family_links PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_family_links_owner FOREIGN KEY (programme_id, owner_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT fk_family_links_member FOREIGN KEY (programme_id, member_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT ck_family_links_state CHECK (state IN ('proposed', 'active', 'ended')),
    CONSTRAINT ck_family_links_kinship CHECK (
        kinship IN ('spouse', 'parent', 'child', 'ward', 'sibling', 'grandparent', 'grandchild')),
    CONSTRAINT ck_family_links_other CHECK (owner_id <> member_id),
    CONSTRAINT ck_family_links_monthly CHECK (monthly_points > 0),
    CONSTRAINT ck_family_links_ended CHECK ((state = 'ended') = (ended_by IS NOT NULL))
)


CREATE UNIQUE INDEX uq_family_links_open ON family_links (programme_id, owner_id, member_id) WHERE state <> 'ended'


CREATE INDEX ix_family_links_member ON family_links (programme_id, member_id)


-- A code that a member of the family shows, and the redemption it paid: by whom. NULL: the owner.
ALTER TABLE pay_codes ADD COLUMN member_id uuid


ALTER TABLE redemptions ADD COLUMN member_id uuid
