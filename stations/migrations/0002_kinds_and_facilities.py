"""Load the kinds of station and the facilities that officials choose from.

Sources of the terms: the three-year action plan 2023–2025 (工会户外劳动者服务站点, 司机之家), the
Gansu drive of 2021 (“会、站、家”一体化), Luoyang 2023 (户外劳动者爱心驿站).
"""

from typing import Any

from django.db import migrations

KINDS = (
    ("union_station", "工会驿站", "Union rest station"),
    ("outdoor_station", "户外劳动者服务站点", "Service point for outdoor workers"),
    ("caring_station", "爱心驿站", "Caring rest station"),
    ("drivers_home", "司机之家", "Drivers' home"),
    ("integrated_station", "会站家一体化", "Union, station and home in one"),
)

FACILITIES = (
    ("drinking_water", "饮用水", "Drinking water"),
    ("seats", "休息座椅", "Seats"),
    ("charging", "手机充电", "Phone charging"),
    ("microwave", "微波炉", "Microwave oven"),
    ("fridge", "冰箱", "Refrigerator"),
    ("heating_cooling", "冷暖空调", "Heating and cooling"),
    ("toilet", "卫生间", "Toilet"),
    ("first_aid_kit", "急救药箱", "First-aid kit"),
    ("wifi", "无线网络", "Wi-Fi"),
    ("books", "图书报刊", "Books and papers"),
    ("rain_gear", "雨具", "Rain gear"),
    ("toolbox", "维修工具", "Repair tools"),
    ("battery_swapping", "电动车充换电", "E-bike charging"),
    ("parking", "停车位", "Parking"),
    ("shower", "淋浴", "Shower"),
    ("laundry", "洗衣", "Laundry"),
    ("meals", "餐饮", "Meals"),
    ("lodging", "住宿休息", "Beds"),
    ("nursing_room", "母婴室", "Nursing room"),
    ("legal_advice", "法律咨询", "Legal advice"),
)


def load(apps: Any, _schema_editor: Any) -> None:
    """Write the rows that are not there yet; what officials edited stays."""
    for model_name, rows in (("StationKind", KINDS), ("Facility", FACILITIES)):
        model = apps.get_model("stations", model_name)
        model.objects.bulk_create(
            (
                model(code=code, name_zh=name_zh, name_en=name_en, sort_order=10 * position)
                for position, (code, name_zh, name_en) in enumerate(rows, start=1)
            ),
            ignore_conflicts=True,
        )


def unload(apps: Any, _schema_editor: Any) -> None:
    """Take them out again; refused by the database while stations use them."""
    for model_name, rows in (("StationKind", KINDS), ("Facility", FACILITIES)):
        codes = [code for code, _zh, _en in rows]
        apps.get_model("stations", model_name).objects.filter(pk__in=codes).delete()


class Migration(migrations.Migration):
    dependencies = [("stations", "0001_initial")]

    operations = [migrations.RunPython(load, unload)]
