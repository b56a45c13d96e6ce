-- Whether a session may have gone on from its image.
ALTER TABLE sessions ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;
