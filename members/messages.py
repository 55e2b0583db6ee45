"""The texts of short messages, by template.

Chinese first: it is what is sent unless a page in another language asked for the message. Values
are filled in by ``{name}``; a text holds no name and no number of a person.
"""

from __future__ import annotations

from typing import NamedTuple


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
    "application_correction": MessageText(
        "您的入会申请（回执号 {receipt}）需要补正：{reason}。请凭回执号到 {address} 修改后重交。",
        "Please correct your application {receipt}: {reason}. Go to {address} with your receipt "
        "number.",
    ),
    "application_approved": MessageText(
        "您的入会申请（回执号 {receipt}）已通过，您已成为{union}会员。查询：{address}",
        "Your application {receipt} is approved: you are a member of {union}. See {address}",
    ),
    "application_rejected": MessageText(
        "您的入会申请（回执号 {receipt}）未获通过，原因可凭回执号查询：{address}",
        "Your application {receipt} was not approved. The reason is shown at {address}",
    ),
    "application_undone": MessageText(
        "您的入会申请（回执号 {receipt}）的审批结果已被更正，现重新审核。查询：{address}",
        "The decision on your application {receipt} was taken back; it is being reviewed again: "
        "{address}",
    ),
    "application_escalated": MessageText(
        "您的入会申请（回执号 {receipt}）审核时间较长，我们已报告上级工会督促办理。查询：{address}",
        "Your application {receipt} has waited long: the union above has been told. See {address}",
    ),
    "application_moved": MessageText(
        "您的入会申请（回执号 {receipt}）已转由{union}办理。查询：{address}",
        "Your application {receipt} has been passed to {union}. See {address}",
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
    "request_decided": MessageText(
        "您申请更正会员信息的办理结果已出，请登录 {address} 查看。",
        "Your request for correction has been decided. See {address}",
    ),
}
