"""What was measured around a kit, in the words that its pages show."""

from django.conf import settings

from naloxone import badges
from naloxone.models import KitStorage
from naloxone.storage_rules import Decision, Mark, StorageState, span

MARKS = {
    Mark.REPLACE: ("To be replaced", "watch"),
    Mark.REVIEW: ("Temperature review", "watch"),
}


def mark_badge(mark):
    """What stands on a kit beside its state; nothing on most."""
    return badges.badge(*MARKS[Mark(mark)]) if mark else ""


def add_marks(kits):
    """Set on each of some kits the badge of its mark; one query for all."""
    found = dict(
        KitStorage.objects.filter(kit__in=[kit.pk for kit in kits])
        .exclude(mark="")
        .values_list("kit", "mark")
    )
    for kit in kits:
        kit.mark_badge = mark_badge(found.get(kit.pk, ""))
    return kits


def storage_of(kit):
    """What was measured around a unit (asked for with its `storage`), with its sentence; None when nobody has measured.

    Most kits were never outside: only of the others are place, label and decision looked up.
    """
    found = getattr(kit, "storage", None)
    if found is None or not found.readings:
        return None
    if found.place_id or found.decided_id:
        names = ("place", "label", "decided__decision__by")
        found = KitStorage.objects.select_related(*names).get(kit=kit)
    found.sentence = sentence(found)
    found.badge = mark_badge(found.mark)
    return found


def sentence(row):
    """“Replace in the next rotation, usable: 9 h over 40 °C.”"""
    measured = told(row)
    if row.mark == Mark.REPLACE:
        return f"Replace in the next rotation, usable: {measured}"
    if row.mark == Mark.REVIEW:
        return f"Waits for a review, usable: {measured}"
    if row.decided and Decision(row.decided.decision.decision) == Decision.KEEP:
        return f"Kept in service: {measured}"
    return measured.capitalize()


def told(row):
    """What was measured, the worst first."""
    parts = []
    if row.frozen:
        parts.append("frozen once" if row.frozen == 1 else f"frozen {row.frozen} times")
    if row.hot >= 60:
        parts.append(f"{span(row.hot)} over {settings.STORAGE_HOT_C} °C")
    besides = row.outside - row.hot  # cold, or warm but not hot
    if besides >= 60:
        more = "another " if row.hot >= 60 else ""
        parts.append(f"{more}{span(besides)} outside its label’s band")
    elif row.state in (StorageState.REVIEW, StorageState.REPLACE) and not parts:
        parts.append("seen outside its label’s band, for how long is not known")
    if row.allowed >= 60:
        parts.append(f"{span(row.allowed)} in the allowed excursion")
    return "; ".join(parts) or "in range"
