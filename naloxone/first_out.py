"""First expired first out, where kits are chosen: which should go first, and a word where a later one is taken."""

from django.contrib import messages
from django.db.models import F
from django.utils import timezone

from naloxone.models import HandOverLine, Kit, own_day
from naloxone.rules import PLACES
from safety_portal import access, looking

FEW = 3  # proposed beside one another, and named in a message


def ready(now):
    """Serviceable units in places, promised to nobody; the first to expire first."""
    offered = HandOverLine.objects.filter(outcome=None).values("kit")
    found = Kit.objects.serviceable(own_day(now)).filter(holder__kind__in=PLACES)
    return found.exclude(pk__in=offered).select_related("holder").first_expired_first()


def propose(person, permission, now, **facts):
    """The first to go at the stations where one has a permission and looks now; `facts` narrow the kind of unit."""
    where = access.within(person, permission) & looking.narrowing(person)
    return list(ready(now).filter(where, **facts)[:FEW])


def mark(kits, now):
    """Sets on each chosen unit the one of its place and kind that expires sooner and was left (`sooner`), else None; one query."""
    chosen = {kit.pk for kit in kits}
    left = (
        ready(now)
        .filter(holder__in={kit.holder_id for kit in kits}, kind__in={kit.kind for kit in kits})
        .exclude(pk__in=chosen)
        .order_by("holder", "kind", F("expires_on").asc(nulls_last=True), "pk")
        .distinct("holder", "kind")
    )
    first = {(kit.holder_id, kit.kind): kit for kit in left}
    for kit in kits:
        one = first.get((kit.holder_id, kit.kind))
        later = one and kit.expires_on and one.expires_on < kit.expires_on
        kit.sooner = one if later else None
    return kits


def note(request, sooner):
    """Say in a word which units would have gone first (`sooner`: those that `mark` found); what was done stays done."""
    names = list(dict.fromkeys(kit.reference for kit in sooner))
    for name in names[:FEW]:
        messages.info(request, f"{name} expires sooner.")


def left_by(form):
    """Which units expire sooner than those of a bound form, before they go; nothing while it says no."""
    if not form.is_bound or not form.is_valid():
        return []
    marked = mark(form.cleaned_data["kits"], timezone.now())
    return [kit.sooner for kit in marked if kit.sooner]
