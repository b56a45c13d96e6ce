-- Files that were brought into conversations of several people, and what people
-- said to sharing there.
CREATE TABLE brought_files (
    conversation TEXT    NOT NULL,
    id           TEXT    NOT NULL, -- of a file
    user_id      INTEGER NOT NULL, -- the file's
    owner        TEXT    NOT NULL, -- how this user is called
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
