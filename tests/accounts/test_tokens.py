"""Keys for the API, by command."""

import io

import pytest
from django.core.management import CommandError, call_command
from rest_framework.authtoken.models import Token

from accounts.tokens import issue_token, revoke_token
from tests.builders import make_user

pytestmark = pytest.mark.django_db


def test_a_new_key_replaces_the_old_one() -> None:
    user, other = make_user("a"), make_user("b")
    theirs = issue_token(other)
    first, second = issue_token(user), issue_token(user)
    assert first != second
    assert set(Token.objects.values_list("key", flat=True)) == {second, theirs}


def test_revoking_says_whether_there_was_one() -> None:
    user = make_user("a")
    issue_token(user)
    assert (revoke_token(user), revoke_token(user)) == (True, False)
    assert Token.objects.count() == 0


def test_the_command_prints_the_key_and_nothing_else() -> None:
    user = make_user("clerk")
    out, err = io.StringIO(), io.StringIO()
    call_command("issue_token", "clerk", stdout=out, stderr=err)
    assert (out.getvalue(), err.getvalue()) == (Token.objects.get(user=user).key + "\n", "")
    call_command("issue_token", "clerk", "--revoke", stdout=out, stderr=err)
    call_command("issue_token", "clerk", "--revoke", stdout=out, stderr=err)
    assert err.getvalue().split("\n") == ["Revoked.", "There was no key.", ""]


def test_nobody_and_the_inactive_get_none() -> None:
    make_user("gone", is_active=False)
    for username in ("gone", "unknown"):
        with pytest.raises(CommandError, match="no active user"):
            call_command("issue_token", username)
    assert Token.objects.count() == 0
