-- The log, its guards and its windows for people. Times are RFC 3339 UTC text with milliseconds.

CREATE TABLE sessions (
    -- It stands unescaped in JSON, URLs and file names.
    id              TEXT    NOT NULL PRIMARY KEY CHECK (id <> '' AND id NOT GLOB '*[^A-Za-z0-9_-]*'),
    automation      TEXT    NOT NULL,
    queue           TEXT    NOT NULL,
    status          TEXT    NOT NULL DEFAULT 'queued'
                    CHECK (status IN ('queued', 'running', 'paused', 'completed', 'failed', 'cancelled')),
    created_at      TEXT    NOT NULL,
    updated_at      TEXT    NOT NULL,
    ended_at        TEXT,
    last_seq        INTEGER NOT NULL DEFAULT 0,
    generation      INTEGER NOT NULL DEFAULT 0,
    lease_owner     TEXT,
    lease_until     TEXT,
    pid             INTEGER,
    wish            TEXT    CHECK (wish IN ('cancel', 'pause')),
    answers         BLOB    NOT NULL,
    assumed         TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(assumed)),
    ignored         INTEGER NOT NULL DEFAULT 0,
    idempotency_key TEXT    UNIQUE,
    fingerprint     TEXT,
    client          TEXT
);

-- A claim looks only at what is open, however many runs lie behind.
CREATE INDEX sessions_open ON sessions (queue, created_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_repeated ON sessions (fingerprint, client, created_at) WHERE fingerprint IS NOT NULL;
CREATE INDEX sessions_newest ON sessions (created_at);

-- AUTOINCREMENT: a plain rowid is used again after a deletion, and a reader's position would lie.
CREATE TABLE events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT    NOT NULL REFERENCES sessions (id),
    seq        INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    type       TEXT    NOT NULL CHECK (type IN ('progress', 'estimate', 'result', 'error')),
    at         TEXT    NOT NULL CHECK (at GLOB '????-??-??T??:??:??.???Z'),
    data       TEXT    NOT NULL CHECK (json_type(data) = 'object'),
    detail     TEXT    CHECK (detail IS NULL OR json_valid(detail)),
    UNIQUE (session_id, seq)
);

-- What remains of a session that retention or an erasure request removed: that it existed, and when
-- and why it left. Writing this row is the one way to remove a session.
CREATE TABLE tombstones (
    session_id TEXT NOT NULL PRIMARY KEY,
    removed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    reason     TEXT NOT NULL CHECK (reason IN ('retention', 'erasure'))
);

-- Guards. They hold for every program that opens the file, `sqlite3` included, which has neither
-- foreign keys nor recursive triggers switched on: hence the explicit checks against REPLACE.

CREATE TRIGGER events_append BEFORE INSERT ON events
BEGIN
    SELECT CASE
        WHEN s.id IS NULL THEN RAISE(ABORT, 'events: no such session')
        WHEN s.ended_at IS NOT NULL THEN RAISE(ABORT, 'events: the session has ended')
        WHEN NEW.generation <> s.generation THEN RAISE(ABORT, 'events: fenced by a newer generation')
        WHEN NEW.seq <> s.last_seq + 1 THEN RAISE(ABORT, 'events: seq must be the next one')
        WHEN NEW.id IS NOT NULL AND EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
            THEN RAISE(ABORT, 'events: append-only, no REPLACE')
    END
    FROM (SELECT 1) LEFT JOIN sessions AS s ON s.id = NEW.session_id;
END;

CREATE TRIGGER events_applied AFTER INSERT ON events
BEGIN
    UPDATE sessions SET
        last_seq = NEW.seq,
        updated_at = NEW.at,
        status = CASE
            WHEN NEW.type = 'result' THEN 'completed'
            WHEN NEW.type = 'error' AND json_extract(NEW.data, '$.final') IS 1 THEN
                CASE json_extract(NEW.data, '$.tipo') WHEN 'cancelado' THEN 'cancelled' ELSE 'failed' END
            WHEN NEW.type = 'progress' THEN
                CASE json_extract(NEW.data, '$.status')
                    WHEN 'queued' THEN 'queued' WHEN 'paused' THEN 'paused' ELSE 'running' END
            ELSE status END
    WHERE id = NEW.session_id;
    UPDATE sessions SET ended_at = NEW.at, lease_until = NULL, pid = NULL
    WHERE id = NEW.session_id AND status IN ('completed', 'failed', 'cancelled');
END;

CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events: append-only, no UPDATE');
END;

CREATE TRIGGER events_no_delete BEFORE DELETE ON events
WHEN NOT EXISTS (SELECT 1 FROM tombstones WHERE session_id = OLD.session_id)
BEGIN
    SELECT RAISE(ABORT, 'events: append-only, no DELETE (a row in tombstones removes a whole session)');
END;

CREATE TRIGGER sessions_no_replace BEFORE INSERT ON sessions
WHEN EXISTS (SELECT 1 FROM sessions WHERE id = NEW.id OR idempotency_key = NEW.idempotency_key)
    OR EXISTS (SELECT 1 FROM tombstones WHERE session_id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'sessions: this id or key exists, or existed');
