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
