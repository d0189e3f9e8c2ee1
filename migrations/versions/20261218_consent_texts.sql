-- A grant that the office was wrong to give is annulled by two people: its application says so.
ALTER TABLE applications DROP CONSTRAINT ck_applications_state


ALTER TABLE applications ADD CONSTRAINT ck_applications_state CHECK (state IN (
    'draft', 'submitted', 'material-requested', 'village-review', 'town-review', 'publicity', 'objection',
    'city-review', 'waiting', 'approved', 'referred', 'accepted-by-authority', 'declined-by-authority',
    'fulfilled', 'rejected', 'withdrawn', 'revoked', 'annulled', 'expired', 'appealed'))


-- The texts that people agree to, as somebody wrote them and before a second person published them. Only appended to.
CREATE TABLE consent_text_drafts (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    purpose text NOT NULL,
    version text NOT NULL,
    text_zh text NOT NULL,
    text_en text NOT NULL,
    text_hash bytea NOT NULL,
    effective_from date NOT NULL,
    ask_again boolean NOT NULL,
    drafted_by uuid NOT NULL,
    drafted_at timestamptz NOT NULL,
    CONSTRAINT pk_consent_text_drafts PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_consent_text_drafts_programme FOREIGN KEY (programme_id) REFERENCES programmes (id)
)


-- The register: which words of a purpose are in force from when. `ask_again`: consents given before no longer hold.
CREATE TABLE consent_texts (
    programme_id text NOT NULL,
    purpose text NOT NULL,
    version text NOT NULL,
    draft_id uuid NOT NULL,
    text_zh text NOT NULL,
    text_en text NOT NULL,
    text_hash bytea NOT NULL,
    ask_again boolean NOT NULL,
    in_force_at timestamptz NOT NULL,
    drafted_by uuid NOT NULL,
    published_by uuid NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT pk_consent_texts PRIMARY KEY (programme_id, purpose, version),
    CONSTRAINT uq_consent_texts_in_force_at UNIQUE (programme_id, purpose, in_force_at),
    CONSTRAINT fk_consent_texts_draft
        FOREIGN KEY (programme_id, draft_id) REFERENCES consent_text_drafts (programme_id, id),
    CONSTRAINT ck_consent_texts_four_eyes CHECK (published_by <> drafted_by),
    CONSTRAINT ck_consent_texts_in_force_at CHECK (in_force_at >= published_at)
)


-- Of the text that was shown. Consents from before the register, and those of purposes without a text, have none.
ALTER TABLE consents ADD COLUMN text_hash bytea


CREATE TRIGGER consent_text_drafts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_text_drafts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()


CREATE TRIGGER consent_texts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_texts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
