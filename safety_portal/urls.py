"""Every address of the portal."""

from django.urls import include, path

from safety_portal import health, home

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("components/", include("safety_portal.components")),
]
