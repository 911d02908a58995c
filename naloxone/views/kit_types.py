"""What kits are made of: types and their versions; what became of a component of one kit."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from naloxone import actions, components, forms, kit_type_rules
from naloxone.actions import life
from naloxone.actions.kit_types import may_keep_types
from naloxone.models import Kit, KitType
from naloxone.views.levels import stock_tabs
from naloxone.views.stock import form_page
from safety_portal.access import Permission, everyone, needs
from safety_portal.page_parts import Column, Table


@everyone
def kit_types(request):
    """Which types of kits there are, and what is in each."""
    columns = [Column("Type"), Column("Doses", figure=True), Column("Beside the doses"), Column("Version", figure=True)]  # fmt: skip
    context = {
        "title": "Kit types",
        "tabs": stock_tabs(request.person, "kit_types"),
        "types": [(one, one.newest) for one in KitType.objects.with_versions()],
        "head": Table(request, "Kit types", columns, caption_hidden=True),
        "can_keep": may_keep_types(request.person),
    }
    return render(request, "naloxone/kit_types.html", context)


@everyone
def kit_type(request, number):
    """One type: what it is made of now, and what each version changed."""
    found = get_object_or_404(KitType.objects.with_versions(), pk=number)
    versions = sorted(found.versions.all(), key=lambda one: -one.number)
    for new, old in zip(versions, [*versions[1:], None], strict=True):
        new.changes = kit_type_rules.changes(old.bill, new.bill) if old else []
    columns = [Column("Component"), Column("How many", figure=True), Column("Expiry"), Column("Required"), Column("Latex")]  # fmt: skip
    context = {
        "title": found.name,
        "found": found,
        "newest": versions[0],
        "versions": versions,
        "head": Table(request, "Beside its doses", columns),
        "can_keep": may_keep_types(request.person),
    }
    return render(request, "naloxone/kit_type.html", context)


@needs(Permission.KIT_TYPES_KEEP)
def new_kit_type(request):
    """Begin a type of kit with its first version."""
    if not may_keep_types(request.person):
        raise Http404
    form = forms.KitTypeForm(
        request.POST or None, person=request.person, cancel_url=reverse("naloxone:kit_types")
    )
    if request.method == "POST" and form.carry_out(actions.begin_kit_type):
        return written(request, form)
    return write_page(request, form, "Begin a kit type")


@needs(Permission.KIT_TYPES_KEEP)
def change_kit_type(request, number):
    """Write a new version, from the newest one."""
    found = get_object_or_404(KitType.objects.with_versions(), pk=number)
    if not may_keep_types(request.person):
        raise Http404
    form = forms.KitVersionForm(
        request.POST or None, old=found.newest, person=request.person, cancel_url=found.get_absolute_url(),
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.write_kit_version, kit_type=found):
        return written(request, form)
    return write_page(request, form, f"New version of {found}", found)


def written(request, form):
    messages.success(request, f"{form.result} is written. Kits assembled from now on are of it.")
    return redirect(form.result.kit_type)


def write_page(request, form, title, found=None):
    context = {"title": title, "form": form, "found": found}
    return render(request, "naloxone/write_kit_type.html", context)


@everyone
def fit(request, number):
    """Note what became of a component of a kit: renewed, short, used, taken out."""
    kit = get_object_or_404(Kit.objects.visible_to(request.person).with_names(), pk=number)
    if not life.touches(request.person, kit):
        raise Http404
    standings = components.of_kit(kit)
    if not standings:
        messages.info(
            request, f"{kit.reference} was made by no kit type: it has no list of components."
        )
        return redirect(kit)
    form = forms.ComponentForm(
        request.POST or None, kit=kit, standings=standings, person=request.person,
        initial={"component": request.GET.get("component", ""), "fit": "renewed"},
        cancel_url=kit.get_absolute_url(),
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.fit_component):
        messages.success(request, f"Noted: {form.result.component}, {form.result.get_fit_display().lower()}.")  # fmt: skip
        return redirect(kit)
    return form_page(request, form, f"A component of {kit.reference}")
