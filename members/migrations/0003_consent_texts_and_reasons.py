"""Version 1 of the consent texts, and the first list of reasons for not approving.

Sources: Personal Information Protection Law art. 13, 14, 17, 19 (consent, notice, shortest period),
28 to 30 (sensitive data: separate consent, necessity and effects), 44 to 47 (rights).
"""

import datetime

from django.db import migrations

JOINING_ZH = """谁处理您的信息：您申请加入的工会（名称和联系方式见申请页面）。它的上级工会在管理会籍的职责范围内使用这些信息。

处理哪些信息：姓名、证件类型、手机号码、从业群体、工作单位或平台、申请时间和入会方式；证件号码中包含的出生日期和性别。证件号码本身另行征得您的单独同意。

用来做什么：审核入会申请，登记、接转和保留会籍，联系您并提供会员服务，以及制作看不出个人身份的工会统计。不用于广告，不出售，不用于与工会工作无关的用途。

怎样保护：手机号码加密保存，页面上只显示一部分；只有负责的工会工作人员能够查看，查看完整号码须写明理由并留下记录。

保存多久：会籍存续期间，以及会籍终止后档案管理规定要求的期限。申请未通过的，事情办结后不再需要时即删除。

您的权利：您可以查阅、复制、更正、补充您的信息，要求删除，也可以随时撤回同意。撤回不影响撤回以前的处理；撤回后工会无法继续办理您的申请。入会自愿，不同意也可以到工会当面咨询和申请。

怎样联系：请与您申请加入的工会联系，也可以找当地总工会。对处理有异议的，可以向网信部门投诉。"""

JOINING_EN = """Who uses your data: the union you apply to (its name and contact are on the application page). The unions above it use them as far as their duty of keeping the membership register goes.

Which data: name, type of document, mobile number, worker group, employer or platform, time and way of applying; the date of birth and sex that the ID number contains. For the ID number itself you are asked separately.

What for: to review your application, to keep and transfer your membership, to contact you and offer you members' services, and for statistics that show no person. Not for advertising, not for sale, not for anything outside the union's work.

How they are protected: the mobile number is stored encrypted and shown in part only. Only the officials in charge can see it; to see the whole number they must give a reason, which is recorded.

How long: as long as your membership lasts, and afterwards as long as the rules on archives require. If your application is not approved, until the matter is closed and they are no longer needed.

Your rights: you may see, copy, correct and complete your data, have them deleted, and withdraw your consent at any time. This does not touch what was done before; after it the union cannot go on with your application. Joining is voluntary; without consent you can still ask and apply at the union in person.

Contact: the union you apply to, or the local federation of trade unions. You may also complain to the cyberspace administration."""

ID_NUMBER_ZH = """证件号码属于敏感个人信息，一旦泄露可能被他人冒用，影响您的人身和财产安全。因此我们就它单独征求您的同意。

谁处理：您申请加入的工会（名称和联系方式见申请页面），以及负责会籍管理的上级工会。

为什么必须用：确认是您本人、已满十六周岁，并保证一个人只有一份会籍，防止他人冒名入会。会员实名登记没有这个号码无法完成。

怎样处理：号码加密保存，页面上只显示前三位和后四位；查找时使用带密钥的摘要，不使用号码本身；查看完整号码须写明理由并留下记录。不对外公开，不提供给商业机构。

保存多久：与会籍登记相同。申请未通过的，事情办结后不再需要时即删除。

您可以不同意：那样就不能在网上办理，但可以携带证件到工会当面申请。您也可以随时撤回同意，办法与入会信息相同。"""

ID_NUMBER_EN = """The ID number is sensitive personal information: if it leaks, others could pose as you, and your safety and property could suffer. That is why you are asked about it separately.

Who uses it: the union you apply to (its name and contact are on the application page), and the unions above it that keep the membership register.

Why it is needed: to make sure that it is you and that you are at least 16, and that each person has one membership only, so that nobody joins in your name. The real-name register cannot do without it.

How it is handled: stored encrypted, shown with its first three and last four characters only, looked up by a keyed hash instead of the number; to see the whole number an official must give a reason, which is recorded. It is not published and not given to businesses.

How long: as long as the membership record. If your application is not approved, until the matter is closed and it is no longer needed.

You may refuse: then you cannot apply online, but in person at the union, with your document. You may also withdraw your consent at any time, as for the other data."""

PUBLISHED_ON = datetime.date(2023, 1, 1)

TEXTS = [
    ("joining", "入会与会员信息处理说明", "How your data are used for joining", JOINING_ZH, JOINING_EN),
    ("id_number", "证件号码（敏感个人信息）处理说明", "How your ID number is used", ID_NUMBER_ZH, ID_NUMBER_EN),
]

# The applicant reads these. "Registered elsewhere" is worded so that it confirms nothing: whoever
# applied with somebody else's ID number must not learn whether that person is a member.
REASONS = [
    ("not_eligible", "不符合入会条件", "The conditions for joining are not met"),
    ("document_mismatch", "姓名与证件信息不一致", "Name and document do not match"),
    (
        "registered_elsewhere",
        "会籍登记情况需要当面核对（例如曾在其他工会登记），请携带证件与工会联系",
        "The registration must be settled in person (for example an earlier one at another union); "
        "please contact the union and bring your document",
    ),
    ("incomplete", "填写的信息不完整，请补充后重新申请", "Information is incomplete; please apply again with all of it"),
    ("outside_area", "工作地点或单位不在本工会范围内，请向所在地工会申请", "Not in this union's area; please apply to the union where you work"),
    ("under_age", "未满十六周岁", "Under 16 years of age"),
    ("duplicate", "重复提交，以另一份申请为准", "Sent twice; the other application counts"),
    ("not_reachable", "按所留号码多次联系不上，请核对手机号码后重新申请", "Could not be reached by phone; please check the number and apply again"),
    ("other", "其他原因，见工会的说明", "Another reason; see the union's note"),
]


def add_rows(apps, schema_editor):
    consent_text = apps.get_model("members", "ConsentText")
    for purpose, title_zh, title_en, body_zh, body_en in TEXTS:
        consent_text.objects.get_or_create(
            purpose=purpose,
            version=1,
            defaults={
                "title_zh": title_zh,
                "title_en": title_en,
                "body_zh": body_zh,
                "body_en": body_en,
                "published_on": PUBLISHED_ON,
            },
        )
    reason = apps.get_model("members", "RejectionReason")
    for position, (code, text_zh, text_en) in enumerate(REASONS, start=1):
        reason.objects.get_or_create(
            code=code,
            defaults={"text_zh": text_zh, "text_en": text_en, "sort_order": position * 10},
        )


def remove_unused_rows(apps, schema_editor):
    """Rows that nothing refers to; others stay, and the tables go with the migration before."""
    consent = apps.get_model("members", "Consent")
    apps.get_model("members", "ConsentText").objects.filter(
        version=1, purpose__in=[text[0] for text in TEXTS]
    ).exclude(pk__in=consent.objects.values("text")).delete()
    application = apps.get_model("members", "Application")
    apps.get_model("members", "RejectionReason").objects.filter(
        code__in=[reason[0] for reason in REASONS]
    ).exclude(
        pk__in=application.objects.filter(rejection_reason__isnull=False).values("rejection_reason")
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("members", "0002_append_only")]

    operations = [migrations.RunPython(add_rows, remove_unused_rows)]
