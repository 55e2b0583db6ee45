"""The fixed code lists of a union record (domain terms in Chinese beside the codes)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class UnionStatus(models.TextChoices):
    """Where a union stands between preparation and dissolution."""

    PREPARING = "preparing", _("preparing")  # 筹建
    ACTIVE = "active", _("established")  # 已建
    DISSOLVED = "dissolved", _("dissolved")  # 撤销


class ClosingKind(models.TextChoices):
    """How a union comes to its end."""

    MERGED = "merged", _("merger")  # 合并
    DISSOLVED = "dissolved", _("dissolution")  # 撤销


class ClosingStatus(models.TextChoices):
    """Where a closing stands."""

    OPEN = "open", _("members are being carried over")
    DONE = "done", _("done")
    REFUSED = "refused", _("not done")


class FoundingMode(models.TextChoices):
    """With whom it was founded."""

    SINGLE = "single", _("single unit")  # 单独建
    JOINT = "joint", _("joint")  # 联合建
    INDUSTRY = "industry", _("by trade")  # 行业联合
    REGIONAL = "regional", _("by area")  # 区域联合


class FoundingStrategy(models.TextChoices):
    """Which approach of the national plan it follows."""

    KEY = "key", _("key firms")  # 重点建
    TRADE = "trade", _("trade-wide")  # 行业建
    CATCH_ALL = "catch_all", _("catch-all")  # 兜底建


class FoundingDriver(models.TextChoices):
    """Who brought it about."""

    SELF = "self", _("by itself")  # 自建
    LEADING_FIRM = "leading_firm", _("led by a leading firm")  # 牵头建
    TRADE_BODY = "trade_body", _("pushed by trade bodies")  # 推动建


class FoundingChannel(models.TextChoices):
    """How it was applied for."""

    OFFLINE = "offline", _("offline")  # 线下
    ONLINE = "online", _("online")  # 网上


class Role(models.TextChoices):
    """What a person is appointed as. What each may do stands in ``unions/permissions.py``."""

    FEDERATION_OFFICIAL = "federation_official", _("federation official")
    GRASSROOTS_OFFICIAL = "grassroots_official", _("grassroots official")
    LEADER = "leader", _("leader")
