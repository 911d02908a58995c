"""What is noted about the components of kits within other acts: assembly, inspection."""

from naloxone import kit_type_rules
from naloxone.kit_type_rules import Fit
from naloxone.models import Fitting


def check_made_as(version, expiries, *, on):
    """Raise CustodyError unless there is a day for each component of a version that needs one."""
    lines = {row.pk: row.line for row in version.components.all()}
    kit_type_rules.check_expiries(lines, expiries, on=on)


def fit_new(kits, expiries, *, request_key, by):
    """Note until when the components of newly assembled kits are good, in the caller's act."""
    Fitting.objects.bulk_create(
        Fitting(
            kit=kit, component_id=key, fit=Fit.FITTED, expires_on=day, by=by, request_key=request_key
        )
        for kit in kits
        for key, day in expiries.items()
    )  # fmt: skip


def tell_short(kit, components, *, note, request_key, by):
    """Note that components were not there when somebody looked, in the caller's act."""
    Fitting.objects.bulk_create(
        Fitting(kit=kit, component=one, fit=Fit.SHORT, note=note, by=by, request_key=request_key)
        for one in components
    )
