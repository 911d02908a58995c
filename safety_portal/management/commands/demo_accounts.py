"""Says with whom one can sign in to the demo, and what to look at first."""

from django.core.management.base import BaseCommand

from safety_portal.demo.cast import DOMAIN, PASSWORD, PINS
from safety_portal.people import Account, Person

# Who they are, their address before the @, and what is worth a look.
FIRST_LOOKS = [
    ("Officer", "officer", "Hand-overs: accept what waits, or refuse a kit"),
    ("Naloxone coordinator", "coordinator", "Kits: release, assemble, offer"),
    ("Deputy coordinator", "deputy", "Liaisons: a register that passed"),
    ("Station supervisor", "supervisor", "Kits that expire; make a counter terminal"),
    ("Dog handler", "handler", "The kit that waits for Biscuit, your dog"),
    ("National coordinator", "national", "Kits of twelve stations; record a recall"),
    ("Administrator", "admin", "People: invite, give and end roles; the outbox"),
    ("Auditor", "auditor", "Any kit's timeline; verify the whole ledger"),
    ("Health office", "health", "Protocols: a draft; mail and sweeps"),
    ("Safety officer", "safety", "Alerts of all stations"),
    ("Canine programme", "canine", "Dose cards: which hold, which not, and why"),
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


def at_the_counter():
    """Who has a PIN: “officer D20100 with 274913”."""
    found = Person.objects.filter(given_name__in=PINS, account__email__endswith=f"@{DOMAIN}")
    rows = found.order_by("badge").values_list("account__email", "badge", "given_name")
    return ", ".join(f"{email.split('@')[0]} {badge} with {PINS[n]}" for email, badge, n in rows)


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
        self.stdout.write(f"Badge and PIN at a counter terminal: {at_the_counter()}")
