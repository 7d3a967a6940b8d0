-- SPDX-License-Identifier: Apache-2.0
-- Where orders to a supplier go.
ALTER TABLE suppliers ADD COLUMN email TEXT NOT NULL DEFAULT '';
