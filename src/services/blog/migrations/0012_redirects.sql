-- SPDX-License-Identifier: Apache-2.0
-- Redirects that somebody took away lead nowhere, and come back with an undo.

ALTER TABLE redirects ADD COLUMN deleted_at BIGINT; -- NULL: it leads
CREATE INDEX redirects_by_time ON redirects (created_at, path);
