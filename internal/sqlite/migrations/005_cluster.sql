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
