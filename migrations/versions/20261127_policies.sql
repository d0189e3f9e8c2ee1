-- Published versions. Without a body: one of the time when rate and coefficients were all there was.
ALTER TABLE accrual_policies
    ADD COLUMN body json,
    ADD COLUMN unlock_minutes integer NOT NULL DEFAULT 0,
    ADD COLUMN reviewed_by uuid,
    ADD COLUMN published_by uuid,
    ADD CONSTRAINT ck_accrual_policies_unlock CHECK (unlock_minutes >= 0),
    ADD CONSTRAINT ck_accrual_policies_four_eyes CHECK (reviewed_by <> created_by)


-- What is being written: draft, then reviewed by somebody who wrote none of it, then published into the table above.
CREATE TABLE policy_drafts (
    programme_id text NOT NULL,
    version text NOT NULL,
    state text NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    body json NOT NULL,
    authors uuid[] NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    reviewed_by uuid,
    CONSTRAINT pk_policy_drafts PRIMARY KEY (programme_id, version),
    CONSTRAINT fk_policy_drafts_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT ck_policy_drafts_state CHECK (state IN ('draft', 'reviewed', 'published', 'discarded')),
    CONSTRAINT ck_policy_drafts_reviewed CHECK ((state IN ('reviewed', 'published')) = (reviewed_by IS NOT NULL)),
    CONSTRAINT ck_policy_drafts_four_eyes CHECK (reviewed_by <> ALL (authors))
)


-- What each verified record was priced from, and the steps by which: the explanation. Only ever appended to.
-- Written with the record under one lock, so there is no foreign key, as in the journal.
CREATE TABLE accruals (
    programme_id text NOT NULL,
    record_id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    day date NOT NULL,
    activity text NOT NULL,
    counted integer NOT NULL,
    points bigint NOT NULL,
    overlay_region text NOT NULL DEFAULT '',
    overlay_points bigint NOT NULL DEFAULT 0,
    policy text NOT NULL,
    inputs json NOT NULL,
    steps json NOT NULL,
    CONSTRAINT pk_accruals PRIMARY KEY (programme_id, record_id),
    CONSTRAINT ck_accruals_counted CHECK (counted >= 0),
    CONSTRAINT ck_accruals_points CHECK (points >= 0 AND overlay_points BETWEEN 0 AND points)
)


CREATE INDEX ix_accruals_volunteer ON accruals (programme_id, volunteer_id, day)


-- What was priced before: minutes, rate and coefficient of the level were all there was to it.
INSERT INTO accruals (programme_id, record_id, volunteer_id, day, activity, counted, points, policy, inputs, steps)
SELECT r.programme_id, r.id, r.volunteer_id, (r.started_at AT TIME ZONE p.zone)::date, replace(r.id::text, '-', ''),
       r.minutes, r.points, r.policy,
       json_build_object('service', json_build_object(
           'minutes', r.minutes, 'level', r.level, 'day', (r.started_at AT TIME ZONE p.zone)::date)),
       CASE WHEN a.coefficients_bp ->> r.level::text = '10000' THEN json_build_array(
           json_build_array('minutes', r.minutes, 1, ''), json_build_array('rate', a.rate_per_hour, 1, ''),
           json_build_array('earned', r.points, 1, ''))
       ELSE json_build_array(
           json_build_array('minutes', r.minutes, 1, ''), json_build_array('rate', a.rate_per_hour, 1, ''),
           json_build_array('level', (a.coefficients_bp ->> r.level::text)::integer, 1, ''),
           json_build_array('earned', r.points, 1, '')) END
FROM service_records r
JOIN programmes p ON p.id = r.programme_id
JOIN accrual_policies a ON a.programme_id = r.programme_id AND a.version = r.policy


CREATE TRIGGER accruals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accruals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
