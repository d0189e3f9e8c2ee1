-- A password that somebody else has set is good for one thing: to be changed.
ALTER TABLE users ADD COLUMN must_change_password boolean NOT NULL DEFAULT false


-- Refused log-ins of a quarter of an hour, counted by the door and by who tried, until a job notes them in the audit
-- trail. The subject is an id, or the keyed hash of a name that is nobody's.
CREATE TABLE refused_logins (
    programme_id text NOT NULL,
    began_at timestamptz NOT NULL,
    door text NOT NULL,
    subject text NOT NULL,
    refused integer NOT NULL,
    turned_away integer NOT NULL,
    CONSTRAINT pk_refused_logins PRIMARY KEY (programme_id, began_at, door, subject),
    CONSTRAINT fk_refused_logins_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT ck_refused_logins_counts CHECK (refused >= 0 AND turned_away >= 0)
)


-- What is over for long is deleted; the audit trail keeps how it began and ended.
CREATE INDEX ix_sessions_over ON sessions (programme_id, (coalesce(ended_at, LEAST(idle_until, expires_at))))


CREATE INDEX ix_binding_codes_expires_at ON binding_codes (programme_id, expires_at)
