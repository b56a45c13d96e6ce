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
