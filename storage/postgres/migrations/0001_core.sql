-- The schema of the core. Append-only: a migration that has been released is never edited.
--
-- Growing past one machine: `messages`, `events`, `reactions` and `read_advances` all carry
-- channel_id as the first column of their primary key, every unique constraint on them
-- contains it, and every query on the sending and reading path names it. So each can become
-- PARTITION BY HASH (channel_id) without a change of the code; the look-ups by message id
-- alone and the lists of one user's or one application's messages would then ask the local
-- index of each partition. By time would not do: a channel's old offsets stay readable and
-- (channel_id, sender_id, client_id) is unique for the life of the message.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE applications (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL UNIQUE,
    api_key         text NOT NULL UNIQUE,
    client_id       text NOT NULL UNIQUE,
    client_secret   bytea NOT NULL,          -- SHA-256 of a random secret of 256 bits
    guest_users     boolean NOT NULL DEFAULT true,
    user_channels   boolean NOT NULL DEFAULT true,
    properties      jsonb NOT NULL DEFAULT '{}',
    created         timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE application_tokens (
    hash            bytea PRIMARY KEY,
    application_id  bigint NOT NULL REFERENCES applications ON DELETE CASCADE,
    scopes          text NOT NULL DEFAULT '',
    expires         timestamptz NOT NULL
);
CREATE INDEX application_tokens_by_expiry ON application_tokens (expires);

CREATE TABLE users (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id  bigint NOT NULL REFERENCES applications ON DELETE CASCADE,
    name            text NOT NULL,
    display_name    text NOT NULL,
    kind            text NOT NULL DEFAULT 'PERSON' CHECK (kind IN ('PERSON', 'BOT')),
    guest           boolean NOT NULL DEFAULT false,
    properties      jsonb NOT NULL DEFAULT '{}',
    picture         text,
    status          text NOT NULL DEFAULT '',
    online          boolean NOT NULL DEFAULT false,
    created         timestamptz NOT NULL DEFAULT now(),
    last_seen       timestamptz,
    deleted         timestamptz
);
-- A deleted user keeps its row, since its messages name it, and frees its name.
CREATE UNIQUE INDEX users_by_name ON users (application_id, name) WHERE deleted IS NULL;
CREATE INDEX users_by_application ON users (application_id, id) WHERE deleted IS NULL;
CREATE INDEX users_by_display_name ON users (application_id, display_name, id) WHERE deleted IS NULL;
CREATE INDEX users_by_part_of_name ON users USING gin (name gin_trgm_ops, display_name gin_trgm_ops);
CREATE INDEX users_by_properties ON users USING gin (properties jsonb_path_ops);

CREATE TABLE user_tokens (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    hash            bytea NOT NULL UNIQUE,
    name            text,
    created         timestamptz NOT NULL DEFAULT now(),
    expires         timestamptz
);
CREATE INDEX user_tokens_by_user ON user_tokens (user_id, id);

CREATE TABLE blocks (
    user_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    blocked_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    created         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, blocked_id)
);
CREATE INDEX blocks_by_blocked ON blocks (blocked_id);

CREATE TABLE organizations (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id      bigint NOT NULL REFERENCES applications ON DELETE CASCADE,
    name                text NOT NULL,
    event_rooms         boolean NOT NULL DEFAULT false,
    close_after_seconds integer NOT NULL DEFAULT 86400,
    default_channel_id  bigint,
    created             timestamptz NOT NULL DEFAULT now(),
    UNIQUE (application_id, name)
);

