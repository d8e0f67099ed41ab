-- What programs said while they worked on a session: for operators only, and it leaves with the
-- session. Lines may come after the session's end, and from a generation that was fenced: what that
-- one did is just what one wants to read.

CREATE TABLE logs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT    NOT NULL REFERENCES sessions (id),
    generation INTEGER NOT NULL,
    at         TEXT    NOT NULL CHECK (at GLOB '????-??-??T??:??:??.???Z'),
    level      TEXT    NOT NULL CHECK (level IN ('debug', 'info', 'warning', 'error')),
    screen     TEXT,
    message    TEXT    NOT NULL,
    fields     TEXT    NOT NULL DEFAULT '{}' CHECK (json_type(fields) = 'object')
);

-- The last lines of one session, and the removal of all of them.
CREATE INDEX logs_session ON logs (session_id, id);

-- Guards, as those of the events.

CREATE TRIGGER logs_append BEFORE INSERT ON logs
BEGIN
    SELECT CASE
        WHEN NOT EXISTS (SELECT 1 FROM sessions WHERE id = NEW.session_id)
            THEN RAISE(ABORT, 'logs: no such session')
        WHEN NEW.id IS NOT NULL AND EXISTS (SELECT 1 FROM logs WHERE id = NEW.id)
            THEN RAISE(ABORT, 'logs: append-only, no REPLACE')
    END;
END;

CREATE TRIGGER logs_no_update BEFORE UPDATE ON logs
BEGIN
    SELECT RAISE(ABORT, 'logs: append-only, no UPDATE');
END;

CREATE TRIGGER logs_no_delete BEFORE DELETE ON logs
WHEN NOT EXISTS (SELECT 1 FROM tombstones WHERE session_id = OLD.session_id)
BEGIN
    SELECT RAISE(ABORT, 'logs: append-only, no DELETE (a row in tombstones removes a whole session)');
END;

DROP TRIGGER tombstones_remove;

CREATE TRIGGER tombstones_remove AFTER INSERT ON tombstones
BEGIN
    DELETE FROM logs WHERE session_id = NEW.session_id;
    DELETE FROM events WHERE session_id = NEW.session_id;
    DELETE FROM sessions WHERE id = NEW.session_id;
END;

-- A window for people: `select * from v_logs where session = '…'`.

CREATE VIEW v_logs AS
SELECT
    substr(l.at, 12, 12) AS time,
    printf('%+.1f s', (julianday(l.at) - julianday(s.created_at)) * 86400) AS since_start,
    l.level,
    l.screen,
    l.message,
    l.fields,
    l.session_id AS session
FROM logs AS l JOIN sessions AS s ON s.id = l.session_id
ORDER BY l.id;
