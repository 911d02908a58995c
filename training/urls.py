"""Addresses of protocols and dose cards; their lines in the navigation."""

from django.urls import path

from safety_portal.access import Permission
from safety_portal.page_parts import NavItem, register_navigation
from training.views import doses, protocols

app_name = "training"

urlpatterns = [
    path("protocols/", protocols.protocols, name="protocols"),
    path("protocols/new/", protocols.new_protocol, name="new_protocol"),
    path("protocols/PR-<int:number>/", protocols.protocol, name="protocol"),
    path("protocols/PR-<int:number>/v<int:version>/", protocols.version, name="version"),
    path("protocols/PR-<int:number>/new-version/", protocols.new_version, name="new_version"),
    path("dose-cards/", doses.dose_cards, name="dose_cards"),
    path("dose-cards/DC-<int:number>/card.pdf", doses.dose_card, name="dose_card"),
    path("people/dogs/C-<int:number>/dose/", doses.canine_dose, name="canine_dose"),
]

register_navigation(
    NavItem("Protocols", "training:protocols", None, order=60),
    NavItem("Dose cards", "training:dose_cards", Permission.PEOPLE_SEE, order=62),
)
