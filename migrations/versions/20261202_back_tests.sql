-- Back-tests of policies: asked for, run by a job, kept. `body` is the draft as it was when it was asked for.
CREATE TABLE back_tests (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    version text NOT NULL,
    body json NOT NULL,
    body_hash bytea NOT NULL,
    since date NOT NULL,
    until date NOT NULL,
    state text NOT NULL DEFAULT 'queued',
    attempts smallint NOT NULL DEFAULT 0,
    done bigint NOT NULL DEFAULT 0,
    total bigint,
    asked_by uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT pk_back_tests PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_back_tests_draft FOREIGN KEY (programme_id, version) REFERENCES policy_drafts (programme_id, version),
    CONSTRAINT ck_back_tests_state CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'failed')),
    CONSTRAINT ck_back_tests_period CHECK (since <= until),
    CONSTRAINT ck_back_tests_finished CHECK ((state IN ('queued', 'running')) = (finished_at IS NULL)),
    CONSTRAINT ck_back_tests_body_hash CHECK (octet_length(body_hash) = 32)
)


CREATE INDEX ix_back_tests_waiting ON back_tests (programme_id, id) WHERE state IN ('queued', 'running')


CREATE INDEX ix_back_tests_version ON back_tests (programme_id, version, id)


-- What came of them: kept for ever, with the hash of the very body that was tested.
CREATE TABLE back_test_reports (
    programme_id text NOT NULL,
    back_test_id uuid NOT NULL,
    version text NOT NULL,
    body_hash bytea NOT NULL,
    report json NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT pk_back_test_reports PRIMARY KEY (programme_id, back_test_id),
    CONSTRAINT fk_back_test_reports_back_test
        FOREIGN KEY (programme_id, back_test_id) REFERENCES back_tests (programme_id, id),
    CONSTRAINT ck_back_test_reports_body_hash CHECK (octet_length(body_hash) = 32)
)


CREATE INDEX ix_back_test_reports_body ON back_test_reports (programme_id, version, body_hash)


CREATE TRIGGER back_test_reports_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON back_test_reports
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
