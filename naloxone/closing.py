"""What kits and places have to say when a station is to be closed."""

from django.db.models import Q
from django.urls import reverse

from naloxone.actions.places import shut
from naloxone.models import Consignment, Discrepancy, HandOver, Holder, Kit
from naloxone.rules import PLACES, STOCKED
from safety_portal import roster
from safety_portal.people import PersonError


def places_at(station):
    return Holder.objects.in_use().filter(station=station, kind__in=PLACES).order_by("pk")


def keeps_open(station):
    """Hindrances: units that are or were last recorded there, hand-overs on their way, and what does not add up."""
    # Who went to another station has taken kits along; in the ledger those are here until the next act.
    there = Q(station=station) | Q(holder__station=station)
    if kits := Kit.objects.filter(there, state__in=STOCKED).count():
        what = "1 kit is" if kits == 1 else f"{kits:,} kits are"
        yield roster.Hindrance(
            f"{what} recorded at {station}: its coordinator moves what is in places to another "
            "station; what is in somebody’s hands is returned or handed on.",
            f"Kits at {station}",
            f"{reverse('naloxone:kits')}?station={station.pk}",
        )
    if offers := HandOver.objects.open().filter(receiver__station=station).count():
        what = "1 hand-over" if offers == 1 else f"{offers:,} hand-overs"
        verb = "is" if offers == 1 else "are"
        yield roster.Hindrance(
            f"{what} to {station} {verb} still open: the receivers answer, or the givers withdraw."
        )
    if boxes := Consignment.objects.open().filter(destination=station).count():
        what = "1 consignment is" if boxes == 1 else f"{boxes:,} consignments are"
        yield roster.Hindrance(
            f"{what} on the way to {station}: its coordinator receives it, or the sender calls it back.",
            "Consignments",
            reverse("naloxone:consignments"),
        )
    if number := Discrepancy.objects.open().filter(station=station).count():
        what = "1 discrepancy" if number == 1 else f"{number:,} discrepancies"
        verb = "is" if number == 1 else "are"
        yield roster.Hindrance(
            f"{what} at {station} {verb} still open: its coordinator closes what is explained; what is "
            "missing is found or written off."
        )


def follows(station):
    """A sentence about the places that are closed along with it."""
    if places := places_at(station).count():
        yield (
            "The empty place there is closed too."
            if places == 1
            else f"The {places:,} empty places there are closed too."
        )


def close(station, *, on, by):
    """Close the station’s places. Raises PersonError when a unit came in while it was waited for."""
    # The full lock, as in close_place: nothing comes in any more, so what is counted now is all.
    places = list(places_at(station).select_for_update(of=("self",)).select_related("station"))
    if found := [hindrance.text for hindrance in keeps_open(station)]:
        raise PersonError(" ".join(found))
    for place in places:
        shut(place, on=on, by=by)


roster.register_closing(roster.Closing(keeps_open=keeps_open, follows=follows, close=close))
