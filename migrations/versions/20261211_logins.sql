-- What a programme asks of those who log in. `demo`: loaded by `liyu demo`, with passwords that were printed.
CREATE TABLE login_settings (
    programme_id text NOT NULL,
    second_factor boolean NOT NULL DEFAULT false,
    demo boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_login_settings PRIMARY KEY (programme_id),
    CONSTRAINT fk_login_settings_programme FOREIGN KEY (programme_id) REFERENCES programmes (id)
)


-- Attempts to log in or to guess a code, counted over all processes. The subject is a keyed hash of a name or an address.
CREATE TABLE login_attempts (
    programme_id text NOT NULL,
    subject bytea NOT NULL,
    attempts integer NOT NULL,
    began_at timestamptz NOT NULL,
    closed_until timestamptz,
    CONSTRAINT pk_login_attempts PRIMARY KEY (programme_id, subject),
    CONSTRAINT fk_login_attempts_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT ck_login_attempts_attempts CHECK (attempts >= 0)
)


CREATE INDEX ix_login_attempts_began_at ON login_attempts (programme_id, began_at)


-- Second factors (RFC 6238). A step that was used is never used again, in whichever process.
CREATE TABLE user_totps (
    programme_id text NOT NULL,
    user_id uuid NOT NULL,
    secret bytea NOT NULL,
    last_step bigint NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    CONSTRAINT pk_user_totps PRIMARY KEY (programme_id, user_id),
    CONSTRAINT fk_user_totps_user FOREIGN KEY (programme_id, user_id) REFERENCES users (programme_id, id)
)


CREATE TABLE recovery_codes (
    programme_id text NOT NULL,
    user_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_recovery_codes PRIMARY KEY (programme_id, user_id, code_hash),
    CONSTRAINT fk_recovery_codes_user FOREIGN KEY (programme_id, user_id) REFERENCES users (programme_id, id)
)


-- A log-in and all that was given out for it. `seq` numbers its refresh tokens: only the newest is good.
CREATE TABLE sessions (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    acting_id uuid,
    guardianship_id uuid,
    method text NOT NULL,
    device text NOT NULL,
    network text NOT NULL,
    seq integer NOT NULL,
    created_at timestamptz NOT NULL,
    refreshed_at timestamptz NOT NULL,
    idle_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text,
    CONSTRAINT pk_sessions PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_sessions_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT ck_sessions_ended CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CONSTRAINT ck_sessions_acting CHECK ((acting_id IS NULL) = (guardianship_id IS NULL))
)


CREATE INDEX ix_sessions_subject ON sessions (programme_id, subject_id, id) WHERE ended_at IS NULL


CREATE INDEX ix_sessions_guardianship ON sessions (programme_id, guardianship_id)
    WHERE guardianship_id IS NOT NULL AND ended_at IS NULL


-- Which volunteer a WeChat account belongs to. The openid is there as a keyed hash to find it by, and sealed.
CREATE TABLE wechat_links (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    openid_index bytea NOT NULL,
    openid bytea NOT NULL,
    volunteer_id uuid NOT NULL,
    bound_by text NOT NULL,
    bound_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text,
    CONSTRAINT pk_wechat_links PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_wechat_links_volunteer FOREIGN KEY (programme_id, volunteer_id)
        REFERENCES volunteers (programme_id, id),
    CONSTRAINT ck_wechat_links_ended CHECK ((ended_at IS NULL) = (ended_by IS NULL))
)


CREATE UNIQUE INDEX uq_wechat_links_openid ON wechat_links (programme_id, openid_index) WHERE ended_at IS NULL


CREATE UNIQUE INDEX uq_wechat_links_volunteer ON wechat_links (programme_id, volunteer_id) WHERE ended_at IS NULL


-- One-time codes with which a volunteer who stood before an organiser binds an account.
CREATE TABLE binding_codes (
    programme_id text NOT NULL,
    code_hash bytea NOT NULL,
    volunteer_id uuid NOT NULL,
    issued_by uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_binding_codes PRIMARY KEY (programme_id, code_hash),
    CONSTRAINT fk_binding_codes_volunteer FOREIGN KEY (programme_id, volunteer_id)
        REFERENCES volunteers (programme_id, id)
)


CREATE INDEX ix_binding_codes_volunteer ON binding_codes (programme_id, volunteer_id) WHERE used_at IS NULL


-- Who acts for a child under 14. It ends by the date alone; `ends_on` is the child's fourteenth birthday.
CREATE TABLE guardianships (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL,
    guardian_id uuid NOT NULL,
    child_id uuid NOT NULL,
    kinship text NOT NULL,
    consent_version text NOT NULL,
    proposed_at timestamptz NOT NULL,
    ends_on date NOT NULL,
    confirmed_by uuid,
    confirmed_at timestamptz,
    evidence text,
    ended_at timestamptz,
    ended_by text,
    CONSTRAINT pk_guardianships PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_guardianships_guardian FOREIGN KEY (programme_id, guardian_id)
        REFERENCES volunteers (programme_id, id),
    CONSTRAINT fk_guardianships_child FOREIGN KEY (programme_id, child_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT ck_guardianships_state CHECK (state IN ('proposed', 'active', 'ended')),
    CONSTRAINT ck_guardianships_apart CHECK (guardian_id <> child_id),
    CONSTRAINT ck_guardianships_confirmed CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL)),
    CONSTRAINT ck_guardianships_ended CHECK ((state = 'ended') = (ended_at IS NOT NULL))
)


CREATE UNIQUE INDEX uq_guardianships_pair ON guardianships (programme_id, guardian_id, child_id)
    WHERE state <> 'ended'


CREATE INDEX ix_guardianships_child ON guardianships (programme_id, child_id)


-- Other systems that call us. No networks: from anywhere.
CREATE TABLE clients (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    networks text[] NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    last_used_at timestamptz,
    CONSTRAINT pk_clients PRIMARY KEY (programme_id, id),
    CONSTRAINT uq_clients_name UNIQUE (programme_id, name),
    CONSTRAINT fk_clients_programme FOREIGN KEY (programme_id) REFERENCES programmes (id)
)


-- What a client proves itself with: secrets for the OAuth token call, keys that are sent with each call. Hashed both.
CREATE TABLE client_credentials (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    client_id uuid NOT NULL,
    kind text NOT NULL,
    prefix text NOT NULL,
    hash bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    ended_at timestamptz,
    last_used_at timestamptz,
    CONSTRAINT pk_client_credentials PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_client_credentials_client FOREIGN KEY (programme_id, client_id) REFERENCES clients (programme_id, id),
    CONSTRAINT ck_client_credentials_kind CHECK (kind IN ('secret', 'api_key'))
)


CREATE INDEX ix_client_credentials_client ON client_credentials (programme_id, client_id, id)
