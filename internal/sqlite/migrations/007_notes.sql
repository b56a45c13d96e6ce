-- Short texts by name that a restart must not forget. Set_at grows with each
-- change: it is the order of these.
CREATE TABLE notes (
    name   TEXT    NOT NULL PRIMARY KEY,
    text   TEXT    NOT NULL,
    set_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX notes_by_change ON notes (set_at);
