"""Addresses of protocols; their line in the navigation."""

from django.urls import path

from safety_portal.page_parts import NavItem, register_navigation
from training.views import protocols

app_name = "training"

urlpatterns = [
    path("protocols/", protocols.protocols, name="protocols"),
    path("protocols/new/", protocols.new_protocol, name="new_protocol"),
    path("protocols/PR-<int:number>/", protocols.protocol, name="protocol"),
    path("protocols/PR-<int:number>/v<int:version>/", protocols.version, name="version"),
    path("protocols/PR-<int:number>/new-version/", protocols.new_version, name="new_version"),
]

register_navigation(NavItem("Protocols", "training:protocols", None, order=60))
