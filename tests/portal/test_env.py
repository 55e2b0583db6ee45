"""The readers of environment variables fail loudly and never repeat a value."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import env


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("TRUE", True), ("on", True), ("no", False), ("0", False), ("", True)],
)
def test_env_bool_reads_words(monkeypatch, text, expected):
    monkeypatch.setenv("SOME_SWITCH", text)
    assert env.env_bool("SOME_SWITCH", True) is expected


def test_env_bool_refuses_nonsense_without_repeating_it(monkeypatch):
    monkeypatch.setenv("SOME_SWITCH", "perhaps")
    with pytest.raises(ImproperlyConfigured) as caught:
        env.env_bool("SOME_SWITCH", True)
    assert str(caught.value) == ("SOME_SWITCH must be one of true, false, yes, no, on, off, 1, 0.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("many", "SOME_NUMBER must be a whole number."),
        ("0", "SOME_NUMBER must be at least 1."),
        ("11", "SOME_NUMBER must be at most 10."),
    ],
)
def test_env_int_refuses_what_is_no_number_or_out_of_bounds(monkeypatch, text, message):
    monkeypatch.setenv("SOME_NUMBER", text)
    with pytest.raises(ImproperlyConfigured) as caught:
        env.env_int("SOME_NUMBER", 5, minimum=1, maximum=10)
    assert str(caught.value) == message


def test_env_list_strips_and_drops_empty_entries(monkeypatch):
    monkeypatch.setenv("SOME_HOSTS", " a.example , ,b.example,")
    assert env.env_list("SOME_HOSTS") == ["a.example", "b.example"]


def test_a_required_variable_is_named_when_missing(monkeypatch):
    monkeypatch.delenv("SOME_HOSTS", raising=False)
    for read in (env.env_list, env.env_str, env.env_secret):
        with pytest.raises(ImproperlyConfigured, match=r"^Set the environment variable SOME_HOSTS"):
            read("SOME_HOSTS")


def test_env_secret_reads_a_file(monkeypatch, tmp_path: Path):
    (tmp_path / "key").write_text("from the file\n", encoding="utf-8")
    monkeypatch.setenv("SOME_KEY_FILE", str(tmp_path / "key"))
    assert env.env_secret("SOME_KEY") == "from the file"


def test_env_secret_refuses_both_an_empty_and_a_missing_file(monkeypatch, tmp_path: Path):
    (tmp_path / "empty").touch()
    for name, message in (("empty", "is empty"), ("absent", "cannot be read")):
        monkeypatch.setenv("SOME_KEY_FILE", str(tmp_path / name))
        with pytest.raises(ImproperlyConfigured, match=message):
            env.env_secret("SOME_KEY")
    monkeypatch.setenv("SOME_KEY", "also given")
    with pytest.raises(ImproperlyConfigured, match="not both"):
        env.env_secret("SOME_KEY")


def test_env_file_does_not_override_the_environment(monkeypatch, tmp_path: Path):
    path = tmp_path / ".env"
    path.write_text("# a remark\nexport FIRST_VALUE='a b'\nSECOND_VALUE=x=y\n", encoding="utf-8")
    monkeypatch.setenv("SECOND_VALUE", "kept")
    monkeypatch.setenv("FIRST_VALUE", "to be removed at the end")
    monkeypatch.delenv("FIRST_VALUE")
    env.load_env_file(path)
    assert (env.env_str("FIRST_VALUE"), env.env_str("SECOND_VALUE")) == ("a b", "kept")


def test_env_file_with_a_broken_line_is_refused(tmp_path: Path):
    path = tmp_path / ".env"
    path.write_text("secret without a name\n", encoding="utf-8")
    with pytest.raises(ImproperlyConfigured) as caught:
        env.load_env_file(path)
    assert str(caught.value) == ".env, line 1: expected NAME=value."
