-- Published versions of benefit programmes. `body` is the whole of it; the other columns are what is looked for.
CREATE TABLE benefits (
    programme_id text NOT NULL,
    code text NOT NULL,
    version text NOT NULL,
    effective_from date NOT NULL,
    kind text NOT NULL,
    body json NOT NULL,
    created_by uuid NOT NULL,
    reviewed_by uuid NOT NULL,
    published_by uuid NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT pk_benefits PRIMARY KEY (programme_id, code, version),
    CONSTRAINT uq_benefits_effective UNIQUE (programme_id, code, effective_from),
    CONSTRAINT fk_benefits_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT ck_benefits_kind CHECK (kind IN (
        'enrolment_reference', 'hardship_aid', 'startup_referral', 'event_ticket', 'discount', 'priority')),
    CONSTRAINT ck_benefits_four_eyes CHECK (reviewed_by <> created_by)
)


-- From which day on no application is made under a version. Who has been granted something keeps it.
CREATE TABLE benefit_withdrawals (
    programme_id text NOT NULL,
    code text NOT NULL,
    version text NOT NULL,
    withdrawn_from date NOT NULL,
    reason text NOT NULL,
    withdrawn_by uuid NOT NULL,
    withdrawn_at timestamptz NOT NULL,
    CONSTRAINT pk_benefit_withdrawals PRIMARY KEY (programme_id, code, version),
    CONSTRAINT fk_benefit_withdrawals_benefit
        FOREIGN KEY (programme_id, code, version) REFERENCES benefits (programme_id, code, version)
)


-- What is being written: draft, then reviewed by somebody who wrote none of it, then published into the table above.
CREATE TABLE benefit_drafts (
    programme_id text NOT NULL,
    code text NOT NULL,
    version text NOT NULL,
    state text NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    body json NOT NULL,
    authors uuid[] NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    reviewed_by uuid,
    CONSTRAINT pk_benefit_drafts PRIMARY KEY (programme_id, code, version),
    CONSTRAINT fk_benefit_drafts_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT ck_benefit_drafts_state CHECK (state IN ('draft', 'reviewed', 'published', 'discarded')),
    CONSTRAINT ck_benefit_drafts_reviewed CHECK ((state IN ('reviewed', 'published')) = (reviewed_by IS NOT NULL)),
    CONSTRAINT ck_benefit_drafts_four_eyes CHECK (reviewed_by <> ALL (authors))
)


CREATE TRIGGER benefits_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON benefits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


CREATE TRIGGER benefit_withdrawals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON benefit_withdrawals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
