-- Who comes first, and who failed too often. The index sessions_open stays as it is: a claim looks
-- at all that is open, to find first what has to be ended, so no order of its columns would save it
-- the sort.

ALTER TABLE sessions ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
-- How often a lease of this session ran out in somebody's hands.
ALTER TABLE sessions ADD COLUMN lapses INTEGER NOT NULL DEFAULT 0;
