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
