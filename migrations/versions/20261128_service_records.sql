-- The items of ministry order 67, Art. 7: which activity, where, what was done, who was in charge; and how it is known.
-- What is not known of older records stays empty. `due_at` is the end of the ten working days; NULL: nobody counted.
ALTER TABLE service_records
    ADD COLUMN activity_id text NOT NULL DEFAULT '',
    ADD COLUMN category text NOT NULL DEFAULT '',
    ADD COLUMN place text NOT NULL DEFAULT '',
    ADD COLUMN place_region text NOT NULL DEFAULT '',
    ADD COLUMN content text NOT NULL DEFAULT '',
    ADD COLUMN in_charge text NOT NULL DEFAULT '',
    ADD COLUMN role text NOT NULL DEFAULT 'volunteer',
    ADD COLUMN guardian text NOT NULL DEFAULT 'none',
    ADD COLUMN hazardous boolean NOT NULL DEFAULT false,
    ADD COLUMN check_ins timestamptz[] NOT NULL DEFAULT '{}',
    ADD COLUMN due_at timestamptz,
    ADD CONSTRAINT ck_service_records_role CHECK (role IN ('volunteer', 'organiser')),
    ADD CONSTRAINT ck_service_records_guardian CHECK (guardian IN ('none', 'consented', 'present')),
    ADD CONSTRAINT ck_service_records_check_ins CHECK (cardinality(check_ins) % 2 = 0)


CREATE INDEX ix_service_records_team ON service_records (programme_id, team_id, id)


-- What rules found odd about a record. A mark refuses nothing: the reviewer is told.
CREATE TABLE record_marks (
    programme_id text NOT NULL,
    record_id uuid NOT NULL,
    kind text NOT NULL,
    figures json NOT NULL,
    marked_at timestamptz NOT NULL,
    CONSTRAINT pk_record_marks PRIMARY KEY (programme_id, record_id, kind),
    CONSTRAINT fk_record_marks_record FOREIGN KEY (programme_id, record_id)
        REFERENCES service_records (programme_id, id)
)


-- How much somebody has entered in a minute, verified on a day: what their pace is compared with.
CREATE TABLE paces (
    programme_id text NOT NULL,
    user_id uuid NOT NULL,
    deed text NOT NULL,
    period text NOT NULL,
    amount integer NOT NULL,
    CONSTRAINT pk_paces PRIMARY KEY (programme_id, user_id, deed, period),
    CONSTRAINT ck_paces_deed CHECK (deed IN ('entered', 'verified'))
)


-- From where on the rules speak. No row: as the program has it.
CREATE TABLE suspicion_limits (
    programme_id text NOT NULL,
    name text NOT NULL,
    amount integer NOT NULL,
    CONSTRAINT pk_suspicion_limits PRIMARY KEY (programme_id, name),
    CONSTRAINT ck_suspicion_limits_amount CHECK (amount >= 0)
)


-- Training is recorded apart from service (Art. 8) and never becomes hours.
CREATE TABLE training_records (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    team_id uuid NOT NULL,
    name text NOT NULL,
    content text NOT NULL,
    minutes integer NOT NULL,
    held_on date NOT NULL,
    recorder_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_training_records PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_training_records_volunteer
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT fk_training_records_team FOREIGN KEY (programme_id, team_id) REFERENCES teams (programme_id, id),
    CONSTRAINT ck_training_records_minutes CHECK (minutes BETWEEN 1 AND 1440)
)


CREATE INDEX ix_training_records_volunteer ON training_records (programme_id, volunteer_id, id)


-- Relatives of those who review: registered, so that nobody reviews their own family.
CREATE TABLE user_relatives (
    programme_id text NOT NULL,
    user_id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_user_relatives PRIMARY KEY (programme_id, user_id, volunteer_id),
    CONSTRAINT fk_user_relatives_user FOREIGN KEY (programme_id, user_id) REFERENCES users (programme_id, id),
    CONSTRAINT fk_user_relatives_volunteer
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id)
)


-- An organiser may be there for one region only.
ALTER TABLE users
    ADD COLUMN region_code text,
    ADD CONSTRAINT fk_users_region FOREIGN KEY (programme_id, region_code) REFERENCES regions (programme_id, code)


-- Days that a programme knows better than the calendar in the program: years not announced yet, local rest days.
CREATE TABLE working_days (
    programme_id text NOT NULL,
    day date NOT NULL,
    worked boolean NOT NULL,
    note text NOT NULL,
    set_at timestamptz NOT NULL,
    CONSTRAINT pk_working_days PRIMARY KEY (programme_id, day),
    CONSTRAINT fk_working_days_programme FOREIGN KEY (programme_id) REFERENCES programmes (id)
)


-- Objections to records. `rung`: which team up the line owes the answer; `due_at`: until when, as last written down.
CREATE TABLE objections (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    record_id uuid NOT NULL,
    state text NOT NULL,
    raised_by text NOT NULL,
    reason text NOT NULL,
    raised_at timestamptz NOT NULL,
    rung smallint NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    answered_by uuid,
    answer text NOT NULL DEFAULT '',
    answered_at timestamptz,
    CONSTRAINT pk_objections PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_objections_record FOREIGN KEY (programme_id, record_id) REFERENCES service_records (programme_id, id),
    CONSTRAINT ck_objections_state CHECK (
        state IN ('open', 'escalated', 'upheld', 'corrected', 'dismissed', 'taken-back')),
    CONSTRAINT ck_objections_answered CHECK (
        (state IN ('upheld', 'corrected', 'dismissed')) = (answered_by IS NOT NULL)
        AND (answered_by IS NULL) = (answered_at IS NULL))
)


CREATE UNIQUE INDEX uq_objections_waiting ON objections (programme_id, record_id, raised_by)
    WHERE state IN ('open', 'escalated')


CREATE INDEX ix_objections_due ON objections (programme_id, due_at) WHERE state IN ('open', 'escalated')


CREATE INDEX ix_objections_record ON objections (programme_id, record_id, id)
