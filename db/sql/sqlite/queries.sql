-- The statements of the SQLite engine. Each is a whole transaction: one statement takes the write
-- lock, checks and writes, so that there is nothing to interleave with and nothing to roll back.

-- name: session
SELECT * FROM sessions WHERE id = :id;

-- name: sessions
SELECT * FROM sessions
WHERE (:status IS NULL OR status = :status) AND (:automation IS NULL OR automation = :automation)
ORDER BY created_at DESC, id DESC LIMIT :limit;

-- name: census
SELECT * FROM sessions WHERE id > :after ORDER BY id LIMIT :limit;

-- name: unfinished
-- The row's last_seq is what the events say, so its last event is one step away.
SELECT sessions.*, event.session_id, event.seq, event.type, event.at, event.data, event.detail
FROM sessions LEFT JOIN events AS event
    ON event.session_id = sessions.id AND event.seq = sessions.last_seq
WHERE sessions.ended_at IS NULL
    AND (:queue IS NULL OR (sessions.queue = :queue AND sessions.status = 'queued'))
ORDER BY sessions.priority DESC, sessions.created_at, sessions.id LIMIT :limit;

-- name: waiting
SELECT count(*) FROM sessions
WHERE ended_at IS NULL AND queue = :queue AND status = 'queued'
    AND (lease_owner IS NULL OR lease_until <= :now);

-- name: standing
-- Only what is open has an entry in this index. Whoever gives a session back ends its lease at that
-- moment.
SELECT count(*) FILTER (WHERE status = 'queued') AS queued,
    count(*) FILTER (WHERE status = 'running') AS running,
    count(*) FILTER (WHERE status = 'paused') AS paused,
    count(*) FILTER (WHERE lease_until > :now) AS held,
    min(created_at) FILTER (WHERE status = 'queued' AND lease_owner IS NULL) AS oldest_queued_at,
    min(max(updated_at, coalesce(lease_until, '')))
        FILTER (WHERE status = 'queued' AND lease_owner IS NULL) AS untouched_since
FROM sessions INDEXED BY sessions_open WHERE ended_at IS NULL;

-- name: events
SELECT session_id, seq, type, at, data, detail FROM events
WHERE session_id = :id AND seq > :after ORDER BY seq LIMIT :limit;

-- name: since
SELECT session_id, seq, type, at, data, detail, id FROM events WHERE id > :position ORDER BY id LIMIT :limit;

-- name: head
SELECT coalesce(max(id), 0) FROM events;

-- name: logs
SELECT session_id, generation, at, level, screen, message, fields
FROM (SELECT * FROM logs WHERE session_id = :id ORDER BY id DESC LIMIT :limit) ORDER BY id;

-- name: version
PRAGMA data_version;

-- name: create
INSERT INTO sessions (id, automation, queue, created_at, updated_at, answers, assumed, ignored,
    idempotency_key, fingerprint, client, retry_of, priority)
SELECT :id, :automation, :queue, :now, :now, :answers, :assumed, :ignored, :key, :fingerprint, :client,
    :retry_of, :priority
WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE idempotency_key = :key)
    AND NOT EXISTS (SELECT 1 FROM sessions
        WHERE fingerprint = :fingerprint AND client = :client AND created_at > :since
            AND status NOT IN ('failed', 'cancelled'))
    AND (:queue_limit IS NULL OR :queue_limit > (SELECT count(*) FROM sessions
        WHERE ended_at IS NULL AND queue = :queue AND status = 'queued'
            AND (lease_owner IS NULL OR lease_until <= :now)))
RETURNING *;

-- name: repeated
SELECT * FROM sessions
WHERE idempotency_key = :key
    OR (fingerprint = :fingerprint AND client = :client AND created_at > :since
        AND status NOT IN ('failed', 'cancelled'))
ORDER BY idempotency_key IS :key DESC, created_at DESC LIMIT 1;

-- name: wish
-- Who wished to cancel is not made to wait by who wishes less.
UPDATE sessions SET wish = :wish
WHERE id = :id AND ended_at IS NULL AND (wish IS NOT 'cancel' OR :wish IS 'cancel')
RETURNING *;

