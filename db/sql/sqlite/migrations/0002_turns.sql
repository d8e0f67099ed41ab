-- What only one session may do at a time (a login with an account that all share), by key.

-- A turn lasts as long as its holder's lease: who dies, ends or is fenced holds nothing any more, and
-- the row is simply taken over.
CREATE TABLE turns (
    key        TEXT    NOT NULL PRIMARY KEY,
    session_id TEXT    NOT NULL,
    generation INTEGER NOT NULL
);
