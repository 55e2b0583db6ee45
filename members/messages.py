"""The texts of short messages, by template.

Chinese first: it is what is sent unless a page in another language asked for the message. Values
are filled in by ``{name}``; a text holds no name and no number of a person.
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _


class MessageText(NamedTuple):
    """One message in both languages. ``minutes``: not sent later than so long after it was
    written; None for those that stay true."""

    zh: str
    en: str
    minutes: int | None = None


MESSAGES: dict[str, MessageText] = {
    "code": MessageText(
        "验证码 {code}，{minutes} 分钟内有效。工作人员不会向您索要验证码，请勿告诉他人。",
        "Your code is {code}, valid for {minutes} minutes. Nobody from the union will ask for it.",
        minutes=10,
    ),
    # To whom an official typed in; who sends the form themself sees the receipt on the page.
    "application_recorded": MessageText(
        "工会工作人员已为您登记入会申请（受理编号 {receipt}），由{union}审核。"
        "如非本人意愿，请联系该工会。查询：{address}",
        "An official has entered your application {receipt} to join {union}. If this is not your "
        "wish, please contact the union. See {address}",
    ),
    "application_correction": MessageText(
        "您的入会申请（受理编号 {receipt}）需要补正：{reason}。修改后重交：{address}",
        "Please correct your application {receipt}: {reason}. Go to {address} with your receipt "
        "number.",
    ),
    "application_approved": MessageText(
        "您的入会申请（受理编号 {receipt}）已通过，您已成为{union}会员。查询：{address}",
        "Your application {receipt} is approved: you are a member of {union}. See {address}",
    ),
    "application_rejected": MessageText(
        "您的入会申请（受理编号 {receipt}）未获通过，原因可凭受理编号查询：{address}",
        "Your application {receipt} was not approved. The reason is shown at {address}",
    ),
    "application_undone": MessageText(
        "您的入会申请（受理编号 {receipt}）的审批结果已被更正，现重新审核。查询：{address}",
        "The decision on your application {receipt} was taken back; it is being reviewed again: "
        "{address}",
    ),
    "application_escalated": MessageText(
        "您的入会申请（受理编号 {receipt}）审核时间较长，已报告上级工会督促办理。查询：{address}",
        "Your application {receipt} has waited long: the union above has been told. See {address}",
    ),
    "application_moved": MessageText(
        "您的入会申请（受理编号 {receipt}）已转由{union}办理。查询：{address}",
        "Your application {receipt} has been passed to {union}. See {address}",
    ),
    "records_merged": MessageText(
        "您的两份会员记录已合并为一份，本手机号仍用于登录个人页面。如有疑问请联系所在工会。",
        "Your two member records are now one. This phone still opens your own page. If in doubt, "
        "ask your union.",
    ),
    "records_merged_ends": MessageText(
        "您的两份会员记录已合并为一份，今后请用另一手机号登录个人页面。如非本人所有，请联系所在工会。",
        "Your two member records are now one; from now on another phone opens your own page. If "
        "that is not yours, contact your union.",
    ),
    "records_unmerged": MessageText(
        "此前对您会员记录的合并已撤销，记录恢复原状。如有疑问请联系所在工会。",
        "The merge of your member records was undone; they are as before. If in doubt, ask your "
        "union.",
    ),
    "already_member": MessageText(
        "有人以您的证件号码申请入会。您的会籍仍在，无需再次申请；如非本人操作，请联系{union}。",
        "Somebody applied to join with your document number. You are a member already and need not "
        "apply. If it was not you, please contact {union}.",
    ),
    "transfer_asked": MessageText(
        "您的会籍正在办理转接：由{releasing}转往{receiving}。如非本人意愿，请联系所在工会。",
        "Your membership is to move from {releasing} to {receiving}. If this is not your wish, "
        "please contact your union.",
    ),
    "transfer_done": MessageText(
        "您的会籍已转入{receiving}。", "Your membership is now with {receiving}."
    ),
    "membership_carried": MessageText(
        "您所在的{releasing}已合并或撤销，您的会籍转入{receiving}，无需您办理手续。如有疑问请联系该工会。",
        "{releasing} has been merged or dissolved. Your membership moves to {receiving}; you need "
        "not do anything. If in doubt, ask that union.",
    ),
    "transfer_ended": MessageText(
        "您的会籍转接未办成，会籍仍在{releasing}。",
        "Your membership was not moved; it stays with {releasing}.",
    ),
    "collective_confirm": MessageText(
        "{union}代您登记了入会申请，请本人打开链接确认后生效：{address}",
        "{union} has entered an application to join for you. It counts only once you confirm it: "
        "{address}",
    ),
    "phone_changed": MessageText(
        "您的会籍联系手机已更换为另一号码，本号码不再用于登录。如非本人操作，请立即联系{union}。",
        "Your membership now has another mobile number; this one no longer logs in. If it was not "
        "you, contact {union} at once.",
    ),
    "membership_left": MessageText(
        "您已退出{union}，会籍截至{day}。如非本人操作，请立即联系该工会。",
        "You have left {union}; your membership ends on {day}. If it was not you, contact the "
        "union at once.",
    ),
    # To an official who subscribed: figures of a union, worth nothing the day after.
    "morning_brief": MessageText(
        "{union}{day}：会员{members}人（较前一日{change}），本月新增{month}人，本年新增{year}人。{more}"
        "详见 {address}",
        "{union}, {day}: {members} members ({change}), new this month {month}, this year {year}. "
        "{more}{address}",
        minutes=12 * 60,
    ),
    "request_decided": MessageText(
        "您提出的更正或删除个人信息申请已有办理结果，请登录 {address} 查看。",
        "Your request about your own data has been decided. See {address}",
    ),
    "data_erased": MessageText(
        "您的个人信息已按您的申请删除，{union}仅保留会员名册中依法应当留存的内容。您可随时重新入会。",
        "Your personal data are erased as you asked. {union} keeps only what the membership roll "
        "must hold. You can join again at any time.",
    ),
}

# What officials read in the list of messages; a template without a label shows its name.
LABELS = {
    "code": _("One-time code"),
    "application_recorded": _("Application: entered by an official"),
    "application_correction": _("Application: correction asked for"),
    "application_approved": _("Application: approved"),
    "application_rejected": _("Application: not approved"),
    "application_undone": _("Application: decision taken back"),
    "application_escalated": _("Application: union above told"),
    "application_moved": _("Application: passed on"),
    "already_member": _("Somebody applied with the member's number"),
    "records_merged": _("Records merged"),
    "records_merged_ends": _("Records merged: this phone ends"),
    "records_unmerged": _("Merge undone"),
    "transfer_asked": _("Transfer: asked for"),
    "transfer_done": _("Transfer: done"),
    "membership_carried": _("Union merged or dissolved: membership moved"),
    "transfer_ended": _("Transfer: not done"),
    "collective_confirm": _("Collective registration: please confirm"),
    "phone_changed": _("Phone changed"),
    "membership_left": _("Membership left"),
    "morning_brief": _("Morning brief"),
    "request_decided": _("Request about the own data decided"),
    "data_erased": _("Personal data erased"),
}
