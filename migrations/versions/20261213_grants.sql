-- Rounds: a benefit's batch or an event. People write the terms; what is taken of them is written by commands alone.
CREATE TABLE rounds (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    benefit_code text NOT NULL,
    benefit_version text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    venue_zh text NOT NULL DEFAULT '',
    venue_en text NOT NULL DEFAULT '',
    mode text NOT NULL,
    capacity integer NOT NULL,
    share_bp integer,
    person_max integer NOT NULL,
    year_max integer,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    doors_at timestamptz,
    starts_at timestamptz,
    ends_at timestamptz,
    team_id uuid,
    seed_hash bytea,
    version integer NOT NULL DEFAULT 1,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    published_by uuid,
    published_at timestamptz,
    CONSTRAINT pk_rounds PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_rounds_benefit FOREIGN KEY (programme_id, benefit_code, benefit_version)
        REFERENCES benefits (programme_id, code, version),
    CONSTRAINT fk_rounds_team FOREIGN KEY (programme_id, team_id) REFERENCES teams (programme_id, id),
    CONSTRAINT ck_rounds_mode CHECK (mode IN ('first_come', 'lottery', 'reviewed')),
    CONSTRAINT ck_rounds_amounts CHECK (capacity > 0 AND person_max > 0 AND year_max > 0
        AND share_bp BETWEEN 1 AND 10000),
    CONSTRAINT ck_rounds_times CHECK (opens_at < closes_at AND doors_at <= starts_at AND starts_at < ends_at),
    CONSTRAINT ck_rounds_event CHECK (num_nulls(doors_at, starts_at, ends_at) IN (0, 3)),
    CONSTRAINT ck_rounds_published CHECK ((published_at IS NULL) = (published_by IS NULL)),
    CONSTRAINT ck_rounds_seed CHECK (published_at IS NULL OR (mode = 'lottery') = (seed_hash IS NOT NULL))
)


CREATE INDEX ix_rounds_benefit ON rounds (programme_id, benefit_code, opens_at)


CREATE TABLE round_stands (
    programme_id text NOT NULL,
    round_id uuid NOT NULL,
    capacity integer NOT NULL,
    entered integer NOT NULL,
    waiting integer NOT NULL,
    taken integer NOT NULL,
    number integer NOT NULL,
    seats integer NOT NULL,
    freed integer[] NOT NULL,
    drawn_at timestamptz,
    seed bytea,
    closed_at timestamptz,
    CONSTRAINT pk_round_stands PRIMARY KEY (programme_id, round_id),
    CONSTRAINT fk_round_stands_round FOREIGN KEY (programme_id, round_id) REFERENCES rounds (programme_id, id),
    CONSTRAINT ck_round_stands_taken CHECK (taken BETWEEN 0 AND capacity AND entered >= 0 AND waiting >= 0),
    CONSTRAINT ck_round_stands_seats CHECK (seats <= capacity AND taken + cardinality(freed) = seats),
    CONSTRAINT ck_round_stands_drawn CHECK ((drawn_at IS NULL) = (seed IS NULL))
) WITH (fillfactor = 50)


-- Grants of benefits. With a round, whether one stands or waits is what the place of the same id says.
CREATE TABLE benefit_grants (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL,
    application_id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    benefit_code text NOT NULL,
    benefit_version text NOT NULL,
    facts_hash bytea NOT NULL,
    approved_by uuid NOT NULL,
    approved_at timestamptz NOT NULL,
    valid_until timestamptz,
    round_id uuid,
    minutes integer NOT NULL,
    since_on date,
    until_on date,
    transaction_id uuid,
    counted boolean NOT NULL,
    revoked_at timestamptz,
    revoked_by text,
    returned_id uuid,
    CONSTRAINT pk_benefit_grants PRIMARY KEY (programme_id, id),
    CONSTRAINT uq_benefit_grants_application UNIQUE (programme_id, application_id),
    CONSTRAINT fk_benefit_grants_volunteer FOREIGN KEY (programme_id, volunteer_id)
        REFERENCES volunteers (programme_id, id),
    CONSTRAINT fk_benefit_grants_benefit FOREIGN KEY (programme_id, benefit_code, benefit_version)
        REFERENCES benefits (programme_id, code, version),
    CONSTRAINT fk_benefit_grants_round FOREIGN KEY (programme_id, round_id) REFERENCES rounds (programme_id, id),
    CONSTRAINT ck_benefit_grants_state CHECK (state IN ('approved', 'revoked')),
    CONSTRAINT ck_benefit_grants_revoked CHECK ((state = 'revoked') = (revoked_at IS NOT NULL)
        AND (revoked_at IS NULL) = (revoked_by IS NULL)),
    CONSTRAINT ck_benefit_grants_hours CHECK (minutes >= 0 AND since_on <= until_on
        AND num_nulls(since_on, until_on, transaction_id) = CASE WHEN minutes > 0 THEN 0 ELSE 3 END)
) WITH (fillfactor = 80)


CREATE INDEX ix_benefit_grants_volunteer ON benefit_grants (programme_id, volunteer_id, id)


CREATE INDEX ix_benefit_grants_benefit ON benefit_grants (programme_id, benefit_code, approved_at)
    WHERE state = 'approved'


CREATE TABLE places (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    round_id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    state text NOT NULL,
    number integer NOT NULL,
    claimed_at timestamptz NOT NULL,
    facts_hash bytea NOT NULL,
    submitted_at timestamptz NOT NULL,
    stars smallint NOT NULL,
    minutes integer NOT NULL,
    drawn integer,
    grant_id uuid,
    code_hash bytea,
    seat integer,
    held_at timestamptz,
    ended_at timestamptz,
    attended_at timestamptz,
    door text,
    CONSTRAINT pk_places PRIMARY KEY (programme_id, id),
    CONSTRAINT uq_places_number UNIQUE (programme_id, round_id, number),
    CONSTRAINT uq_places_code UNIQUE (programme_id, code_hash),
    CONSTRAINT fk_places_round FOREIGN KEY (programme_id, round_id) REFERENCES rounds (programme_id, id),
    CONSTRAINT fk_places_volunteer FOREIGN KEY (programme_id, volunteer_id)
        REFERENCES volunteers (programme_id, id),
    CONSTRAINT fk_places_grant FOREIGN KEY (programme_id, grant_id) REFERENCES benefit_grants (programme_id, id),
    CONSTRAINT ck_places_state CHECK (state IN ('entered', 'waiting', 'held', 'released', 'lapsed', 'revoked')),
    CONSTRAINT ck_places_seat CHECK ((state = 'held') = (seat IS NOT NULL)),
    CONSTRAINT ck_places_ended CHECK ((state IN ('released', 'lapsed', 'revoked')) = (ended_at IS NOT NULL)),
    CONSTRAINT ck_places_attended CHECK ((attended_at IS NULL) = (door IS NULL)
        AND (attended_at IS NULL OR held_at IS NOT NULL)),
    CONSTRAINT ck_places_grant CHECK (grant_id = id)
) WITH (fillfactor = 70)


CREATE UNIQUE INDEX uq_places_seat ON places (programme_id, round_id, seat) WHERE state = 'held'


-- Those who wait, and those who have entered, in the order in which they move up.
CREATE INDEX ix_places_line ON places
    (programme_id, round_id, (coalesce(drawn, 0)), stars DESC, minutes DESC, submitted_at, number)
    WHERE state IN ('entered', 'waiting')


CREATE INDEX ix_places_volunteer ON places (programme_id, volunteer_id, id)
