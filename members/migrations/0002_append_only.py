"""The table is append-only: the database refuses UPDATE and DELETE of a row."""

from django.db import migrations

GUARD = """
CREATE FUNCTION members_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER members_membershipevent_append_only
    BEFORE UPDATE OR DELETE ON members_membershipevent
    FOR EACH ROW EXECUTE FUNCTION members_refuse_change();
"""

UNGUARD = """
DROP TRIGGER members_membershipevent_append_only ON members_membershipevent;
DROP FUNCTION members_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0001_initial")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