CREATE TABLE organization_members (
    organization_id bigint NOT NULL REFERENCES organizations ON DELETE CASCADE,
    user_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    role            text NOT NULL CHECK (role IN ('member', 'chat', 'administrator')),
    created         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX organization_members_by_user ON organization_members (user_id);

CREATE TABLE organization_tokens (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations ON DELETE CASCADE,
    hash            bytea NOT NULL UNIQUE,
    name            text,
    created         timestamptz NOT NULL DEFAULT now(),
    expires         timestamptz
);
CREATE INDEX organization_tokens_by_organization ON organization_tokens (organization_id, id);

CREATE TABLE organization_events (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations ON DELETE CASCADE,
    name            text NOT NULL,
    channel_id      bigint,
    created         timestamptz NOT NULL DEFAULT now(),
    closed          timestamptz
);
CREATE INDEX organization_events_by_organization ON organization_events (organization_id, id);

CREATE TABLE channels (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id  bigint NOT NULL REFERENCES applications ON DELETE CASCADE,
    kind            text NOT NULL CHECK (kind IN ('DIRECT', 'PUBLIC', 'PRIVATE')),
    name            text,
    display_name    text,
    direct_key      text,                    -- "12+34": the sorted members of a direct channel
    properties      jsonb NOT NULL DEFAULT '{}',
    owner_id        bigint REFERENCES users,
    organization_id bigint REFERENCES organizations ON DELETE SET NULL,
    delete_after    timestamptz,
    main_thread_id  bigint,
    head            bigint NOT NULL DEFAULT 0,   -- the newest offset
    floor           bigint NOT NULL DEFAULT 0,   -- positions below this one get a reset
    messages        bigint NOT NULL DEFAULT 0,   -- the newest message number
    members         integer NOT NULL DEFAULT 0,
    created         timestamptz NOT NULL DEFAULT now(),
    deleted         timestamptz
) WITH (fillfactor = 70);                     -- head moves with every message: room for HOT updates
CREATE UNIQUE INDEX channels_by_name ON channels (application_id, name)
    WHERE deleted IS NULL AND name IS NOT NULL;
CREATE UNIQUE INDEX channels_by_direct_key ON channels (application_id, direct_key)
    WHERE deleted IS NULL AND direct_key IS NOT NULL;
CREATE INDEX channels_by_application ON channels (application_id, id) WHERE deleted IS NULL;
CREATE INDEX channels_by_kind ON channels (application_id, kind, id) WHERE deleted IS NULL;
CREATE INDEX channels_by_created ON channels (application_id, created, id) WHERE deleted IS NULL;
CREATE INDEX channels_by_properties ON channels USING gin (properties jsonb_path_ops);
CREATE INDEX channels_to_delete ON channels (delete_after)
    WHERE deleted IS NULL AND delete_after IS NOT NULL;

CREATE TABLE threads (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id      bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    kind            text NOT NULL CHECK (kind IN ('MAIN', 'STANDALONE', 'MESSAGE')),
    message_id      bigint,
    name            text,
    properties      jsonb NOT NULL DEFAULT '{}',
    created         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX threads_by_channel ON threads (channel_id, id);
CREATE UNIQUE INDEX threads_by_message ON threads (channel_id, message_id) WHERE message_id IS NOT NULL;

CREATE TABLE memberships (
    channel_id      bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    user_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    state           text NOT NULL DEFAULT 'joined' CHECK (state IN ('joined', 'banned')),
    role            text NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'moderator')),
    muted           boolean NOT NULL DEFAULT false,
    archived        boolean NOT NULL DEFAULT false,
    hidden          boolean NOT NULL DEFAULT false,
    read_offset     bigint NOT NULL DEFAULT 0,
    read_number     bigint NOT NULL DEFAULT 0,   -- the number of the last message read
    own_after       bigint NOT NULL DEFAULT 0,   -- own messages behind the mark
    created         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_id, user_id)
) WITH (fillfactor = 80);
CREATE INDEX memberships_by_user ON memberships (user_id, channel_id);

CREATE TABLE invites (
    channel_id      bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    user_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    inviter_id      bigint REFERENCES users ON DELETE SET NULL,
    created         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_id, user_id)
);
CREATE INDEX invites_by_user ON invites (user_id);

CREATE SEQUENCE message_ids;

CREATE TABLE messages (
    channel_id      bigint NOT NULL,
    at_offset       bigint NOT NULL,
    number          bigint NOT NULL,          -- 1, 2, 3... within the channel: unread is a difference
    id              bigint NOT NULL DEFAULT nextval('message_ids'),
    application_id  bigint NOT NULL,
    sender_id       bigint NOT NULL,          -- 0: the system
    client_id       text,
    thread_id       bigint,                   -- NULL: the main thread
    reply_to        bigint,
    text            text,
    files           jsonb,
    properties      jsonb,
    group_tag       text,
    visible         boolean NOT NULL DEFAULT true,
    reacted         boolean NOT NULL DEFAULT false,
    created         timestamptz NOT NULL DEFAULT now(),
    edited          timestamptz,
    deleted         timestamptz,
    PRIMARY KEY (channel_id, at_offset)
);
ALTER SEQUENCE message_ids OWNED BY messages.id;
CREATE INDEX messages_by_id ON messages (id);
CREATE UNIQUE INDEX messages_by_client_id ON messages (channel_id, sender_id, client_id)
    WHERE client_id IS NOT NULL;
CREATE INDEX messages_by_application ON messages (application_id, id);
CREATE INDEX messages_by_sender ON messages (sender_id, id);
CREATE INDEX messages_by_thread ON messages (thread_id, at_offset) WHERE thread_id IS NOT NULL;
CREATE INDEX messages_by_part_of_text ON messages USING gin (text gin_trgm_ops);
-- What unread counts leave out; small, because few messages are deleted or hidden.
CREATE INDEX messages_uncounted ON messages (channel_id, number)
    WHERE deleted IS NOT NULL OR NOT visible;

