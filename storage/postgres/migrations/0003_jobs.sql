-- Jobs: work that outlives a request, and the statement by which a batch of messages is imported.

CREATE TABLE jobs (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id  bigint NOT NULL REFERENCES applications ON DELETE CASCADE,
    kind            text NOT NULL,
    state           text NOT NULL DEFAULT 'PENDING'
                    CHECK (state IN ('PENDING', 'RUNNING', 'FINISHED', 'FAILED')),
    channel_id      bigint,                  -- of an import into one channel
    origin          text NOT NULL DEFAULT '',
    source          text,                    -- the key of the file to read
    result          text,                    -- the key of the file made
    position        bigint NOT NULL DEFAULT 0,   -- of the source: rows before it are done
    rows_read       bigint NOT NULL DEFAULT 0,
    rows_stored     bigint NOT NULL DEFAULT 0,
    rows_refused    bigint NOT NULL DEFAULT 0,
    failure         text,
    node            text,                    -- who runs it, until the lease ends
    lease           timestamptz,
    attempts        integer NOT NULL DEFAULT 0,  -- since the last progress
    created         timestamptz NOT NULL DEFAULT now(),
    ended           timestamptz
);
CREATE INDEX jobs_by_application ON jobs (application_id, id);
CREATE INDEX jobs_open ON jobs (application_id, id) WHERE state IN ('PENDING', 'RUNNING');

-- The rows of an import that were not stored, until they are in its report.
CREATE TABLE job_refusals (
    job_id          bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    row_number      bigint NOT NULL,
    reason          text NOT NULL,
    PRIMARY KEY (job_id, row_number)
);

-- Store a batch of messages of one application, element n of every array being one of them, in the
-- order of the arrays. Rows come back for those that were not stored, with their n and why.
--
-- As in send_messages the channels are locked first, in the order of their ids, so that offsets
-- are dense and what the second statement sees was committed before. Membership rules do not
-- apply. As there, everything is looked up by a key: scalar subqueries are never made joins, which
-- would be planned with the statistics of a table that grows by millions within a minute.
CREATE FUNCTION import_messages(
    in_application bigint, in_channel bigint[], in_sender text[], in_client_id text[],
    in_text text[], in_properties text[], in_group_tag text[], in_created timestamptz[]
) RETURNS TABLE (row_number bigint, status text)
LANGUAGE plpgsql
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $$
BEGIN
    PERFORM FROM channels WHERE id = ANY (in_channel) AND application_id = in_application
        ORDER BY id FOR NO KEY UPDATE;
    RETURN QUERY
    WITH rooms AS MATERIALIZED (
        SELECT c.id, c.head, c.messages FROM channels c
        WHERE c.id = ANY (in_channel) AND c.application_id = in_application AND c.deleted IS NULL
    ), given AS MATERIALIZED (
        SELECT g.*, r.id AS room_id, r.head, r.messages,
               CASE WHEN g.sender IS NULL THEN 0 ELSE (
                   SELECT u.id FROM users u WHERE u.application_id = in_application
                       AND u.name = g.sender AND u.deleted IS NULL) END AS sender_id
        FROM unnest(in_channel, in_sender, in_client_id, in_text, in_properties, in_group_tag,
                    in_created) WITH ORDINALITY
            AS g (channel, sender, client_id, body, properties, group_tag, created, n)
        LEFT JOIN rooms r ON r.id = g.channel
    ), judged AS MATERIALIZED (
        SELECT g.*, CASE
            WHEN g.room_id IS NULL THEN 'no_channel'
            WHEN g.sender_id IS NULL THEN 'no_user'
            WHEN g.client_id IS NULL THEN 'stored'
            WHEN row_number() OVER (
                PARTITION BY g.room_id, g.sender_id, g.client_id ORDER BY g.n) > 1 THEN 'repeated'
            WHEN (SELECT m.id FROM messages m WHERE m.channel_id = g.room_id
                  AND m.sender_id = g.sender_id AND m.client_id = g.client_id) IS NOT NULL
                THEN 'repeated'
            ELSE 'stored' END AS verdict
        FROM given g
    ), placed AS MATERIALIZED (
        SELECT j.*, row_number() OVER (PARTITION BY j.room_id ORDER BY j.n) AS place
        FROM judged j WHERE j.verdict = 'stored'
    ), stored AS (
        INSERT INTO messages (channel_id, at_offset, number, application_id, sender_id, client_id,
                              text, properties, group_tag, created)
        SELECT p.room_id, p.head + p.place, p.messages + p.place, in_application, p.sender_id,
               p.client_id, p.body, p.properties::jsonb, p.group_tag,
               coalesce(p.created, clock_timestamp())
        FROM placed p ORDER BY p.n
    ), moved AS (
        UPDATE channels c SET head = c.head + a.added, messages = c.messages + a.added
        FROM (SELECT p.room_id, count(*) AS added FROM placed p GROUP BY p.room_id) a
        WHERE c.id = a.room_id
    ), own AS (
        UPDATE memberships ms SET own_after = ms.own_after + a.added, hidden = false
        FROM (SELECT p.room_id, p.sender_id, count(*) AS added FROM placed p
              WHERE p.sender_id <> 0 GROUP BY p.room_id, p.sender_id) a
        WHERE ms.channel_id = a.room_id AND ms.user_id = a.sender_id AND ms.state = 'joined'
    )
    SELECT j.n, j.verdict FROM judged j WHERE j.verdict <> 'stored';
END $$;

-- The places of the next messages of an application to export, by id. The settings keep it a walk
-- along one index, when the statistics are older than an import.
CREATE FUNCTION export_messages(
    in_application bigint, in_after bigint, in_last bigint, in_limit integer
) RETURNS TABLE (message_id bigint, room_id bigint, message_offset bigint)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
AS $$
BEGIN
    RETURN QUERY SELECT m.id, m.channel_id, m.at_offset FROM messages m
        WHERE m.application_id = in_application AND m.id > in_after AND m.id <= in_last
          AND m.deleted IS NULL AND m.visible
        ORDER BY m.application_id, m.id LIMIT in_limit;
END $$;
