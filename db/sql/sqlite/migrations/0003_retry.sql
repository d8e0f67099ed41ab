-- The session that this one does again, at an operator's wish.
ALTER TABLE sessions ADD COLUMN retry_of TEXT;
