-- Files kept in the file store, by the key they have there. A row comes before the bytes and goes
-- after them. `size` is NULL while a file comes in; `doomed` says since when it is to go.
CREATE TABLE files (
    key             text PRIMARY KEY,
    application_id  bigint NOT NULL,
    name            text NOT NULL,
    content_type    text NOT NULL,
    size            bigint,
    created         timestamptz NOT NULL DEFAULT now(),
    doomed          timestamptz,
    previewed       boolean NOT NULL DEFAULT false,
    preview_type    text,
    preview_size    bigint
);
-- What sweeping looks through: small, because files are soon complete and soon gone.
CREATE INDEX files_to_sweep ON files (created) WHERE size IS NULL OR doomed IS NOT NULL;

-- The key of a display picture that is hosted here.
ALTER TABLE users ADD COLUMN picture_key text;
