-- One data key a person, sealed under the vault's newest key of its day. Destroying the row is erasure.
CREATE TABLE person_keys (
    programme_id text NOT NULL,
    volunteer_id uuid NOT NULL,
    sealed_key bytea NOT NULL,
    sealed_under text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_person_keys PRIMARY KEY (programme_id, volunteer_id),
    CONSTRAINT fk_person_keys_volunteer FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id)
)


CREATE INDEX ix_person_keys_sealed_under ON person_keys (programme_id, sealed_under, volunteer_id)


-- Personal data, each value sealed under the key of its person and bound to its place.
CREATE TABLE vault_fields (
    programme_id text NOT NULL,
    volunteer_id uuid NOT NULL,
    field text NOT NULL,
    sealed bytea NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_vault_fields PRIMARY KEY (programme_id, volunteer_id, field),
    CONSTRAINT fk_vault_fields_person
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES person_keys (programme_id, volunteer_id),
    CONSTRAINT ck_vault_fields_field CHECK (field IN ('name', 'phone', 'id_type', 'id_number'))
)


-- Keyed hashes, by which a person is found again. A document belongs to one person; a phone may be a family's.
CREATE TABLE vault_indexes (
    programme_id text NOT NULL,
    volunteer_id uuid NOT NULL,
    field text NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT pk_vault_indexes PRIMARY KEY (programme_id, volunteer_id, field),
    CONSTRAINT fk_vault_indexes_person
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES person_keys (programme_id, volunteer_id),
    CONSTRAINT ck_vault_indexes_field CHECK (field IN ('phone', 'id_number')),
    CONSTRAINT ck_vault_indexes_digest CHECK (octet_length(digest) = 32)
)


CREATE UNIQUE INDEX uq_vault_indexes_id_number ON vault_indexes (programme_id, digest) WHERE field = 'id_number'


CREATE INDEX ix_vault_indexes_digest ON vault_indexes (programme_id, field, digest)


-- Leave to see a minor's data once, given by a second person (未成年人网络保护条例, Art. 36).
CREATE TABLE data_approvals (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    fields text[] NOT NULL,
    reason text NOT NULL,
    asked_by uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    approved_by uuid,
    approved_at timestamptz,
    valid_until timestamptz,
    used_at timestamptz,
    CONSTRAINT pk_data_approvals PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_data_approvals_volunteer
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT ck_data_approvals_four_eyes CHECK (approved_by <> asked_by),
    CONSTRAINT ck_data_approvals_approved CHECK (
        (approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL) = (valid_until IS NULL)),
    CONSTRAINT ck_data_approvals_used CHECK (used_at IS NULL OR used_at < valid_until)
)


-- Who saw what of whom in clear: why, from where, when. Only ever appended to.
CREATE TABLE data_reads (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    fields text[] NOT NULL,
    reason text NOT NULL,
    address text NOT NULL,
    approval_id uuid,
    read_at timestamptz NOT NULL,
    CONSTRAINT pk_data_reads PRIMARY KEY (programme_id, id),
    CONSTRAINT ck_data_reads_kind CHECK (kind IN ('unmask', 'look-up', 'export'))
)


CREATE INDEX ix_data_reads_volunteer ON data_reads (programme_id, volunteer_id, id)


CREATE UNIQUE INDEX uq_data_reads_approval ON data_reads (programme_id, approval_id) WHERE approval_id IS NOT NULL


-- What each volunteer agreed to, and took back: one row a step. Only ever appended to.
CREATE TABLE consents (
    programme_id text NOT NULL,
    volunteer_id uuid NOT NULL,
    purpose text NOT NULL,
    number integer NOT NULL,
    id uuid NOT NULL,
    step text NOT NULL,
    version text NOT NULL,
    channel text NOT NULL,
    given_by text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT pk_consents PRIMARY KEY (programme_id, volunteer_id, purpose, number),
    CONSTRAINT uq_consents_id UNIQUE (programme_id, volunteer_id, id),
    CONSTRAINT fk_consents_volunteer FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT ck_consents_number CHECK (number > 0),
    CONSTRAINT ck_consents_step CHECK (step IN ('given', 'withdrawn')),
    CONSTRAINT ck_consents_given_by CHECK (given_by IN ('self', 'guardian'))
)


-- Requests to erase a person's data: asked by the volunteer or for them, decided by a second person.
CREATE TABLE erasure_requests (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    decision text NOT NULL DEFAULT '',
    CONSTRAINT pk_erasure_requests PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_erasure_requests_volunteer
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT ck_erasure_requests_state CHECK (state IN ('requested', 'refused', 'erased')),
    CONSTRAINT ck_erasure_requests_decided CHECK (
        (state = 'requested') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT ck_erasure_requests_four_eyes CHECK (decided_by <> requested_by)
)


CREATE UNIQUE INDEX uq_erasure_requests_open ON erasure_requests (programme_id, volunteer_id) WHERE state = 'requested'


-- Who was erased, so that a restored backup can be brought to it again. Only ever appended to.
CREATE TABLE erasures (
    programme_id text NOT NULL,
    volunteer_id uuid NOT NULL,
    reason text NOT NULL,
    requested_by text NOT NULL,
    approved_by text NOT NULL,
    erased_at timestamptz NOT NULL,
    CONSTRAINT pk_erasures PRIMARY KEY (programme_id, volunteer_id)
)


CREATE TRIGGER data_reads_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON data_reads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


CREATE TRIGGER consents_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consents
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


CREATE TRIGGER erasures_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erasures
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
