"""One's own PIN for the counter terminal: chosen, changed, removed."""

from allauth.account.internal.flows import reauthentication
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from safety_portal import pins
from safety_portal.access import everyone
from safety_portal.pins import Pin, PinError
from safety_portal.terminal_forms import ChoosePinForm


def password_is_due(request):
    """Whether a POST comes without the password asked for first. allauth would keep it, PIN and all, in the session."""
    return request.method == "POST" and not reauthentication.did_recently_reauthenticate(request)


@everyone
def counter_pin(request):
    """Choose the PIN that is good beside one's badge at the counter."""
    if password_is_due(request):
        return redirect("counter_pin")
    reauthentication.raise_if_reauthentication_required(request, app="account")
    form = ChoosePinForm(request.POST or None, person=request.person, cancel_url=reverse("home"))
    if request.method == "POST" and form.carry_out(pins.set_pin):
        messages.success(request, "Your PIN is saved. It is good at your station’s counter terminal, beside your badge.")  # fmt: skip
        return redirect("counter_pin")
    mine = Pin.objects.filter(account=request.user).first()
    context = {"title": "Counter PIN", "form": form, "narrow": True, "pin": mine}
    return render(request, "account/counter_pin.html", context)


@require_POST
@everyone
def remove_pin(request):
    """Give the PIN up."""
    try:
        pins.remove_pin(by=request.person)
    except PinError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Your PIN is removed.")
    return redirect("counter_pin")
