-- The SHA-256 of a session's image, whose bytes are kept where others may write.
ALTER TABLE sessions ADD COLUMN image_sum TEXT NOT NULL DEFAULT '';
