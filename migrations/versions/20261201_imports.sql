-- Where a record came from, and its number there: one record for one number, however often it is sent.
ALTER TABLE service_records
    ADD COLUMN source text NOT NULL DEFAULT '',
    ADD COLUMN external_no text NOT NULL DEFAULT ''


CREATE UNIQUE INDEX uq_service_records_external_no ON service_records (programme_id, source, external_no)
    WHERE external_no <> ''


-- Nearly no record lasts longer than a day: who looks for times that touch each other looks one day back, and here.
CREATE INDEX ix_service_records_long ON service_records (programme_id, volunteer_id)
    WHERE ended_at - started_at > interval '1 day'


-- Teams have numbers in other systems too; names are unique in a region only.
CREATE TABLE team_external_ids (
    programme_id text NOT NULL,
    system text NOT NULL,
    external_id text NOT NULL,
    team_id uuid NOT NULL,
    CONSTRAINT pk_team_external_ids PRIMARY KEY (programme_id, system, external_id),
    CONSTRAINT fk_team_external_ids_team FOREIGN KEY (programme_id, team_id) REFERENCES teams (programme_id, id)
)


-- Files that were imported, by whom, and how far: a row moves on in the transaction that writes what it counts.
CREATE TABLE imports (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    source text NOT NULL,
    file_name text NOT NULL,
    file_sha256 bytea NOT NULL,
    mapping_sha256 bytea NOT NULL,
    state text NOT NULL,
    rows_done bigint NOT NULL DEFAULT 0,
    added bigint NOT NULL DEFAULT 0,
    known bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    entered_by uuid,
    verified_by uuid,
    started_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT pk_imports PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_imports_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT ck_imports_kind CHECK (kind IN ('teams', 'volunteers', 'service-records', 'opening-balances')),
    CONSTRAINT ck_imports_state CHECK (state IN ('running', 'done')),
    CONSTRAINT ck_imports_finished CHECK ((state = 'done') = (finished_at IS NOT NULL)),
    CONSTRAINT ck_imports_hashes CHECK (octet_length(file_sha256) = 32 AND octet_length(mapping_sha256) = 32),
    CONSTRAINT ck_imports_rows CHECK (rows_done = added + known + refused),
    CONSTRAINT ck_imports_four_eyes CHECK (entered_by <> verified_by)
) WITH (fillfactor = 50)


CREATE UNIQUE INDEX uq_imports_running
    ON imports (programme_id, kind, source, file_sha256, mapping_sha256) WHERE state = 'running'


-- Which rows of a file were refused, and why: never what stood in them.
CREATE TABLE import_refusals (
    programme_id text NOT NULL,
    import_id uuid NOT NULL,
    row_no bigint NOT NULL,
    field text NOT NULL,
    code text NOT NULL,
    fault text NOT NULL,
    CONSTRAINT pk_import_refusals PRIMARY KEY (programme_id, import_id, row_no),
    CONSTRAINT fk_import_refusals_import FOREIGN KEY (programme_id, import_id) REFERENCES imports (programme_id, id)
)
