-- Chat functions: one runtime of an application, its functions, their versions and their runs.

CREATE TABLE runtimes (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id  bigint NOT NULL UNIQUE REFERENCES applications ON DELETE CASCADE,
    dependencies    jsonb NOT NULL DEFAULT '[]',
    variables       jsonb NOT NULL DEFAULT '{}',
    initialization  text
);

-- `current_version` is the number of the newest version, 0 before the first. Adding a version
-- raises it in the same statement, so that numbers are dense and two writers take turns.
CREATE TABLE functions (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id      bigint NOT NULL REFERENCES applications ON DELETE CASCADE,
    runtime_id          bigint NOT NULL REFERENCES runtimes ON DELETE CASCADE,
    trigger             text NOT NULL,
    name                text NOT NULL,
    description         text,
    initialized_later   boolean NOT NULL,
    enabled             boolean NOT NULL DEFAULT false,
    current_version     integer NOT NULL DEFAULT 0,
    created             timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX functions_by_application ON functions (application_id, id);
CREATE INDEX functions_by_trigger ON functions (application_id, trigger) WHERE enabled;

CREATE TABLE function_versions (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    function_id     bigint NOT NULL REFERENCES functions ON DELETE CASCADE,
    number          integer NOT NULL,
    script          text NOT NULL,
    created         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (function_id, number)
);

CREATE TABLE function_invocations (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    function_id     bigint NOT NULL REFERENCES functions ON DELETE CASCADE,
    version_number  integer NOT NULL,
    status          text NOT NULL DEFAULT 'RUNNING'
                    CHECK (status IN ('RUNNING', 'SUCCEEDED', 'FAILED')),
    args            jsonb NOT NULL,
    result          jsonb NOT NULL DEFAULT '{}',
    created         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX function_invocations_by_function ON function_invocations (function_id, id);
