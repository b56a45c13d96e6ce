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
