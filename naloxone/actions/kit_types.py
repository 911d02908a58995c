"""What kits are made of: a type's versions, and what becomes of a component in a kit. Only ever added to."""

from django.db import transaction

from naloxone import kit_type_rules
from naloxone.actions.life import check_touch
from naloxone.actions.stock import begin
from naloxone.kit_type_rules import Fit
from naloxone.models import Fitting, KitComponent, KitType, KitTypeVersion
from naloxone.rules import CustodyError
from safety_portal import access, audit
from safety_portal.access import Permission
from safety_portal.versions import one_at_a_time


def may_keep_types(person):
    """Whether a person writes what kits are made of: for the whole agency, or not at all."""
    return access.may(person, Permission.KIT_TYPES_KEEP, at=access.EVERYWHERE)


@transaction.atomic
def begin_kit_type(*, name, kind, components, doses, source, request_key, by):
    """Begin a type of kit with its first version. Returns the version. Raises CustodyError, AccessError."""
    access.check(by, Permission.KIT_TYPES_KEEP, at=access.EVERYWHERE)
    one_at_a_time("kit types")
    if known := KitTypeVersion.objects.filter(request_key=request_key, written_by=by).first():
        return known
    if KitType.objects.filter(name__iexact=name).exists():
        raise CustodyError(
            f"There is a kit type {name} already: write a new version of it.", "name"
        )
    made = KitType.objects.create(name=name, kind=kind)
    return _add_version(
        made, 1, components, doses=doses, source=source, request_key=request_key, by=by
    )


@transaction.atomic
def write_kit_version(*, kit_type, shown, components, doses, source, what_changed, request_key, by):
    """Write what a type is made of from now on; kits made before stay as they are. Returns the version.

    `shown` is the number of the version it was written from. Raises CustodyError, AccessError.
    """
    access.check(by, Permission.KIT_TYPES_KEEP, at=access.EVERYWHERE)
    one_at_a_time(kit_type.reference)
    if known := KitTypeVersion.objects.filter(request_key=request_key, written_by=by).first():
        return known
    newest = kit_type.versions.latest("number")
    if newest.number != shown:
        raise CustodyError(
            f"{newest.written_by} wrote version {newest.number} meanwhile. What you typed is still below; read "
            "theirs, and send it again to put it after theirs."
        )
    return _add_version(
        kit_type, newest.number + 1, components, doses=doses, source=source,
        what_changed=what_changed, request_key=request_key, by=by,
    )  # fmt: skip


def _add_version(kit_type, number, components, *, source, by, **facts):
    kit_type_rules.check_version(components, source=source)
    made = KitTypeVersion.objects.create(
        kit_type=kit_type, number=number, source=source, written_by=by, **facts
    )
    KitComponent.objects.bulk_create(
        KitComponent(version=made, position=position, **vars(one))
        for position, one in enumerate(components, 1)
    )
    audit.record(
        "kit_type.written", by=by, target=kit_type, name=kit_type.name, version=number,
        components=len(components),
    )  # fmt: skip
    return made


@transaction.atomic
def fit_component(*, kit, component, fit, expires_on=None, note="", now, request_key, by):
    """Note what became of a component of a kit: renewed until a day, short, used, or taken out. Returns the Fitting.

    The doses' expiry and the custody record stay as they are. Raises CustodyError, AccessError.
    """
    [kit], _ = begin([kit], request_key)
    if known := Fitting.objects.filter(kit=kit, request_key=request_key).first():
        return known
    check_touch(by, [kit])
    if component.version_id != kit.made_as_id:
        raise CustodyError(f"{component} is no component of {kit.reference}.", "component")
    fit = Fit(fit)
    kit_type_rules.check_fit(
        component.line, fit, expires_on=expires_on, on=kit.station.today(now), note=note
    )
    made = Fitting.objects.create(
        kit=kit, component=component, fit=fit, expires_on=expires_on if fit == Fit.RENEWED else None,
        note=note, by=by, request_key=request_key,
    )  # fmt: skip
    audit.record(
        "kit.component_noted", by=by, target=kit, station=kit.station, component=component.name,
        fit=fit, expires=expires_on or "",
    )  # fmt: skip
    return made
