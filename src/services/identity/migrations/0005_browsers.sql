-- SPDX-License-Identifier: Apache-2.0
-- With what a person signs in ("Firefox on Linux"): another one is told to them by letter.
CREATE TABLE browsers (
  person_id  BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  agent      TEXT NOT NULL,
  seen_at    BIGINT NOT NULL,
  PRIMARY KEY (person_id, agent)
);
