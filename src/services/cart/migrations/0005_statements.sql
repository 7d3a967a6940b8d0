-- SPDX-License-Identifier: Apache-2.0
-- A month of the books is read at once.
CREATE INDEX entries_at ON entries (at);
