"""Which edition of its product's label a lot carries: what it allows decides what heat and frost mean."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse

from naloxone import actions, forms
from naloxone.views.lots import lot_with, may_see_lot
from naloxone.views.stock import form_page
from safety_portal.access import Permission, needs


def lot_of(request, number):
    found = lot_with(number)
    if not may_see_lot(request.person, found):
        raise Http404
    return found, reverse("naloxone:lot", args=[found.pk])


@needs(Permission.STOCK_RECEIVE)
def set_label(request, number):
    """Say which label the cartons of a lot carry."""
    found, page = lot_of(request, number)
    form = forms.LotLabelForm(
        request.POST or None, person=request.person, lot=found, cancel_url=page
    )
    if request.method == "POST" and form.carry_out(actions.set_label, lot=found):
        messages.success(request, f"The label of lot {found} is noted.")
        return redirect(page)
    return form_page(
        request, form, f"Which label does lot {found} carry?", template="naloxone/set_label.html", lot=found
    )  # fmt: skip


@needs(Permission.STOCK_RECEIVE)
def add_label(request, number):
    """Another edition of the product's label, as it is printed."""
    found, _ = lot_of(request, number)
    page = reverse("naloxone:set_label", args=[found.pk])
    form = forms.LabelForm(request.POST or None, person=request.person, cancel_url=page)
    if request.method == "POST" and form.carry_out(actions.add_label, product=found.product):
        messages.success(request, f"“{form.result}” can be chosen now.")
        return redirect(page)
    return form_page(request, form, f"Another label of {found.product}")
