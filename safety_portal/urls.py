"""Every address of the portal."""

from allauth.account import views as account
from django.urls import include, path, re_path

from naloxone.views.kits import find
from safety_portal import health, held, home
from safety_portal.alert_pages import alert_urls
from safety_portal.photo_pages import photo_urls
from safety_portal.views import downloads
from safety_portal.views.addresses import roster_urls

# Of allauth only what we use, under its own names. Nobody changes an address: an administrator does.
sign_in_urls = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("signup/", account.signup, name="account_signup"),  # says that accounts are by invitation
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("2fa/", include("allauth.mfa.urls")),  # settings leave TOTP and recovery codes
]

urlpatterns = [
    path("", home.home, name="home"),
    path("verify/", home.verify_now, name="verify_now"),
    *alert_urls,
    *photo_urls,
    *roster_urls,
    path("", include("training.urls")),
    path("", include("naloxone.urls")),
    path("search/", find, name="search"),
    path("download/", downloads.download, name="download"),
    path("downloads/", downloads.downloads, name="downloads"),
    path("downloads/<str:token>/", downloads.download_file, name="download_file"),
    path("held/<str:token>/", held.held_form, name="held_form"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/", include(sign_in_urls)),
    path("components/", include("safety_portal.components")),
]
