-- Verified minutes for one star, two stars, …: 100, 300, 600, 1000 and 1500 hours until the programme says otherwise.
ALTER TABLE programmes
    ADD COLUMN star_minutes integer[] NOT NULL DEFAULT '{6000,18000,36000,60000,90000}',
    ADD CONSTRAINT ck_programmes_star_minutes CHECK (cardinality(star_minutes) BETWEEN 1 AND 10)


-- Honours (order 67, Art. 9). `edition`: of the programme's own four tens (四个10), NULL for any other honour.
CREATE TABLE honours (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    awarded_by text NOT NULL,
    level text NOT NULL,
    edition smallint,
    awarded_on date NOT NULL,
    evidence text NOT NULL,
    volunteer_id uuid,
    team_id uuid,
    region_code text,
    CONSTRAINT pk_honours PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_honours_volunteer FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT fk_honours_team FOREIGN KEY (programme_id, team_id) REFERENCES teams (programme_id, id),
    CONSTRAINT fk_honours_region FOREIGN KEY (programme_id, region_code) REFERENCES regions (programme_id, code),
    CONSTRAINT ck_honours_kind CHECK (kind IN ('volunteer', 'worker', 'team', 'community')),
    CONSTRAINT ck_honours_level CHECK (level IN ('national', 'provincial', 'city', 'county', 'other')),
    CONSTRAINT ck_honours_edition CHECK (edition BETWEEN 1 AND 100),
    CONSTRAINT ck_honours_subject CHECK (
        (kind IN ('volunteer', 'worker')) = (volunteer_id IS NOT NULL)
        AND (kind = 'team') = (team_id IS NOT NULL)
        AND (kind = 'community') = (region_code IS NOT NULL))
)


CREATE INDEX ix_honours_volunteer ON honours (programme_id, volunteer_id, id)


CREATE INDEX ix_honours_edition ON honours (programme_id, edition, kind)


-- What became of an honour: one row for each step, the last says where it stands.
CREATE TABLE honour_states (
    programme_id text NOT NULL,
    honour_id uuid NOT NULL,
    number smallint NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    user_id uuid NOT NULL,
    set_at timestamptz NOT NULL,
    CONSTRAINT pk_honour_states PRIMARY KEY (programme_id, honour_id, number),
    CONSTRAINT fk_honour_states_honour FOREIGN KEY (programme_id, honour_id) REFERENCES honours (programme_id, id),
    CONSTRAINT ck_honour_states_state CHECK (state IN ('entered', 'recorded', 'withdrawn'))
)


-- Certificates of service that were given out, with the records that they speak of and the minutes of each.
CREATE TABLE certificates (
    programme_id text NOT NULL,
    number text NOT NULL,
    volunteer_id uuid NOT NULL,
    minutes bigint NOT NULL,
    record_ids uuid[] NOT NULL,
    record_minutes integer[] NOT NULL,
    issued_at timestamptz NOT NULL,
    CONSTRAINT pk_certificates PRIMARY KEY (programme_id, number),
    CONSTRAINT fk_certificates_volunteer
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT ck_certificates_minutes CHECK (minutes > 0 AND cardinality(record_ids) = cardinality(record_minutes))
)


CREATE TRIGGER honours_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON honours
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


CREATE TRIGGER honour_states_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON honour_states
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


CREATE TRIGGER certificates_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON certificates
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
