-- Who may use the laboratory, and what.

-- The first three tables are those of better-auth (user, account, session), with our names and some columns of our own.
CREATE TABLE users (
  id             text        PRIMARY KEY,
  name           text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  email          text        NOT NULL CHECK (email = lower(email) AND length(email) <= 254),
  email_verified boolean     NOT NULL DEFAULT false,
  image          text,
  role           text        NOT NULL DEFAULT 'viewer' CHECK (role IN ('viewer', 'scientist', 'operator', 'admin')),
  locked_at      timestamptz,
  lock_reason    text,
  -- The newest `until` of a revocation of this person: a token issued now must end later.
  revoked_until  timestamptz,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT users_email UNIQUE (email)
);
-- Is there another administrator?
CREATE INDEX users_administrators ON users (id) WHERE role = 'admin' AND locked_at IS NULL;

CREATE TABLE credentials (
  id                       text        PRIMARY KEY,
  account_id               text        NOT NULL,
  provider_id              text        NOT NULL,
  user_id                  text        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  access_token             text,
  refresh_token            text,
  id_token                 text,
  access_token_expires_at  timestamptz,
  refresh_token_expires_at timestamptz,
  scope                    text,
  -- argon2id, or bcrypt until its owner signs in.
  password                 text,
  created_at               timestamptz NOT NULL DEFAULT now(),
  updated_at               timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT credentials_one_a_provider UNIQUE (provider_id, account_id)
);
CREATE INDEX credentials_of_user ON credentials (user_id);

CREATE TABLE sessions (
  id          text        PRIMARY KEY,
  -- Of better-auth; replaced by its hash at once, for no door of ours takes it.
  token       text        NOT NULL UNIQUE,
  user_id     text        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  expires_at  timestamptz NOT NULL,
  ip_address  text,
  user_agent  text,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  state       text        NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'half', 'open', 'ended')),
  end_reason  text,
  -- Wrong codes of the second factor.
  wrong_codes integer     NOT NULL DEFAULT 0,
  CHECK ((state = 'ended') = (end_reason IS NOT NULL))
);
-- A person's sessions, and all of them at once when they end.
CREATE INDEX sessions_open_of_user ON sessions (user_id, id) WHERE state = 'open';
-- The sweep.
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- `hash` is the SHA-256 of what the client holds. What is used stays until its session is swept, to be recognised.
CREATE TABLE refresh_tokens (
  hash       bytea       PRIMARY KEY,
  session_id text        NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  issued_at  timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);
-- The sweep.
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

-- `private_key` is encrypted (AES-256-GCM).
CREATE TABLE signing_keys (
  kid         text        PRIMARY KEY,
  public_x    text        NOT NULL,
  private_key text        NOT NULL,
  signs_from  timestamptz NOT NULL,
  -- When the next one took over; null: it has none yet.
  signs_until timestamptz,
  created_at  timestamptz NOT NULL
);

CREATE TABLE revocations (
  seq        bigint      PRIMARY KEY,
  kind       text        NOT NULL CHECK (kind IN ('session', 'principal', 'token')),
  value      text        NOT NULL,
  until      timestamptz NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX revocations_expiry ON revocations (until);
-- One row: the last `seq`. Its lock makes the order of numbers that of commits.
CREATE TABLE revocation_head (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  seq  bigint  NOT NULL
);
INSERT INTO revocation_head (seq) VALUES (0);

CREATE TABLE api_tokens (
  id           text        PRIMARY KEY,
  hash         bytea       NOT NULL UNIQUE,
  -- The first characters, for people to tell them apart.
  hint         text        NOT NULL,
  name         text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  role         text        NOT NULL CHECK (role IN ('viewer', 'scientist', 'operator', 'admin')),
  scopes       text[],
  -- Null: made by whoever sat at the machine of a laboratory without accounts.
  owner_id     text        REFERENCES users (id) ON DELETE CASCADE,
  expires_at   timestamptz,
  last_used_at timestamptz,
  revoked_at   timestamptz,
  created_at   timestamptz NOT NULL
);
-- The list, newest first: of all, and of one owner.
CREATE INDEX api_tokens_newest ON api_tokens (created_at DESC, id DESC);
CREATE INDEX api_tokens_of_owner ON api_tokens (owner_id, created_at DESC, id DESC);

CREATE TABLE second_factors (
  user_id      text        PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  -- Encrypted (AES-256-GCM).
  secret       text        NOT NULL,
  -- Null: offered, and not shown to work yet.
  confirmed_at timestamptz,
  -- Of the newest code that was taken: none is taken twice.
  last_step    bigint      NOT NULL DEFAULT 0,
  created_at   timestamptz NOT NULL
);

CREATE TABLE recovery_codes (
  user_id text        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  hash    bytea       NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (user_id, hash)
);

-- A link that lets its holder set the password of an account.
CREATE TABLE invitations (
  hash       bytea       PRIMARY KEY,
  user_id    text        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz,
  created_at timestamptz NOT NULL
);
CREATE INDEX invitations_of_user ON invitations (user_id);
CREATE INDEX invitations_expiry ON invitations (expires_at);

-- One row while nobody has an account: what the first administrator shows.
CREATE TABLE setup (
  one        boolean     PRIMARY KEY DEFAULT true CHECK (one),
  hash       bytea       NOT NULL,
  created_at timestamptz NOT NULL
);

-- Tries to sign in, by account and by address.
CREATE TABLE sign_in_attempts (
  key     text        PRIMARY KEY,
  count   integer     NOT NULL,
  ends_at timestamptz NOT NULL
);
CREATE INDEX sign_in_attempts_expiry ON sign_in_attempts (ends_at);
