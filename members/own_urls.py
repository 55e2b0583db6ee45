"""Addresses of the own page, below /me/. Nothing personal stands in any of them."""

from django.urls import URLPattern, URLResolver, path

from members.views.own_page import card, consents, data, download, entering, erasing, moving

app_name = "own_page"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", card.home, name="home"),
    path("login/", entering.log_in, name="log_in"),
    path("code/", entering.code, name="code"),
    path("who/", entering.who, name="who"),
    path("nobody/", entering.nobody, name="nobody"),
    path("logout/", entering.log_out, name="log_out"),
    path("card.pdf", card.card_pdf, name="card_pdf"),
    path("data/", data.data, name="data"),
    path("data/phone/", data.phone, name="phone"),
    path("data/phone/code/", data.phone_code, name="phone_code"),
    path("data/employer/", data.employer, name="employer"),
    path("data/correct/", data.correct, name="correct"),
    path("data/erase/", erasing.erase, name="erase"),
    path("data/requests/<int:pk>/cancel/", data.cancel_request, name="cancel_request"),
    path("applications/<int:pk>/cancel/", data.cancel_application, name="cancel_application"),
    path("move/", moving.move, name="move"),
    path("move/<int:pk>/cancel/", moving.cancel_move, name="cancel_move"),
    path("leave/", moving.leave, name="leave"),
    path("consents/", consents.consents, name="consents"),
    path("consents/<slug:purpose>/", consents.withdraw, name="withdraw"),
    path("looked/", data.looked, name="looked"),
    path("download/", download.download, name="download"),
    path("download/data.json", download.as_json, name="as_json"),
    path("download/data.pdf", download.as_pdf, name="as_pdf"),
]
