-- SPDX-License-Identifier: Apache-2.0
-- Prices for some: what members and households pay for a variant where it is less than what everybody does.
CREATE TABLE list_prices (
  variant_id BIGINT NOT NULL REFERENCES variants (id),
  list       TEXT NOT NULL,                     -- member, household
  price      BIGINT NOT NULL,
  PRIMARY KEY (variant_id, list)
);
-- What was charged from when on, by list (a cycle's is named by its id); 0: the list has none any more. Append only.
CREATE TABLE list_price_changes (
  variant_id BIGINT NOT NULL REFERENCES variants (id),
  list       TEXT NOT NULL,
  at         BIGINT NOT NULL,
  price      BIGINT NOT NULL,
  PRIMARY KEY (variant_id, list, at)
);
