-- Notifications, reports, secrets of users, link previews.

-- The newest message id there was when a row was made. Ids are handed out while the channel is
-- locked, so a member was there for exactly those messages of his channel that have higher ones.
CREATE FUNCTION newest_message_id() RETURNS bigint
LANGUAGE sql VOLATILE AS 'SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM message_ids';

ALTER TABLE memberships ADD COLUMN joined_after bigint NOT NULL DEFAULT 0;
ALTER TABLE memberships ALTER COLUMN joined_after SET DEFAULT newest_message_id();

-- Messages of channels by id: pages that go on below an id read no more than they show.
CREATE INDEX messages_by_channel ON messages (channel_id, id);

-- Whether a member had the channel open at a time; an open session ends in the future.
CREATE INDEX chat_sessions_by_member
    ON chat_sessions (user_id, channel_id, (coalesce(ended, 'infinity')), created);

CREATE TABLE message_reports (
    channel_id      bigint NOT NULL,
    message_id      bigint NOT NULL,
    user_id         bigint NOT NULL,          -- 0: the application
    reason          text NOT NULL,
    properties      jsonb NOT NULL DEFAULT '{}',
    created         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_id, message_id, user_id)
);

ALTER TABLE messages ADD COLUMN reports integer NOT NULL DEFAULT 0;
CREATE INDEX messages_reported ON messages (channel_id, id) WHERE reports > 0;

CREATE TABLE user_secrets (
    user_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    name            text NOT NULL,
    sealed          bytea NOT NULL,
    changed         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, name)
);

-- One row per address that somebody saw in a message. `due` is when to fetch it, NULL when nobody
-- wants it now; what was found (without a title: nothing) is good until `fresh_until`.
CREATE TABLE link_previews (
    hash            bytea PRIMARY KEY,        -- SHA-256 of the address, which may be long
    source          text NOT NULL,
    title           text,
    description     text,
    site_name       text,
    image           text,
    url             text,
    due             timestamptz DEFAULT now(),
    fresh_until     timestamptz
);
CREATE INDEX link_previews_due ON link_previews (due) WHERE due IS NOT NULL;