-- name: claim
-- Of what is free, an owner that is still named let its lease run out (`release` takes the name
-- away). That, and what shall be cancelled, somebody has to end: it comes first, and needs neither
-- room nor a place within its automation's limit. What was given back to a queue of somebody else is
-- left to its next runner for a while.
UPDATE sessions SET generation = generation + 1, lapses = lapses + (lease_owner IS NOT NULL),
    lease_owner = :owner, lease_until = :until, status = 'running', pid = NULL
WHERE id = (SELECT id FROM sessions
    WHERE ended_at IS NULL AND (lease_owner IS NULL OR lease_until <= :now)
        AND (queue IN (SELECT value FROM json_each(:queues))
            OR (:orphans AND (lease_owner IS NOT NULL OR wish = 'cancel' OR lease_until <= :deserted)))
        AND (lease_owner IS NOT NULL OR wish IS 'cancel'
            OR (:room AND automation NOT IN (SELECT bound.key FROM json_each(:limits) AS bound
                WHERE bound.value <= (SELECT count(*) FROM sessions AS held
                    WHERE held.ended_at IS NULL AND held.automation = bound.key
                        AND held.lease_until > :now))))
    ORDER BY (lease_owner IS NOT NULL OR wish IS 'cancel') DESC, priority DESC, created_at, id
    LIMIT 1)
RETURNING *;

-- name: fence
UPDATE sessions SET generation = generation + 1, lease_owner = :owner, lease_until = :until,
    status = CASE status WHEN 'queued' THEN 'running' ELSE status END
WHERE id = :id AND ended_at IS NULL AND generation = coalesce(:generation, generation)
RETURNING *;

-- name: renew
UPDATE sessions SET lease_until = :until, pid = coalesce(:pid, pid)
WHERE id = :id AND generation = :generation AND ended_at IS NULL
RETURNING wish;

-- name: release
-- The lease is left as one that ran out: if nobody serves this queue any more, it is an orphan.
UPDATE sessions SET lease_owner = NULL, lease_until = :now, pid = NULL, status = 'queued'
WHERE id = :id AND generation = :generation AND ended_at IS NULL
RETURNING id;

-- name: append
INSERT INTO events (session_id, seq, generation, type, at, data, detail)
SELECT id, last_seq + 1, generation, :type, max(:now, updated_at), :data, :detail
FROM sessions WHERE id = :id AND generation = :generation AND ended_at IS NULL
RETURNING seq, at;

-- name: tell
-- Whatever happened to the session since it was read moved its generation, its last_seq or both.
INSERT INTO events (session_id, seq, generation, type, at, data)
SELECT id, last_seq + 1, generation, 'progress', max(:now, updated_at), :data
FROM sessions
WHERE id = :id AND generation = :generation AND last_seq = :last_seq AND ended_at IS NULL
    AND status = 'queued' AND (lease_owner IS NULL OR lease_until <= :now)
RETURNING seq, at;

-- name: note
-- A line about a session that was erased meanwhile has nowhere to go.
INSERT INTO logs (session_id, generation, at, level, screen, message, fields)
SELECT line.value ->> 0, line.value ->> 1, line.value ->> 2, line.value ->> 3, line.value ->> 4,
    line.value ->> 5, line.value ->> 6
FROM json_each(:lines) AS line
WHERE EXISTS (SELECT 1 FROM sessions WHERE id = line.value ->> 0)
ORDER BY line.key;

-- name: take_turn
INSERT INTO turns (key, session_id, generation)
SELECT :key, id, generation FROM sessions
WHERE id = :id AND generation = :generation AND ended_at IS NULL
ON CONFLICT (key) DO UPDATE SET session_id = excluded.session_id, generation = excluded.generation
WHERE turns.session_id = excluded.session_id
    OR NOT EXISTS (SELECT 1 FROM sessions AS holder
        WHERE holder.id = turns.session_id AND holder.generation = turns.generation
            AND holder.ended_at IS NULL AND holder.lease_until > :now)
RETURNING key;

-- name: end_turn
DELETE FROM turns WHERE key = :key AND session_id = :id AND generation = :generation RETURNING key;