CREATE TABLE events (
    channel_id      bigint NOT NULL,
    at_offset       bigint NOT NULL,
    kind            text NOT NULL,
    message_id      bigint,
    user_id         bigint,
    emoji           text,
    created         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_id, at_offset)
);

CREATE TABLE reactions (
    channel_id      bigint NOT NULL,
    message_id      bigint NOT NULL,
    emoji           text NOT NULL,
    user_id         bigint NOT NULL,
    created         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_id, message_id, emoji, user_id)
);

-- Every advance of a read mark, as the range of message numbers it covered: who has read a
-- message, and when, is the one range of each member that holds its number.
CREATE TABLE read_advances (
    channel_id      bigint NOT NULL,
    user_id         bigint NOT NULL,
    to_number       bigint NOT NULL,
    from_number     bigint NOT NULL,          -- exclusive
    created         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_id, user_id, to_number)
);

-- One row per running node. Its sessions count as live while its heartbeat is fresh.
CREATE TABLE nodes (
    id              text PRIMARY KEY,
    started         timestamptz NOT NULL DEFAULT now(),
    heartbeat       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE user_sessions (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id  bigint NOT NULL,
    user_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    node            text NOT NULL,
    user_agent      text,
    created         timestamptz NOT NULL DEFAULT now(),
    ended           timestamptz
);
CREATE INDEX user_sessions_active ON user_sessions (user_id) WHERE ended IS NULL;
CREATE INDEX user_sessions_by_node ON user_sessions (node) WHERE ended IS NULL;
CREATE INDEX user_sessions_by_application ON user_sessions (application_id, id);
CREATE INDEX user_sessions_by_state ON user_sessions (application_id, id) WHERE ended IS NULL;

CREATE TABLE chat_sessions (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id  bigint NOT NULL,
    session_id      bigint NOT NULL REFERENCES user_sessions ON DELETE CASCADE,
    channel_id      bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    user_id         bigint NOT NULL,
    created         timestamptz NOT NULL DEFAULT now(),
    ended           timestamptz
);
CREATE INDEX chat_sessions_active ON chat_sessions (channel_id, user_id) WHERE ended IS NULL;
CREATE INDEX chat_sessions_by_session ON chat_sessions (session_id) WHERE ended IS NULL;
CREATE INDEX chat_sessions_by_application ON chat_sessions (application_id, id);
CREATE INDEX chat_sessions_by_state ON chat_sessions (application_id, id) WHERE ended IS NULL;

-- Store many messages in one statement. Element n of every array is one message; rows come back
-- in no particular order, with that n.
--
-- The channels are locked first, in the order of their ids, as every writer does it: so there
-- is no deadlock, offsets are dense, and what follows sees all that was committed before (each
-- statement of a function has its own snapshot). `trusted` messages skip the membership rule: the
-- application itself sends on behalf of its users. Every look-up is by a key, and the settings
-- see to it that none becomes a scan while a table is young; a loop over such look-ups costs a
-- lone send a quarter of one set-based statement, and a hundred sends no more than that.
CREATE FUNCTION send_messages(
    in_application bigint[], in_channel bigint[], in_sender bigint[], in_trusted boolean[],
    in_client_id text[], in_text text[], in_files text[], in_properties text[],
    in_group_tag text[], in_thread bigint[], in_reply_to bigint[]
) RETURNS TABLE (row_number integer, status text, message_id bigint, message_offset bigint,
                 message_number bigint, message_created timestamptz)
LANGUAGE plpgsql
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    n integer;
    room channels;
    was channels;
BEGIN
    PERFORM FROM channels WHERE id = ANY (in_channel) ORDER BY id FOR NO KEY UPDATE;
    FOR n IN SELECT o FROM unnest(in_channel) WITH ORDINALITY AS u (c, o) ORDER BY c, o LOOP
        IF room.id IS DISTINCT FROM in_channel[n] THEN
            IF room.head > was.head THEN
                UPDATE channels SET head = room.head, messages = room.messages WHERE id = room.id;
            END IF;
            SELECT * INTO room FROM channels WHERE id = in_channel[n];
            was := room;
        END IF;
        row_number := n;
        message_id := NULL;
        IF room.id IS NULL OR room.deleted IS NOT NULL
                OR room.application_id <> in_application[n] THEN
            status := 'not_found';
            RETURN NEXT;
            CONTINUE;
        END IF;
        IF in_client_id[n] IS NOT NULL THEN
            SELECT m.id, m.at_offset, m.number, m.created
                INTO message_id, message_offset, message_number, message_created
                FROM messages m WHERE m.channel_id = room.id AND m.sender_id = in_sender[n]
                    AND m.client_id = in_client_id[n];
            IF message_id IS NOT NULL THEN
                status := 'duplicate';
                RETURN NEXT;
                CONTINUE;
            END IF;
        END IF;
        IF in_sender[n] <> 0 THEN
            UPDATE memberships SET own_after = own_after + 1, hidden = false
                WHERE channel_id = room.id AND user_id = in_sender[n] AND state = 'joined';
            IF NOT FOUND AND NOT in_trusted[n] THEN
                status := CASE room.kind WHEN 'PUBLIC' THEN 'not_a_member' ELSE 'not_found' END;
                RETURN NEXT;
                CONTINUE;
            END IF;
        END IF;
        IF room.kind = 'DIRECT' AND NOT in_trusted[n] AND EXISTS (
            SELECT FROM memberships o JOIN blocks b
                ON (b.user_id = o.user_id AND b.blocked_id = in_sender[n])
                OR (b.user_id = in_sender[n] AND b.blocked_id = o.user_id)
            WHERE o.channel_id = room.id AND o.user_id <> in_sender[n]
        ) THEN
            UPDATE memberships SET own_after = own_after - 1
                WHERE channel_id = room.id AND user_id = in_sender[n];
            status := 'blocked';
            RETURN NEXT;
            CONTINUE;
        END IF;
        room.head := room.head + 1;
        room.messages := room.messages + 1;
        INSERT INTO messages AS m (channel_id, at_offset, number, application_id, sender_id,
                client_id, thread_id, reply_to, text, files, properties, group_tag)
            VALUES (room.id, room.head, room.messages, room.application_id, in_sender[n],
                in_client_id[n], in_thread[n], in_reply_to[n], in_text[n], in_files[n]::jsonb,
                in_properties[n]::jsonb, in_group_tag[n])
            RETURNING m.id, m.at_offset, m.number, m.created
                INTO message_id, message_offset, message_number, message_created;
        status := 'sent';
        RETURN NEXT;
    END LOOP;
    IF room.head > was.head THEN
        UPDATE channels SET head = room.head, messages = room.messages WHERE id = room.id;
    END IF;
END $$;

-- How many messages of a channel a member has not read: the newest number less the number of
-- the mark, less his own behind the mark, less those of others that were deleted or are hidden.
CREATE FUNCTION unread(membership memberships, newest bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT greatest(0, newest - membership.read_number - membership.own_after - (
        SELECT count(*) FROM messages u
        WHERE u.channel_id = membership.channel_id AND u.number > membership.read_number
          AND (u.deleted IS NOT NULL OR NOT u.visible) AND u.sender_id <> membership.user_id))
$$;

-- Move a member's read mark forward, never back, and record the advance. Own messages that the
-- mark passes are counted in the range it passes only, so that reading costs what is read.
CREATE FUNCTION advance_mark(in_channel bigint, in_user bigint, in_up_to bigint)
RETURNS TABLE (read_up_to bigint, unread_left bigint, moved boolean)
LANGUAGE plpgsql AS $$
DECLARE
    place memberships;
    newest record;
    target bigint;
    number_there bigint;
    own bigint;
BEGIN
    SELECT * INTO place FROM memberships
        WHERE channel_id = in_channel AND user_id = in_user FOR NO KEY UPDATE;
    SELECT c.head, c.messages INTO newest FROM channels c WHERE c.id = in_channel;
    target := least(in_up_to, newest.head);
    IF target > place.read_offset THEN
        SELECT coalesce(max(f.number), 0) INTO number_there FROM (
            SELECT m.number FROM messages m
            WHERE m.channel_id = in_channel AND m.at_offset <= target
            ORDER BY m.at_offset DESC LIMIT 1) f;
        SELECT count(*) INTO own FROM messages m
            WHERE m.channel_id = in_channel AND m.sender_id = in_user
              AND m.at_offset > place.read_offset AND m.at_offset <= target;
        IF number_there > place.read_number THEN
            INSERT INTO read_advances (channel_id, user_id, to_number, from_number)
                VALUES (in_channel, in_user, number_there, place.read_number);
        END IF;
        UPDATE memberships SET read_offset = target, own_after = greatest(0, own_after - own),
                               read_number = greatest(read_number, number_there)
            WHERE channel_id = in_channel AND user_id = in_user
            RETURNING * INTO place;
        moved := true;
    ELSE
        moved := false;
    END IF;
    read_up_to := place.read_offset;
    unread_left := unread(place, newest.messages);
    RETURN NEXT;
END $$;
