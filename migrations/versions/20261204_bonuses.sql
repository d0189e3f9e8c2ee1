-- Who brought whom in: said once, at registration, and never of oneself. Settled: what it brings was decided.
CREATE TABLE referrals (
    programme_id text NOT NULL,
    volunteer_id uuid NOT NULL,
    referred_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    settled boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_referrals PRIMARY KEY (programme_id, volunteer_id),
    CONSTRAINT fk_referrals_volunteer FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT fk_referrals_by FOREIGN KEY (programme_id, referred_by) REFERENCES volunteers (programme_id, id),
    CONSTRAINT ck_referrals_other CHECK (volunteer_id <> referred_by)
)


-- Registrations that may bring a start grant, written together with the volunteer: what a crash leaves is found here.
CREATE TABLE start_claims (
    programme_id text NOT NULL,
    volunteer_id uuid NOT NULL,
    day date NOT NULL,
    settled boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_start_claims PRIMARY KEY (programme_id, volunteer_id),
    CONSTRAINT fk_start_claims_volunteer
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id)
)


-- How each cause of a bonus was settled, once. Written by the batch under its lock, so there are no foreign keys.
CREATE TABLE bonuses (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    cause_id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    day date NOT NULL,
    points bigint NOT NULL,
    policy text NOT NULL,
    level text,
    expires_on date,
    transaction_id uuid,
    revokes_id uuid,
    CONSTRAINT pk_bonuses PRIMARY KEY (programme_id, id),
    CONSTRAINT uq_bonuses_cause UNIQUE (programme_id, kind, cause_id),
    CONSTRAINT ck_bonuses_kind CHECK (kind IN ('start-grant', 'referral-bonus', 'honour-bonus', 'honour-withdrawn')),
    CONSTRAINT ck_bonuses_level CHECK (level IN ('national', 'provincial', 'city', 'county', 'other')),
    CONSTRAINT ck_bonuses_points CHECK (points >= 0 AND (points > 0) = (transaction_id IS NOT NULL)),
    CONSTRAINT ck_bonuses_revokes CHECK ((kind = 'honour-withdrawn') = (revokes_id IS NOT NULL))
)


CREATE INDEX ix_bonuses_volunteer ON bonuses (programme_id, volunteer_id, id)


CREATE INDEX ix_bonuses_transaction ON bonuses (programme_id, transaction_id) WHERE transaction_id IS NOT NULL


CREATE TRIGGER bonuses_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bonuses
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


CREATE INDEX ix_referrals_open ON referrals (programme_id, volunteer_id) WHERE NOT settled


CREATE INDEX ix_start_claims_open ON start_claims (programme_id, volunteer_id) WHERE NOT settled


-- Penalties on their way: imposed, confirmed, told, appealed, posted. Each step has its audit row.
CREATE TABLE penalties (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL,
    volunteer_id uuid NOT NULL,
    team_id uuid NOT NULL,
    record_id uuid,
    code text NOT NULL,
    policy text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL,
    happened_on date NOT NULL,
    evidence text NOT NULL,
    reason text NOT NULL,
    imposed_by uuid NOT NULL,
    imposed_at timestamptz NOT NULL,
    confirmed_by uuid,
    confirmed_at timestamptz,
    count smallint NOT NULL DEFAULT 0,
    points bigint NOT NULL DEFAULT 0,
    appeal_until timestamptz,
    appealed_at timestamptz,
    appeal text NOT NULL DEFAULT '',
    answered_by uuid,
    answered_at timestamptz,
    answer text NOT NULL DEFAULT '',
    transaction_id uuid,
    CONSTRAINT pk_penalties PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_penalties_policy FOREIGN KEY (programme_id, policy) REFERENCES accrual_policies (programme_id, version),
    CONSTRAINT fk_penalties_volunteer FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT fk_penalties_team FOREIGN KEY (programme_id, team_id) REFERENCES teams (programme_id, id),
    CONSTRAINT fk_penalties_record FOREIGN KEY (programme_id, record_id) REFERENCES service_records (programme_id, id),
    CONSTRAINT ck_penalties_state CHECK (state IN (
        'imposed', 'dropped', 'confirmed', 'appealed', 'overturned', 'upheld', 'posted', 'lifted')),
    CONSTRAINT ck_penalties_four_eyes CHECK (confirmed_by <> imposed_by AND answered_by NOT IN (imposed_by, confirmed_by)),
    CONSTRAINT ck_penalties_confirmed CHECK (
        state IN ('imposed', 'dropped') OR (confirmed_by IS NOT NULL AND appeal_until IS NOT NULL AND count > 0)),
    CONSTRAINT ck_penalties_appealed CHECK (
        state NOT IN ('appealed', 'overturned', 'upheld') OR appealed_at IS NOT NULL),
    CONSTRAINT ck_penalties_answered CHECK (state NOT IN ('overturned', 'upheld') OR answered_by IS NOT NULL),
    CONSTRAINT ck_penalties_points CHECK (points >= 0)
)


CREATE INDEX ix_penalties_volunteer ON penalties (programme_id, volunteer_id, id)


CREATE INDEX ix_penalties_due ON penalties (programme_id, appeal_until) WHERE state IN ('confirmed', 'upheld')


-- What the quality of a record's service was found to be: the last number of each source counts.
CREATE TABLE evaluations (
    programme_id text NOT NULL,
    record_id uuid NOT NULL,
    source text NOT NULL,
    number smallint NOT NULL,
    id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    score smallint NOT NULL,
    tags text[] NOT NULL,
    evaluated_by uuid NOT NULL,
    evaluated_at timestamptz NOT NULL,
    late boolean NOT NULL,
    CONSTRAINT pk_evaluations PRIMARY KEY (programme_id, record_id, source, number),
    CONSTRAINT uq_evaluations_id UNIQUE (programme_id, id),
    CONSTRAINT fk_evaluations_record FOREIGN KEY (programme_id, record_id) REFERENCES service_records (programme_id, id),
    CONSTRAINT ck_evaluations_source CHECK (source IN ('organisation', 'served')),
    CONSTRAINT ck_evaluations_score CHECK (score BETWEEN 1 AND 5),
    CONSTRAINT ck_evaluations_number CHECK (number > 0)
)


CREATE INDEX ix_evaluations_volunteer ON evaluations (programme_id, volunteer_id)


CREATE TRIGGER evaluations_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evaluations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


ALTER TABLE programmes
    ADD COLUMN appeal_days smallint NOT NULL DEFAULT 10,
    ADD COLUMN star_quality_min smallint,
    ADD CONSTRAINT ck_programmes_appeal_days CHECK (appeal_days BETWEEN 1 AND 60),
    ADD CONSTRAINT ck_programmes_star_quality CHECK (star_quality_min BETWEEN 100 AND 500)
