-- Sheets of opening balances: entered by one, approved by another, brought over line by line by a job.
CREATE TABLE opening_sheets (
    programme_id text NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL,
    source text NOT NULL,
    reason text NOT NULL,
    lines integer NOT NULL,
    points bigint NOT NULL,
    minutes bigint NOT NULL,
    drafted_by uuid NOT NULL,
    drafted_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT pk_opening_sheets PRIMARY KEY (programme_id, id),
    CONSTRAINT fk_opening_sheets_programme FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT ck_opening_sheets_state CHECK (state IN ('draft', 'executing', 'done', 'withdrawn')),
    CONSTRAINT ck_opening_sheets_decided CHECK (
        (state = 'draft') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT ck_opening_sheets_four_eyes CHECK (state NOT IN ('executing', 'done') OR decided_by <> drafted_by),
    CONSTRAINT ck_opening_sheets_finished CHECK ((state = 'done') = (finished_at IS NOT NULL)),
    CONSTRAINT ck_opening_sheets_sums CHECK (lines > 0 AND points >= 0 AND minutes >= 0)
)


CREATE INDEX ix_opening_sheets_executing ON opening_sheets (programme_id, id) WHERE state = 'executing'


-- The lines of a sheet as they were entered, and what became of each.
CREATE TABLE opening_lines (
    programme_id text NOT NULL,
    sheet_id uuid NOT NULL,
    line_no integer NOT NULL,
    external_no text NOT NULL,
    volunteer_id uuid NOT NULL,
    dated_on date NOT NULL,
    points bigint NOT NULL,
    minutes bigint NOT NULL,
    expires_on date,
    state text NOT NULL DEFAULT 'pending',
    code text NOT NULL DEFAULT '',
    opening_id uuid,
    CONSTRAINT pk_opening_lines PRIMARY KEY (programme_id, sheet_id, line_no),
    CONSTRAINT uq_opening_lines_external_no UNIQUE (programme_id, sheet_id, external_no),
    CONSTRAINT fk_opening_lines_sheet FOREIGN KEY (programme_id, sheet_id) REFERENCES opening_sheets (programme_id, id),
    CONSTRAINT fk_opening_lines_volunteer
        FOREIGN KEY (programme_id, volunteer_id) REFERENCES volunteers (programme_id, id),
    CONSTRAINT ck_opening_lines_state CHECK (state IN ('pending', 'added', 'known', 'refused')),
    CONSTRAINT ck_opening_lines_refused CHECK ((state = 'refused') = (code <> '')),
    CONSTRAINT ck_opening_lines_opening CHECK ((state IN ('added', 'known')) = (opening_id IS NOT NULL))
)


-- A referral can be taken back too, once nothing stands of what the referred volunteer had served.
ALTER TABLE bonuses
    DROP CONSTRAINT ck_bonuses_kind,
    DROP CONSTRAINT ck_bonuses_revokes,
    ADD CONSTRAINT ck_bonuses_kind CHECK (
        kind IN ('start-grant', 'referral-bonus', 'honour-bonus', 'honour-withdrawn', 'referral-withdrawn')),
    ADD CONSTRAINT ck_bonuses_revokes CHECK (
        (kind IN ('honour-withdrawn', 'referral-withdrawn')) = (revokes_id IS NOT NULL))


-- Few records are ever withdrawn: who looks for them reads no others.
CREATE INDEX ix_service_records_withdrawn ON service_records (programme_id, volunteer_id) WHERE state = 'withdrawn'


-- Who of the family ordered with the volunteer's points.
ALTER TABLE orders ADD COLUMN member_id uuid


CREATE INDEX ix_orders_member ON orders (programme_id, member_id, id) WHERE member_id IS NOT NULL
