-- The files of applications, each sealed under its applicant's key: one for each kind of paper a benefit asks for.
-- Deleted when the person is erased, and when its term after the end of the case is over. `volunteer_id` is the
-- application's own, for that; a key to the person would let an upload and an erasure wait for each other.
CREATE TABLE application_files (
    programme_id text NOT NULL,
    application_id uuid NOT NULL,
    code text NOT NULL,
    volunteer_id uuid NOT NULL,
    media_type text NOT NULL,
    size integer NOT NULL,
    sha256 bytea NOT NULL,
    sealed bytea NOT NULL,
    uploaded_by text NOT NULL,
    uploaded_at timestamptz NOT NULL,
    CONSTRAINT pk_application_files PRIMARY KEY (programme_id, application_id, code),
    CONSTRAINT fk_application_files_application
        FOREIGN KEY (programme_id, application_id) REFERENCES applications (programme_id, id),
    CONSTRAINT ck_application_files_media_type CHECK (media_type IN ('image/jpeg', 'image/png', 'application/pdf')),
    CONSTRAINT ck_application_files_size CHECK (size BETWEEN 1 AND 5242880),
    CONSTRAINT ck_application_files_sha256 CHECK (octet_length(sha256) = 32)
)


-- What is sealed does not become smaller.
ALTER TABLE application_files ALTER COLUMN sealed SET STORAGE EXTERNAL


CREATE INDEX ix_application_files_volunteer ON application_files (programme_id, volunteer_id)


ALTER TABLE data_reads
    DROP CONSTRAINT ck_data_reads_kind,
    ADD CONSTRAINT ck_data_reads_kind CHECK (kind IN ('unmask', 'look-up', 'export', 'material'))
