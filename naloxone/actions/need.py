"""What people say of a kit: that it would work in need, or does not. The newest word counts."""

from naloxone.models import NeedWord
from safety_portal import audit


def say(kits, *, works, why, act=None, request_key, by):
    """Write one word on each of some locked units, in the caller's act."""
    NeedWord.objects.bulk_create(
        NeedWord(kit=kit, works=works, why=why[:500], by=by, act=act, request_key=request_key)
        for kit in kits
    )
    for kit in kits:
        kit.works = works  # as the trigger has projected it
        audit.record(
            "kit.works" if works else "kit.does_not_work", by=by, target=kit, station=kit.station,
            why=why,
        )  # fmt: skip


def take_back(kit, undone, act, *, why, by):
    """When an act is undone, so is the word that was given in it: the opposite is said again."""
    for word in NeedWord.objects.filter(act=undone, kit=kit):
        say([kit], works=not word.works, why=why, act=act, request_key=act.request_key, by=by)
