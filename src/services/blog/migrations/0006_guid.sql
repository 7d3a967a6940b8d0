-- SPDX-License-Identifier: Apache-2.0
-- What feed readers know an imported post by: the id that it had where it came from. NULL: it was written here.

ALTER TABLE objects ADD COLUMN guid TEXT;
