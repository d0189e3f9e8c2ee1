-- A corrected record names the withdrawn one that it replaces.
ALTER TABLE service_records ADD COLUMN replaces_id uuid


-- Orders to correct hours. Columns that are NULL do not narrow the scope; without an amendment records are withdrawn.
CREATE TABLE corrections (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    record_id uuid,
    volunteer_id uuid,
    team_id uuid,
    activity_id text NOT NULL DEFAULT '',
    verifier_id uuid,
    since date,
    until date,
    teams uuid[],
    amendment json,
    reason text NOT NULL,
    evidence text NOT NULL DEFAULT '',
    author_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    impact json,
    set_hash bytea,
    approved_by uuid,
    approved_at timestamptz,
    CONSTRAINT pk_corrections PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_corrections_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT ck_corrections_state CHECK (state IN ('draft', 'previewed', 'executing', 'done', 'discarded')),
    CONSTRAINT ck_corrections_scope CHECK (num_nonnulls(record_id, volunteer_id, team_id, verifier_id) > 0),
    CONSTRAINT ck_corrections_previewed CHECK (state IN ('draft', 'discarded') OR set_hash IS NOT NULL),
    CONSTRAINT ck_corrections_approved CHECK ((state IN ('executing', 'done')) = (approved_by IS NOT NULL)),
    CONSTRAINT ck_corrections_four_eyes CHECK (approved_by <> author_id)
)


CREATE INDEX ix_corrections_executing ON corrections (programme_id, id) WHERE state = 'executing'


-- The records of an order as they were previewed, and what became of each.
CREATE TABLE correction_records (
    programme_id text NOT NULL,
    correction_id uuid NOT NULL,
    record_id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    recorder_id uuid NOT NULL,
    verifier_id uuid,
    minutes integer NOT NULL,
    level smallint NOT NULL,
    category text NOT NULL,
    points bigint NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    code text NOT NULL DEFAULT '',
    replacement_id uuid,
    CONSTRAINT pk_correction_records PRIMARY KEY (programme_id, correction_id, record_id),
    CONSTRAINT fk_correction_records_correction
        FOREIGN KEY (programme_id, correction_id) REFERENCES corrections (programme_id, id),
    CONSTRAINT ck_correction_records_state CHECK (state IN ('pending', 'done', 'refused')),
    CONSTRAINT ck_correction_records_refused CHECK ((state = 'refused') = (code <> ''))
)
