-- A database as the program of commit 2f5d6f3 left it.
-- Times are Unix milliseconds.

CREATE TABLE files (
    id          TEXT    NOT NULL,
    user_id     INTEGER NOT NULL,
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
    path        TEXT    NOT NULL, -- in the bucket; files of equal bytes share it
    PRIMARY KEY (user_id, uploaded_at DESC, id DESC)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX files_by_id ON files (id);
CREATE INDEX files_by_path ON files (path);
CREATE INDEX files_by_expiry ON files (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX files_by_content ON files (user_id, sha256, size) WHERE sha256 IS NOT NULL;

-- Keys of the bucket whose bytes may exist without a file.
CREATE TABLE file_journal (
    key       TEXT    NOT NULL PRIMARY KEY,
    owner     TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    reclaimed INTEGER NOT NULL -- 1: the bytes are to be removed
) STRICT, WITHOUT ROWID;

CREATE INDEX file_journal_by_time ON file_journal (at);

INSERT INTO files (id, user_id, name, kind, size, sha256, mime, width, height, generated, uploaded_at, expires_at, path) VALUES
    ('7_1700000000_aaaaaaaa', 7, 'sales.csv', 'csv', 12, x'00000000000000000000000000000000000000000000000000000000000000aa', 'text/csv', 0, 0, 0, 1700000000000, NULL, '7/7_1700000000_aaaaaaaa.csv'),
    ('7_1700000001_bbbbbbbb', 7, 'copy.csv', 'csv', 12, x'00000000000000000000000000000000000000000000000000000000000000aa', 'text/csv', 0, 0, 0, 1700000001000, NULL, '7/7_1700000000_aaaaaaaa.csv'),
    ('8_1700000002_cccccccc', 8, 'old.txt', 'text', 3, NULL, 'text/plain', 0, 0, 0, 1700000002000, 1700000003000, '8/8_1700000002_cccccccc.txt');
PRAGMA user_version = 1;
