"""Demo pages say so."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from tests.builders import make_join_code, make_union

BADGE = '<span class="tag tag-info">demo</span>'


@pytest.mark.django_db
@pytest.mark.parametrize(("is_demo", "badges"), [(True, 1), (False, 0)])
def test_the_form_of_a_demo_union(client: Client, is_demo: bool, badges: int) -> None:
    federation = make_union("县总", "county_federation")
    union = make_union("街道工会", "joint_union", federation, is_demo=is_demo)
    code = make_join_code(union)
    page = client.get(f"/join/{code.code}/", headers={"Accept-Language": "en"})
    assert page.text.count(BADGE) == badges


@pytest.mark.parametrize(("allowed", "badges"), [(True, 1), (False, 0)])
def test_the_home_page_of_a_trial(client: Client, allowed: bool, badges: int) -> None:
    with override_settings(ALLOW_DEMO_IDENTITIES=allowed):
        page = client.get("/", headers={"Accept-Language": "en"})
    assert page.text.count(BADGE) == badges
