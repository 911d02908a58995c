"""The front page: what one has to do now, by the roles one has, most urgent first."""

import time

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from naloxone.verify import verify_ledger
from safety_portal import access, audit, first, panels
from safety_portal.access import Permission, Role, everyone, needs
from safety_portal.page_parts import NavItem, register_navigation

# Template of the panel → what it shows. In the order of urgency; a supervisor reads the inspector's questions first.
PANELS = {
    "offers": panels.offers_waiting,
    "figures": panels.figures,
    "uses_to_read": panels.uses_to_read,
    "do_first": first.do_first,
    "expiries": panels.expiries,
    "reach": panels.reach,
    "protocols": panels.protocols,
    "my_kits": panels.my_kits,
    "my_dogs": panels.my_dogs,
    "accounts": panels.accounts,
    "ledger": panels.ledger,
    "one_person": panels.one_person,
    "roles": panels.roles,
    "changes": panels.changes,
    "sweeps": panels.sweeps,
    "not_yet": panels.not_yet,
}
QUESTIONS = ("reach", "protocols")


@everyone
def home(request):
    """What needs me now?"""
    now = timezone.now()
    mine = access.rights(request.person).roles
    names = PANELS
    if Role.SUPERVISOR in mine:
        names = sorted(PANELS, key=lambda name: name not in QUESTIONS)
    shown = [
        (f"home/_{name}.html", facts)
        for name in names
        if (facts := PANELS[name](request.person, now)) is not None
    ]
    context = {
        "title": "Home",
        "panels": shown,
        "roles": [role.label for role in Role if role in mine and role != Role.EMPLOYEE],
        "today": request.person.station.today(now),
        "now": now,
    }
    return render(request, "home.html", context)


@require_POST
@needs(Permission.LEDGER_VERIFY)
def verify_now(request):
    """Verify the whole ledger, and write down what was found."""
    begun = time.monotonic()
    found = verify_ledger()
    took = f"{time.monotonic() - begun:.1f} s"
    audit.record(
        panels.VERIFIED, by=request.person, target="ledger", found=found.sentence,
        events=f"{found.events:,}", kits=f"{found.kits:,}", took=took,
    )  # fmt: skip
    say = messages.success if found.intact else messages.error
    say(request, f"{found.sentence} {found.kits:,} kits looked at, in {took}.")
    return redirect("home")


register_navigation(NavItem("Home", "home", None, order=0))
