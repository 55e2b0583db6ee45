"""The database refuses an illegal parent and any path that disagrees with the parent.

A path that equals the parent's path plus the own id for every row leaves no room for a cycle. The
trigger is deferred to the commit, so that a subtree may be rewritten in any order within one
transaction. It plans without sequential scans: its plans are kept for a session, and one made while
the table was small would make a bulk load quadratic.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION unions_guard_tree() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    node record;
    above record;
BEGIN
    SELECT id, parent_id, kind_id, path INTO node FROM unions_union WHERE id = NEW.id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT id, kind_id, path INTO above FROM unions_union WHERE id = node.parent_id;
    IF NOT EXISTS (
        SELECT FROM unions_unionkindrule r
        WHERE r.child_kind_id = node.kind_id AND r.parent_kind_id IS NOT DISTINCT FROM above.kind_id
    ) THEN
        RAISE EXCEPTION 'union % of kind % may not stand under kind %',
            node.id, node.kind_id, above.kind_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'unions_union_legal_parent';
    END IF;
    IF node.path IS DISTINCT FROM COALESCE(above.path, '') || node.id || '/' THEN
        RAISE EXCEPTION 'path % of union % does not follow from its parent', node.path, node.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'unions_union_path_follows_parent';
    END IF;
    IF TG_OP = 'UPDATE' AND EXISTS (
        SELECT FROM unions_union c
        WHERE c.parent_id = node.id
          AND (c.path <> node.path || c.id || '/' OR NOT EXISTS (
              SELECT FROM unions_unionkindrule r
              WHERE r.child_kind_id = c.kind_id AND r.parent_kind_id = node.kind_id))
    ) THEN
        RAISE EXCEPTION 'a child of union % would be left with a wrong path or parent', node.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'unions_union_children_follow';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER unions_union_guard_insert
    AFTER INSERT ON unions_union
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION unions_guard_tree();

CREATE CONSTRAINT TRIGGER unions_union_guard_update
    AFTER UPDATE OF parent_id, kind_id, path ON unions_union
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION unions_guard_tree();
"""

UNGUARD = """
DROP TRIGGER unions_union_guard_insert ON unions_union;
DROP TRIGGER unions_union_guard_update ON unions_union;
DROP FUNCTION unions_guard_tree();
"""


class Migration(migrations.Migration):
    dependencies = [("unions", "0001_initial")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
