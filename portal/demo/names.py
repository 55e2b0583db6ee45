"""Generated names of people and firms. None is taken from anywhere; a likeness is chance."""

from __future__ import annotations

from random import Random

DEMO_MARK = "（演示）"

# The most frequent surnames first: drawn by index from a falling distribution.
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭"
    "吕苏卢蒋蔡贾丁魏薛叶阎"
)
_MALE = "伟强磊军勇涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙建国文志海永东庆广新成春峰亮杰"
_FEMALE = "芳娜敏静丽艳娟霞秀燕玲桂丹萍红玉兰凤洁梅琳素云莲真环雪荣爱妹香月莺媛瑞凡佳嘉琼勤珍贞莉"
_FIRM_FIRST = "鲁聊水东运昌江泰瑞恒盛众诚嘉润宏远通达顺捷安康和信德金鼎锦华天佳美亿百万新联合正"
_FIRM_SECOND = "通达顺捷安康和信德泰丰源盛隆远航翔腾飞跃兴旺成邦益友诺诚佳美洁家邻城驿途路程运"

# What a firm of each group trades in.
TRADES: dict[str, tuple[str, ...]] = {
    "truck_driver": ("货运", "物流", "运输", "供应链"),
    "ride_hailing_driver": ("出行", "汽车服务", "客运服务"),
    "courier": ("快递", "速递", "快运"),
    "delivery_rider": ("配送", "餐饮配送", "即时配送"),
    "carer": ("护理服务", "养老服务", "健康护理"),
    "domestic_worker": ("家政", "家政服务", "保洁服务"),
    "mall_promoter": ("商贸", "百货", "商业管理"),
    "estate_agent": ("房产经纪", "置业", "不动产服务"),
    "security_guard": ("保安服务", "安保", "物业保安"),
    "other_nef": ("网络科技", "直播服务", "数字文化"),
    "employee": ("机械制造", "纺织", "食品", "建筑工程", "商贸", "化工", "电子", "农业开发"),
}
# Share of men in each group; the rest of the groups are even.
_MALE_SHARE = {
    "truck_driver": 0.95,
    "ride_hailing_driver": 0.9,
    "courier": 0.85,
    "delivery_rider": 0.88,
    "carer": 0.15,
    "domestic_worker": 0.1,
    "mall_promoter": 0.2,
    "security_guard": 0.85,
}


def is_male(random: Random, group: str) -> bool:
    """Drawn by the usual share of men in the group."""
    return random.random() < _MALE_SHARE.get(group, 0.5)


def person_name(random: Random, *, male: bool) -> str:
    """Two or three characters."""
    surname = _SURNAMES[int(len(_SURNAMES) * random.random() ** 2)]
    given = _MALE if male else _FEMALE
    first = given[int(len(given) * random.random())]
    if random.random() < 0.2:
        return surname + first
    return surname + first + given[int(len(given) * random.random())]


class FirmNames:
    """Firm names that never repeat; each ends in the demo mark."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._taken: set[str] = set()

    def draw(self, place: str, group: str) -> str:
        """A new name for a firm of the group's trade in ``place`` ("聊城市")."""
        random = self._random
        while True:
            word = random.choice(_FIRM_FIRST) + random.choice(_FIRM_SECOND)
            name = f"{place}{word}{random.choice(TRADES[group])}有限公司"
            if name not in self._taken:
                self._taken.add(name)
                return name + DEMO_MARK


def union_of_firm(firm_name: str) -> str:
    """“…有限公司（演示）” → “…有限公司工会委员会（演示）”."""
    return f"{firm_name.removesuffix(DEMO_MARK)}工会委员会{DEMO_MARK}"
