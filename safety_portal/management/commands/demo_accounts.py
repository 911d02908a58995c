"""Says with whom one can sign in to the demo, and what to look at first."""

from django.core.management.base import BaseCommand

from safety_portal.demo.cast import DOMAIN, PASSWORD
from safety_portal.people import Account

# Who they are, their address before the @, and what is worth a look.
FIRST_LOOKS = [
    ("Officer", "officer", "Hand-overs: accept what waits, or refuse a kit"),
    ("Naloxone coordinator", "coordinator", "Kits: release, assemble, offer"),
    ("Station supervisor", "supervisor", "Kits that expire; hand over at the counter"),
    ("Dog handler", "handler", "The kit that waits for Biscuit, your dog"),
    ("National coordinator", "national", "Kits of twelve stations; record a recall"),
    ("Administrator", "admin", "People: invite, give and end roles; the outbox"),
    ("Auditor", "auditor", "Any kit's timeline; verify the whole ledger"),
    ("Health office", "health", "Mail and sweeps"),
    ("Safety officer", "safety", "Alerts of all stations"),
    ("Canine programme", "canine", "Dogs with their handlers and weights"),
    ("Medical officer", "medical", "Home; kits of others stay out of sight"),
    ("Laboratory liaison", "lab", "Home, as any employee sees it"),
]


def lines():
    """The table, as wide as its longest cell."""
    table = [("Role", "Address", "Look first at")]
    table += [(role, f"{name}@{DOMAIN}", look) for role, name, look in FIRST_LOOKS]
    role_width, address_width = (max(len(row[n]) for row in table) for n in (0, 1))
    for role, address, look in table:
        yield f"  {role:<{role_width}}  {address:<{address_width}}  {look}"


class Command(BaseCommand):
    help = "Prints the demo's accounts and their password."

    def handle(self, *args, **options):
        if not Account.objects.filter(email=f"{FIRST_LOOKS[0][1]}@{DOMAIN}").exists():
            self.stdout.write("The demo's accounts are not in this portal.")
            return
        self.stdout.write("Sign in as (all are fictitious):")
        for line in lines():
            self.stdout.write(line)
        self.stdout.write(f"Password of all: {PASSWORD}")
