"""Public addresses of this app."""

from django.urls import URLPattern, URLResolver, path

from members.views import codes, confirming, finding, joining, proving, status, windows

app_name = "members"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", finding.find, name="find"),
    path("which/", finding.which, name="which"),
    path("status/", status.status, name="status"),
    path("received/", proving.received, name="received"),
    path("challenge/", proving.challenge, name="challenge"),
    # Addresses are tried in turn: the sign-up comes after those that look like a code, before all
    # that have more parts.
    path("<str:code>/", joining.join, name="join"),
    path("status/correct/", status.correct, name="correct"),
    path("status/take-back/", status.take_back, name="take_back"),
    path("received/prove/", proving.prove, name="prove"),
    path("received/resend/", proving.resend, name="resend"),
    path("window/<str:token>/", windows.window, name="window"),
    path("window/<str:token>/log-out/", windows.log_out, name="window_log_out"),
    path("confirm/<str:token>/", confirming.confirm, name="confirm"),
    path("texts/<slug:purpose>/<int:version>/", joining.consent_text, name="consent_text"),
    path("codes/<int:pk>/qr.svg", codes.join_code_svg, name="join_code_svg"),
    path("codes/<int:pk>/qr.png", codes.join_code_png, name="join_code_png"),
    path("codes/<int:pk>/poster.pdf", codes.join_code_poster, name="join_code_poster"),
]
