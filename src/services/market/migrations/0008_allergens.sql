-- SPDX-License-Identifier: Apache-2.0
-- Facets of the kind 'allergen': what a product contains or may contain traces of, as allergens.c reads its words. What was there before counts as
-- all of them until it is saved again: it may be missing from a list "without", and is never in it by mistake.
INSERT INTO facets (product_id, page_id, kind, slug, name)
SELECT p.id, p.page_id, 'allergen', a.slug, a.slug FROM products p CROSS JOIN (
  SELECT 'gluten' AS slug UNION ALL SELECT 'crustaceans' UNION ALL SELECT 'eggs' UNION ALL SELECT 'fish' UNION ALL SELECT 'peanuts'
  UNION ALL SELECT 'soya' UNION ALL SELECT 'milk' UNION ALL SELECT 'nuts' UNION ALL SELECT 'celery' UNION ALL SELECT 'mustard'
  UNION ALL SELECT 'sesame' UNION ALL SELECT 'sulphites' UNION ALL SELECT 'lupin' UNION ALL SELECT 'molluscs') a
 WHERE p.contains <> '' OR p.may_contain <> '';
