-- Applications for benefits. The route (levels, notice, external) is that of the version applied under, which is never
-- edited; `facts` are frozen at submission. No names and no documents: material lies sealed elsewhere.
CREATE TABLE applications (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    benefit_code text NOT NULL,
    benefit_version text NOT NULL,
    levels smallint[] NOT NULL,
    publicity_days smallint NOT NULL,
    external boolean NOT NULL,
    state text NOT NULL,
    since timestamptz NOT NULL,
    due_at timestamptz,
    entered_by text NOT NULL,
    region_code text NOT NULL,
    created_at timestamptz NOT NULL,
    submitted_at timestamptz,
    term_from timestamptz,
    notice_until timestamptz,
    facts text,
    facts_hash bytea,
    flagged boolean NOT NULL DEFAULT false,
    asked boolean NOT NULL DEFAULT false,
    appealed boolean NOT NULL DEFAULT false,
    rejected_from text,
    requested_fen bigint,
    amount_fen bigint,
    valid_until timestamptz,
    round_id uuid,
    statement text NOT NULL,
    material json NOT NULL,
    settled boolean NOT NULL DEFAULT true,
    revision integer NOT NULL DEFAULT 1,
    CONSTRAINT pk_applications PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_applications_volunteer
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT fk_applications_benefit
        FOREIGN KEY (programme_id, benefit_code, benefit_version) REFERENCES benefits (programme_id, code, version),
    CONSTRAINT fk_applications_region FOREIGN KEY (programme_id, region_code) REFERENCES regions (programme_id, code),
    CONSTRAINT ck_applications_state CHECK (state IN (
        'draft', 'submitted', 'material-requested', 'village-review', 'town-review', 'publicity', 'objection',
        'city-review', 'waiting', 'approved', 'referred', 'accepted-by-authority', 'declined-by-authority',
        'fulfilled', 'rejected', 'withdrawn', 'revoked', 'expired', 'appealed')),
    CONSTRAINT ck_applications_facts CHECK ((facts IS NULL) = (facts_hash IS NULL)),
    CONSTRAINT ck_applications_frozen CHECK (state IN ('draft', 'withdrawn') OR facts IS NOT NULL),
    CONSTRAINT ck_applications_amounts CHECK (requested_fen > 0 AND amount_fen > 0),
    CONSTRAINT ck_applications_publicity CHECK (publicity_days >= 0)
)


CREATE INDEX ix_applications_volunteer ON applications (programme_id, volunteer_id, id)


CREATE INDEX ix_applications_state ON applications (programme_id, state, id)


CREATE INDEX ix_applications_due ON applications (programme_id, due_at) WHERE due_at IS NOT NULL


-- What the ledger still has to do or undo for an application that people have decided.
CREATE INDEX ix_applications_unsettled ON applications (programme_id, id) WHERE NOT settled


-- What has happened to each application, in order. `differences`: the facts that were no longer what was frozen.
CREATE TABLE application_steps (
    programme_id text NOT NULL,
    application_id uuid NOT NULL,
    number integer NOT NULL,
    event text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    actor text NOT NULL,
    user_id uuid,
    level smallint,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    facts_hash bytea,
    differences json NOT NULL,
    CONSTRAINT pk_application_steps PRIMARY KEY (programme_id, application_id, number),
    CONSTRAINT fk_application_steps_application
        FOREIGN KEY (programme_id, application_id) REFERENCES applications (programme_id, id),
    CONSTRAINT ck_application_steps_number CHECK (number > 0),
    CONSTRAINT ck_application_steps_level CHECK (level BETWEEN 1 AND 3)
)


CREATE TRIGGER application_steps_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON application_steps
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


-- What the public has said against an application under notice: each volunteer once, answered in writing.
CREATE TABLE application_objections (
    programme_id text NOT NULL,
    application_id uuid NOT NULL,
    raised_by uuid NOT NULL,
    reason text NOT NULL,
    raised_at timestamptz NOT NULL,
    answer text,
    answered_by uuid,
    answered_at timestamptz,
    CONSTRAINT pk_application_objections PRIMARY KEY (programme_id, application_id, raised_by),
    CONSTRAINT fk_application_objections_application
        FOREIGN KEY (programme_id, application_id) REFERENCES applications (programme_id, id),
    CONSTRAINT fk_application_objections_volunteer
        FOREIGN KEY (programme_id, raised_by) REFERENCES volunteers (programme_id, id),
    CONSTRAINT ck_application_objections_answered
        CHECK ((answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (answered_by IS NULL))
)