END;

CREATE TRIGGER sessions_no_delete BEFORE DELETE ON sessions
WHEN NOT EXISTS (SELECT 1 FROM tombstones WHERE session_id = OLD.id)
BEGIN
    SELECT RAISE(ABORT, 'sessions: no DELETE (a row in tombstones removes a whole session)');
END;

-- The update after an event is the only one that may move these columns: what they say must be what
-- the events say.
CREATE TRIGGER sessions_true BEFORE UPDATE OF id, status, last_seq, ended_at ON sessions
WHEN NEW.id <> OLD.id
    OR (OLD.ended_at IS NOT NULL
        AND (NEW.status <> OLD.status OR NEW.ended_at IS NOT OLD.ended_at OR NEW.last_seq <> OLD.last_seq))
    OR NEW.last_seq <> (SELECT coalesce(max(seq), 0) FROM events WHERE session_id = OLD.id)
BEGIN
    SELECT RAISE(ABORT, 'sessions: terminal is final, and last_seq is what the events say');
END;

CREATE TRIGGER sessions_generation BEFORE UPDATE OF generation ON sessions
WHEN NEW.generation < OLD.generation
BEGIN
    SELECT RAISE(ABORT, 'sessions: a generation never falls');
END;

CREATE TRIGGER tombstones_remove AFTER INSERT ON tombstones
BEGIN
    DELETE FROM events WHERE session_id = NEW.session_id;
    DELETE FROM sessions WHERE id = NEW.session_id;
END;

CREATE TRIGGER tombstones_no_update BEFORE UPDATE ON tombstones
BEGIN
    SELECT RAISE(ABORT, 'tombstones: no UPDATE');
END;

CREATE TRIGGER tombstones_no_delete BEFORE DELETE ON tombstones
BEGIN
    SELECT RAISE(ABORT, 'tombstones: no DELETE');
END;

-- Windows for people: `select * from v_sessions`, `select * from v_timeline`.

CREATE VIEW v_sessions AS
SELECT
    s.id AS session,
    s.automation,
    s.status,
    s.created_at AS created,
    round((julianday(coalesce(s.ended_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))
        - julianday(s.created_at)) * 86400, 1) AS seconds,
    s.last_seq AS events,
    (SELECT json_extract(e.data, '$.etapa') || ' ' || json_extract(e.data, '$.titulo')
        FROM events AS e
        WHERE e.session_id = s.id AND e.type = 'progress' AND json_extract(e.data, '$.titulo') <> ''
        ORDER BY e.seq DESC LIMIT 1) AS screen,
    (SELECT coalesce(json_extract(e.data, '$.mensagem'), e.type)
        FROM events AS e WHERE e.session_id = s.id ORDER BY e.seq DESC LIMIT 1) AS last_words,
    s.wish,
    s.generation,
    s.pid
FROM sessions AS s
ORDER BY s.created_at DESC;

CREATE VIEW v_timeline AS
SELECT
    e.seq,
    substr(e.at, 12, 12) AS time,
    printf('%+.1f s', (julianday(e.at) - julianday(s.created_at)) * 86400) AS since_start,
    CASE e.type
        WHEN 'progress' THEN printf('%3d %%', json_extract(e.data, '$.percentual'))
        ELSE e.type END AS what,
    CASE e.type
        WHEN 'progress' THEN
            printf('%-8s %4s  %s', json_extract(e.data, '$.fase'), json_extract(e.data, '$.etapa'),
                CASE WHEN json_extract(e.data, '$.fase') IN ('entrou', 'pulou')
                    THEN coalesce(nullif(json_extract(e.data, '$.titulo'), ''), json_extract(e.data, '$.mensagem'))
                    ELSE json_extract(e.data, '$.mensagem') END)
        WHEN 'estimate' THEN
            (SELECT group_concat(json_extract(c.value, '$.nome_cobertura') || ' '
                    || json_extract(c.value, '$.valores.de') || ' – ' || json_extract(c.value, '$.valores.ate'), ' · ')
                FROM json_each(e.data, '$.coberturas_detalhadas') AS c)
        WHEN 'result' THEN
            json_extract(e.data, '$.desfecho')
                || coalesce(': ' || json_extract(e.data, '$.plano_recomendado.plano') || ' '
                    || json_extract(e.data, '$.plano_recomendado.valor'), '')
                || coalesce(' · ' || json_extract(e.data, '$.plano_alternativo.plano') || ' '
                    || json_extract(e.data, '$.plano_alternativo.valor'), '')
        ELSE json_extract(e.data, '$.tipo') || coalesce(' on screen ' || json_extract(e.data, '$.etapa'), '')
            || ': ' || json_extract(e.data, '$.mensagem') END AS story,
    e.session_id AS session
FROM events AS e JOIN sessions AS s ON s.id = e.session_id
ORDER BY e.id;
