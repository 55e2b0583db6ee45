"""The first rules: deadlines of review, ways to a union, retention periods; steps are kept.

Sources: Personal Information Protection Law art. 19 and 47 (shortest period; erase, or where the law
needs it keep and stop using); Cybersecurity Law art. 21 (logs six months). Deadlines of review are
the practice of provincial systems: no national limit is laid down.
"""

from typing import Any

from django.db import migrations

# position, looks for, kind, reason in Chinese, in English
ROUTES = [
    (10, "employer_union", None, "您的单位已建工会", "Your employer has a union"),
    (20, "trade_federation", None, "当地有您所在行业的工会联合会", "There is a federation of your trade here"),
    (30, "kind_in_region", "flexible_community", "离您最近的社区灵活就业人员联合工会", "The joint union of your community takes workers without an employer's union"),
    (31, "kind_in_region", "flexible_village", "离您最近的村级灵活就业人员联合工会", "The joint union of your village takes workers without an employer's union"),
    (40, "kind_in_region", "flexible_township", "您所在乡镇（街道）的灵活就业人员联合工会", "The joint union of your township takes workers without an employer's union"),
    (50, "kind_in_region", "community_union", "您所在社区（村）的工会", "The union of your community"),
    (60, "kind_in_region", "township_union", "您所在乡镇（街道）的工会", "The union of your township"),
    (90, "holding_pool", None, "当地暂无合适的工会，先由县级工会周转库登记，以后转入合适的工会，无需重新申请", "No union fits here yet: the county's pool registers you and later moves you, without a new application"),
]

# data class, Chinese, English, months, action, basis
RETENTION = [
    ("rejected_application", "未通过的入会申请", "Applications not approved", 6, "erase", "个人信息保护法 第19、47条"),
    ("unanswered_application", "长期未补正或已撤回的入会申请", "Applications taken back or never corrected", 3, "erase", "个人信息保护法 第19、47条"),
    ("ended_membership", "会籍终止后的联系方式和证件号码", "Contact data and ID number after a membership ended", 24, "freeze", "个人信息保护法 第47条；会籍档案管理"),
    ("collective_entry", "未确认的集体登记名单", "Unconfirmed entries of collective lists", 1, "erase", "个人信息保护法 第13、19条"),
    ("message", "短信内容和号码", "Texts and numbers of short messages", 1, "erase", "个人信息保护法 第19条"),
    ("one_time_code", "短信验证码", "One-time codes", 1, "erase", "个人信息保护法 第19条"),
]  # fmt: skip

GUARD = """
CREATE TRIGGER members_applicationstep_append_only
    BEFORE UPDATE OR DELETE ON members_applicationstep
    FOR EACH ROW EXECUTE FUNCTION members_refuse_change();
"""

UNGUARD = "DROP TRIGGER members_applicationstep_append_only ON members_applicationstep;"


def load(apps: Any, _schema_editor: Any) -> None:
    """Write what is missing."""
    apps.get_model("members", "ReviewRules").objects.get_or_create(pk=1)
    apps.get_model("members", "RoutingRule").objects.bulk_create(
        apps.get_model("members", "RoutingRule")(
            position=position, step=step, union_kind_id=kind, reason_zh=zh, reason_en=en
        )
        for position, step, kind, zh, en in ROUTES
    )
    apps.get_model("members", "RetentionRule").objects.bulk_create(
        apps.get_model("members", "RetentionRule")(
            data_class=code, name_zh=zh, name_en=en, months=months, action=action, basis=basis
        )
        for code, zh, en, months, action, basis in RETENTION
    )


def unload(apps: Any, _schema_editor: Any) -> None:
    """Take them out again."""
    for model in ("ReviewRules", "RoutingRule", "RetentionRule"):
        apps.get_model("members", model).objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("members", "0004_membership_for_life"), ("unions", "0004_holding_pool")]

    operations = [
        migrations.RunPython(load, unload),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
