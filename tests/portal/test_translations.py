"""The Chinese interface is complete, and the tools that keep it so."""

import gettext

import pytest
from django.core.management import CommandError, call_command

from portal.translations import (
    Problems,
    Update,
    compile_catalog,
    extract_messages,
    find_problems,
    po_path,
    read_catalog,
    update_catalog,
)

PYTHON = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext

NAME = _("Name")
# Translators: a person's union
UNION = _("Union "
          "of workers")
COUNT = ngettext("%(count)d member", "%(count)d members", 3)
MAY = pgettext("month", "May")
NOT_THIS = str("Not this")
"""
TEMPLATE = """{% load i18n %}
<div>
      {% if x %}
  <p title="{% translate 'Title' %}">{% blocktranslate trimmed with n=name %}
     Hello {{ n }},
     welcome
  {% endblocktranslate %}</p>
{% endif %}
    {% blocktranslate count n=x %}One{% plural %}{{ n }} many{% endblocktranslate %}
{% translate "May" context "verb" %} {{ _("Constant") }} 'quote (
</div>
"""


@pytest.fixture
def project(tmp_path):
    """A small project with one app and one template."""
    for path, text in {
        "shop/apps.py": PYTHON,
        "shop/migrations/0001_initial.py": '_("Not from migrations")',
        "elsewhere/module.py": '_("Not an app")',
        "templates/shop/page.html": TEMPLATE,
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def texts(catalog):
    return {(message.id, message.context) for message in catalog if message.id}


def translate(path, *pairs):
    content = path.read_text(encoding="utf-8")
    for text, translation in pairs:
        old = f'msgid "{text}"\nmsgstr ""'
        assert old in content
        content = content.replace(old, f'msgid "{text}"\nmsgstr "{translation}"')
    path.write_text(content, encoding="utf-8")


def test_every_text_of_the_portal_is_in_chinese():
    assert find_problems(extract_messages(), read_catalog(po_path())) == Problems()


def test_texts_are_found_in_modules_and_templates(project):
    assert texts(extract_messages(project)) == {
        ("Name", None),
        ("Union of workers", None),
        (("%(count)d member", "%(count)d members"), None),
        ("May", "month"),
        ("Title", None),
        ("Hello %(n)s, welcome", None),
        (("One", "%(n)s many"), None),
        ("May", "verb"),
        ("Constant", None),
    }


def test_updating_keeps_translations_and_adds_no_noise(project):
    path = po_path(project)
    assert update_catalog(path, extract_messages(project)) == Update(9, 9, 0, 9)
    translate(path, ("Name", "姓名"), ("Title", "标题"))
    assert update_catalog(path, extract_messages(project)) == Update(9, 0, 0, 7)
    before = path.read_bytes()
    assert update_catalog(path, extract_messages(project)) == Update(9, 0, 0, 7)
    assert path.read_bytes() == before
    content = before.decode()
    assert "shop" not in content
    assert "Creation-Date" not in content
    assert "#. Translators: a person's union" in content
    (project / "templates/shop/page.html").write_text("")
    assert update_catalog(path, extract_messages(project)) == Update(4, 0, 5, 3)
    assert 'msgid "Name"\nmsgstr "姓名"' in path.read_text(encoding="utf-8")
    assert "标题" not in path.read_text(encoding="utf-8")


def test_problems_are_named(project):
    path = po_path(project)
    update_catalog(path, extract_messages(project))
    translate(
        path,
        ("Name", "姓名"),
        ("Title", "标题"),
        ("Constant", " "),
        ("Hello %(n)s, welcome", "欢迎"),
    )
    content = path.read_text(encoding="utf-8")
    content = content.replace('msgid "Title"', '#, fuzzy\nmsgid "Title"')
    content = content.replace('msgstr[0] ""', 'msgstr[0] "%(count)d 名会员"', 1)
    content += '\nmsgid "Old"\nmsgstr "旧"\n'
    path.write_text(content, encoding="utf-8")
    problems = find_problems(extract_messages(project), read_catalog(path))
    assert sorted(problems.missing) == sorted(
        ["Constant", "May [month]", "May [verb]", "One", "Union of workers"]
    )
    assert problems.fuzzy == ["Title"]
    assert problems.obsolete == ["Old"]
    assert problems.placeholders == ["Hello %(n)s, welcome"]


def test_compiled_file_serves_gettext(project):
    path = po_path(project)
    update_catalog(path, extract_messages(project))
    translate(path, ("Name", "姓名"))
    content = path.read_text(encoding="utf-8")
    content = content.replace('msgstr[0] ""', 'msgstr[0] "%(count)d 名会员"', 1)
    content = content.replace('msgid "May"\nmsgstr ""', 'msgid "May"\nmsgstr "五月"', 1)
    path.write_text(content, encoding="utf-8")
    assert compile_catalog(path) == 3
    with path.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert compiled.gettext("Name") == "姓名"
    assert compiled.gettext("Title") == "Title"
    assert compiled.ngettext("%(count)d member", "%(count)d members", 5) == "%(count)d 名会员"
    assert {compiled.pgettext("month", "May"), compiled.pgettext("verb", "May")} == {"五月", "May"}


def test_command_extracts_checks_and_compiles(project, monkeypatch, capsys):
    path = po_path(project)
    monkeypatch.setattr("portal.management.commands.translations.po_path", lambda: path)
    monkeypatch.setattr(
        "portal.management.commands.translations.extract_messages",
        lambda: extract_messages(project),
    )
    with pytest.raises(CommandError, match="translations extract"):
        call_command("translations", "compile")
    call_command("translations", "extract")
    assert capsys.readouterr().out == "9 texts: 9 new, 0 removed, 9 not translated.\n"
    with pytest.raises(CommandError, match="not complete"):
        call_command("translations", "check")
    assert "Missing: 'Name'\n" in capsys.readouterr().out
    call_command("translations", "compile")
    assert capsys.readouterr().out == "Compiled 0 translated texts.\n"
