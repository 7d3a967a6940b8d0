-- SPDX-License-Identifier: Apache-2.0
-- Applications register themselves: what nobody uses is swept, so it is known when one was used last.
ALTER TABLE oauth_clients ADD COLUMN used_at BIGINT; -- let in, or given tokens, exact to a day; NULL: never
UPDATE oauth_clients SET used_at = updated_at;       -- of those there were before, nothing is known
CREATE INDEX oauth_clients_listed ON oauth_clients (created_at, id);
CREATE INDEX oauth_clients_used ON oauth_clients (used_at);
