"""Every address of the portal."""

from django.urls import include, path

from safety_portal import health, home
from safety_portal.alert_pages import alert_urls

urlpatterns = [
    path("", home.home, name="home"),
    *alert_urls,
    path("", include("naloxone.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("components/", include("safety_portal.components")),
]
