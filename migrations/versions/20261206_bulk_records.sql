-- Records that came many at once: one row a request, which moves on in the transaction that writes what it counts.
-- The idempotency key of the request is kept among the answers, which name this row.
CREATE TABLE bulk_requests (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    rows_told integer NOT NULL,
    rows_done integer NOT NULL DEFAULT 0,
    added integer NOT NULL DEFAULT 0,
    repeated integer NOT NULL DEFAULT 0,
    refused integer NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL,
    CONSTRAINT pk_bulk_requests PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_bulk_requests_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT ck_bulk_requests_rows CHECK (
        rows_done = added + repeated + refused AND rows_done BETWEEN 0 AND rows_told)
)


-- What became of the rows of a request, chunk by chunk: record or refusal, never what stood in the row.
CREATE TABLE bulk_answers (
    programme_id text NOT NULL,
    request_id uuid NOT NULL,
    first_row integer NOT NULL,
    answers json NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT pk_bulk_answers PRIMARY KEY (programme_id, request_id, first_row),
    CONSTRAINT fk_bulk_answers_request FOREIGN KEY (programme_id, request_id) REFERENCES bulk_requests (programme_id, id)
)


CREATE TRIGGER bulk_answers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bulk_answers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


-- A mark that somebody looked into and found harmless stays, with who cleared it and why.
ALTER TABLE record_marks
    ADD COLUMN cleared_by uuid,
    ADD COLUMN cleared_at timestamptz,
    ADD COLUMN clearing_reason text,
    ADD CONSTRAINT ck_record_marks_cleared CHECK (
        (cleared_by IS NULL) = (cleared_at IS NULL) AND (cleared_at IS NULL) = (clearing_reason IS NULL))


CREATE INDEX ix_record_marks_open ON record_marks (programme_id, record_id, kind) WHERE cleared_at IS NULL


-- Up to which transaction each of the jobs that follow the journal has looked at it.
CREATE TABLE journal_cursors (
    programme_id text NOT NULL,
    reader text NOT NULL,
    seq bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_journal_cursors PRIMARY KEY (programme_id, reader),
    CONSTRAINT fk_journal_cursors_programme FOREIGN KEY (programme_id) REFERENCES programmes (id)
)
