"""How the components of a kit stand: the newest word on each, and what expires first. Reading only."""

from dataclasses import dataclass

from naloxone.kit_type_rules import FIT_WORDS, LATEX_WHY, Fit, first_to_expire
from naloxone.models import Fitting, KitComponent


@dataclass
class Standing:
    """One component of a kit, as it stands now: None before anybody noted anything about it."""

    component: KitComponent
    newest: Fitting | None = None
    expired: bool = False

    latex_why = LATEX_WHY

    @property
    def is_there(self):
        return self.newest is None or self.newest.is_there

    @property
    def expires_on(self):
        return self.newest.expires_on if self.newest and self.newest.is_there else None

    @property
    def words(self):
        """What was noted last, where it is not simply there."""
        if self.newest is None or self.newest.fit == Fit.FITTED:
            return ""
        return FIT_WORDS[Fit(self.newest.fit)]

    def is_expired(self, today):
        return self.expires_on is not None and self.expires_on < today


def of_kit(kit):
    """The components of a kit that was made by a type, in their order; none of another. Two queries."""
    if kit.made_as_id is None:
        return []
    newest = {
        one.component_id: one
        for one in Fitting.objects.filter(kit=kit).select_related("by").order_by("pk")
    }
    components = KitComponent.objects.filter(version=kit.made_as_id)
    return [Standing(one, newest.get(one.pk)) for one in components]


def first_expiry(kit, standings):
    """(day, what) of what expires first of a kit: its doses or a component; None when nothing does."""
    days = [(one.expires_on, one.component.name) for one in standings if one.expires_on]
    if kit.expires_on:
        days.append((kit.expires_on, "its doses"))
    return first_to_expire(days)
