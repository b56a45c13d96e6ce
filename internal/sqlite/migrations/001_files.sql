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
