-- Where the status of what was signed stands in the programme's status lists. A place is given out once, at random.
CREATE TABLE credential_statuses (
    programme_id text NOT NULL,
    list_no integer NOT NULL,
    place integer NOT NULL,
    grant_id uuid,
    certificate_number text,
    given_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT pk_credential_statuses PRIMARY KEY (programme_id, list_no, place),
    CONSTRAINT uq_credential_statuses_grant UNIQUE (programme_id, grant_id),
    CONSTRAINT uq_credential_statuses_certificate UNIQUE (programme_id, certificate_number),
    CONSTRAINT fk_credential_statuses_grant FOREIGN KEY (programme_id, grant_id)
        REFERENCES benefit_grants (programme_id, id),
    CONSTRAINT fk_credential_statuses_certificate FOREIGN KEY (programme_id, certificate_number)
        REFERENCES certificates (programme_id, number),
    CONSTRAINT ck_credential_statuses_subject CHECK (num_nonnulls(grant_id, certificate_number) = 1),
    CONSTRAINT ck_credential_statuses_place CHECK (list_no > 0 AND place BETWEEN 0 AND 131071)
)


CREATE INDEX ix_certificates_volunteer ON certificates (programme_id, volunteer_id)


-- Which system may ask what of a volunteer, and until when.
CREATE TABLE predicate_permits (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    client_id uuid NOT NULL,
    kinds text[] NOT NULL,
    given_by text NOT NULL,
    given_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT pk_predicate_permits PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_predicate_permits_volunteer FOREIGN KEY (programme_id, volunteer_id)
        REFERENCES volunteers (programme_id, id),
    CONSTRAINT fk_predicate_permits_client FOREIGN KEY (programme_id, client_id) REFERENCES clients (programme_id, id),
    CONSTRAINT ck_predicate_permits_kinds CHECK (cardinality(kinds) > 0),
    CONSTRAINT ck_predicate_permits_times CHECK (given_at < until AND given_at <= revoked_at)
)


CREATE INDEX ix_predicate_permits_volunteer ON predicate_permits (programme_id, volunteer_id, id)


-- Who asked what and under which permit. What was answered only the asker has: here is the hash of it.
CREATE TABLE predicate_answers (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    client_id uuid NOT NULL,
    permit_id uuid NOT NULL,
    predicates json NOT NULL,
    on_day date NOT NULL,
    question_hash bytea NOT NULL,
    answer_hash bytea NOT NULL,
    answered_at timestamptz NOT NULL,
    CONSTRAINT pk_predicate_answers PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_predicate_answers_permit FOREIGN KEY (programme_id, permit_id)
        REFERENCES predicate_permits (programme_id, id)
)


CREATE INDEX ix_predicate_answers_volunteer ON predicate_answers (programme_id, volunteer_id, id)


CREATE TRIGGER predicate_answers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON predicate_answers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


-- The audit trail becomes provable: numbers without gaps, a leaf hash for each row, signed roots over all of them.
CREATE TABLE audit_heads (
    programme_id text NOT NULL,
    next_number bigint NOT NULL,
    CONSTRAINT pk_audit_heads PRIMARY KEY (programme_id),
    CONSTRAINT fk_audit_heads_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT ck_audit_heads_next CHECK (next_number > 0)
)


ALTER TABLE audit_rows
    ADD COLUMN number bigint,
    ADD COLUMN request_id text NOT NULL DEFAULT '',
    ADD COLUMN network text NOT NULL DEFAULT '',
    ADD COLUMN device text NOT NULL DEFAULT '',
    ADD COLUMN leaf_hash bytea


ALTER TABLE audit_rows DISABLE TRIGGER audit_rows_append_only


UPDATE audit_rows a SET number = n.number
FROM (
    SELECT programme_id, id, row_number() OVER (PARTITION BY programme_id ORDER BY recorded_at, id) AS number
    FROM audit_rows
) n
WHERE n.programme_id = a.programme_id AND n.id = a.id


-- The canonical form of core/audit_trail.py, version 1.
UPDATE audit_rows SET leaf_hash = sha256(decode('00', 'hex') || convert_to(
    '["liyu audit v1",' || to_json(programme_id)::text || ',' || number || ',"' || replace(id::text, '-', '') || '",'
    || to_json(actor)::text || ',' || to_json(action)::text || ',' || to_json(subject)::text || ','
    || to_json(changes::text)::text || ',"","","","'
    || to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"]', 'UTF8'))


ALTER TABLE audit_rows ENABLE TRIGGER audit_rows_append_only


ALTER TABLE audit_rows
    ALTER COLUMN number SET NOT NULL,
    ALTER COLUMN leaf_hash SET NOT NULL,
    ADD CONSTRAINT uq_audit_rows_number UNIQUE (programme_id, number),
    ADD CONSTRAINT ck_audit_rows_leaf CHECK (octet_length(leaf_hash) = 32)


CREATE INDEX ix_audit_rows_subject ON audit_rows (programme_id, subject, number)


CREATE INDEX ix_audit_rows_actor ON audit_rows (programme_id, actor, number)


INSERT INTO audit_heads (programme_id, next_number)
SELECT programme_id, max(number) + 1 FROM audit_rows GROUP BY programme_id


-- Heads of the trail's tree. Its peaks stand beside the root: all that the tree needs to grow.
CREATE TABLE trail_checkpoints (
    programme_id text NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    peaks bytea[] NOT NULL,
    recorded_at timestamptz NOT NULL,
    kid text NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT pk_trail_checkpoints PRIMARY KEY (programme_id, size),
    CONSTRAINT ck_trail_checkpoints_root CHECK (octet_length(root) = 32)
)


CREATE TRIGGER trail_checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trail_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
