-- A database as the program left it before records of sessions had the sums of images.
-- Times are Unix milliseconds.

-- A user's files lie together, so that a page of them is near, and so that
-- deleting one touches few pages.
CREATE TABLE files (
    user_id     INTEGER NOT NULL,
    id          TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    size        INTEGER NOT NULL,
    sha256      BLOB,             -- NULL: not known
    mime        TEXT    NOT NULL,
    width       INTEGER NOT NULL,
    height      INTEGER NOT NULL,
    generated   INTEGER NOT NULL,
    uploaded_at INTEGER NOT NULL,
    expires_at  INTEGER,          -- NULL: never
    path        TEXT    NOT NULL, -- in the bucket
    shared      INTEGER NOT NULL, -- 1: other files of the user may have the same path
    PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX files_by_expiry ON files (expires_at) WHERE expires_at IS NOT NULL;

-- Keys of the bucket whose bytes may exist without a file.
CREATE TABLE file_journal (
    key       TEXT    NOT NULL PRIMARY KEY,
    owner     TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    reclaimed INTEGER NOT NULL -- 1: the bytes are to be removed
) STRICT, WITHOUT ROWID;
-- Times of turns are Unix microseconds.

CREATE TABLE turns (
    id           TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    user_id      INTEGER NOT NULL,
    instance     TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    model        TEXT    NOT NULL,
    started      INTEGER NOT NULL,
    ended        INTEGER,          -- NULL: it runs
    messages     TEXT    NOT NULL, -- JSON
    PRIMARY KEY (id)
) STRICT;

CREATE INDEX turns_by_conversation ON turns (conversation, started, id) WHERE state <> 'dropped';
CREATE INDEX turns_running ON turns (started) WHERE state = 'running';
CREATE INDEX turns_dropped ON turns (started) WHERE state = 'dropped';

CREATE TABLE user_models (
    user_id INTEGER NOT NULL PRIMARY KEY,
    model   TEXT    NOT NULL
) STRICT;

-- Costs are billionths of a US dollar.
CREATE TABLE usage (
    day       TEXT    NOT NULL, -- UTC, 2006-01-02
    user_id   INTEGER NOT NULL,
    model     TEXT    NOT NULL,
    requests  INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    unpriced  INTEGER NOT NULL,
    input     INTEGER NOT NULL,
    cached    INTEGER NOT NULL,
    output    INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    cost      INTEGER NOT NULL,
    PRIMARY KEY (day, user_id, model)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_by_user ON usage (user_id, day);
CREATE INDEX turns_by_age ON turns (started) WHERE state <> 'running';
-- A turn may be claimed before its message is read.
DROP INDEX turns_running;
CREATE INDEX turns_open ON turns (started) WHERE state IN ('running', 'claimed');
CREATE INDEX turns_by_user ON turns (user_id, conversation) WHERE state <> 'dropped';

DROP INDEX turns_by_age;
CREATE INDEX turns_by_age ON turns (started) WHERE state NOT IN ('running', 'claimed');

CREATE TABLE conversation_titles (
    conversation TEXT NOT NULL PRIMARY KEY,
    title        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- Leases end by the machine's clock since boot, in milliseconds: one of another
-- boot is over. The wall clock may jump, this one does not.
CREATE TABLE leases (
    name       TEXT    NOT NULL PRIMARY KEY,
    holder     TEXT    NOT NULL,
    generation INTEGER NOT NULL,
    boot       TEXT    NOT NULL,
    ends       INTEGER NOT NULL,
    note       TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Where the sandbox sessions live. Times are Unix milliseconds.
CREATE TABLE sessions (
    user_id      INTEGER NOT NULL,
    conversation TEXT    NOT NULL,
    worker       TEXT    NOT NULL,
    generation   INTEGER NOT NULL,
    epoch        TEXT    NOT NULL,
    image        TEXT    NOT NULL,
    used_at      INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    PRIMARY KEY (user_id, conversation)
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_use ON sessions (used_at);

CREATE TABLE secrets (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE brought_files (
    conversation TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    user_id      INTEGER NOT NULL,
    owner        TEXT    NOT NULL,
    PRIMARY KEY (conversation, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX brought_by_file ON brought_files (id);
CREATE INDEX brought_by_user ON brought_files (user_id);

CREATE TABLE sharing_words (
    conversation TEXT    NOT NULL,
    user_id      INTEGER NOT NULL,
    word         TEXT    NOT NULL,
    PRIMARY KEY (conversation, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sharing_words_by_user ON sharing_words (user_id);

INSERT INTO files (id, user_id, name, kind, size, sha256, mime, width, height, generated, uploaded_at, expires_at, path, shared) VALUES
    ('7_1700000000_aaaaaaaa', 7, 'sales.csv', 'csv', 12, x'00000000000000000000000000000000000000000000000000000000000000aa', 'text/csv', 0, 0, 0, 1700000000000, NULL, '7/7_1700000000_aaaaaaaa.csv', 1),
    ('7_1700000001_bbbbbbbb', 7, 'copy.csv', 'csv', 12, x'00000000000000000000000000000000000000000000000000000000000000aa', 'text/csv', 0, 0, 0, 1700000001000, NULL, '7/7_1700000000_aaaaaaaa.csv', 1),
    ('8_1700000002_cccccccc', 8, 'old.txt', 'text', 3, NULL, 'text/plain', 0, 0, 0, 1700000002000, 1700000003000, '8/8_1700000002_cccccccc.txt', 0);

INSERT INTO turns (id, conversation, user_id, instance, state, model, started, ended, messages) VALUES
    ('t1', 'discord/1', 7, 'i', 'done', 'gpt-4o', 1700000000000000, 1700000001000000, '[{"role":"user","parts":[{"text":"How many?"}]},{"role":"assistant","parts":[{"text":"Three."}]}]'),
    ('t2', 'discord/1', 7, 'i', 'running', 'gpt-4o', 1700000002000000, NULL, '[{"role":"user","parts":[{"text":"And now?"}]}]');
INSERT INTO user_models (user_id, model) VALUES (7, 'gpt-4o');
INSERT INTO usage (day, user_id, model, requests, estimated, unpriced, input, cached, output, reasoning, cost) VALUES ('2023-11-14', 7, 'gpt-4o', 2, 0, 0, 1000, 0, 50, 0, 3000000);
CREATE TABLE notes (
    name   TEXT    NOT NULL PRIMARY KEY,
    text   TEXT    NOT NULL,
    set_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX notes_by_change ON notes (set_at);

ALTER TABLE sessions ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;
INSERT INTO usage (day, user_id, model, requests, estimated, unpriced, input, cached, output, reasoning, cost) VALUES
    ('2023-11-14', 7, 'gpt 5', 1, 1, 1, 2, 1, 3, 1, 0), ('2023-11-15', 9, 'gpt-4o', 4, 0, 0, 9, 0, 9, 0, 77);

-- What was used before belongs to no conversation ('').
ALTER TABLE usage RENAME TO usage_before;
DROP INDEX usage_by_user;
CREATE TABLE usage (
    day          TEXT    NOT NULL, -- UTC, 2006-01-02
    user_id      INTEGER NOT NULL,
    model        TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    requests     INTEGER NOT NULL,
    estimated    INTEGER NOT NULL,
    unpriced     INTEGER NOT NULL,
    input        INTEGER NOT NULL,
    cached       INTEGER NOT NULL,
    output       INTEGER NOT NULL,
    reasoning    INTEGER NOT NULL,
    cost         INTEGER NOT NULL, -- billionths of a US dollar
    PRIMARY KEY (day, user_id, model, conversation)
) STRICT, WITHOUT ROWID;
INSERT INTO usage SELECT day, user_id, model, '', requests, estimated, unpriced, input, cached, output, reasoning, cost FROM usage_before;
DROP TABLE usage_before;
CREATE INDEX usage_by_user ON usage (user_id, day);

INSERT INTO sessions (user_id, conversation, worker, generation, epoch, image, used_at, revision, behind) VALUES
    (7, 'discord/1', 'w', 3, 'e', 'images/7/A/none', 1700000000000, 5, 1);

PRAGMA user_version = 9;
