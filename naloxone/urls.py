"""Addresses of kits, hand-overs and places; their lines in the navigation."""

from django.urls import path

from naloxone.views import kits
from safety_portal.access import Permission
from safety_portal.page_parts import NavItem, register_navigation

app_name = "naloxone"

urlpatterns = [
    path("kits/", kits.kits, name="kits"),
]

register_navigation(NavItem("Kits", "naloxone:kits", Permission.KITS_SEE, order=20))
