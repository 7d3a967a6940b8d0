-- SPDX-License-Identifier: Apache-2.0
-- A new edge, of which there are most, renews only the list that it changes.

CREATE FUNCTION edges_shown_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.type = 'tagged' THEN
    UPDATE objects SET tags = object_links(id, 'tagged') WHERE id = NEW.src;
  ELSE
    UPDATE objects SET authors = object_links(id, 'authored-by') WHERE id = NEW.src;
  END IF;
  RETURN NULL;
END
$$;
DROP TRIGGER edges_shown_added ON edges;
CREATE TRIGGER edges_shown_added AFTER INSERT ON edges
  FOR EACH ROW WHEN (NEW.type IN ('tagged', 'authored-by')) EXECUTE FUNCTION edges_shown_new();
