"""What numbers on packs mean: said once by who receives, for every station."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse

from naloxone import actions, forms
from naloxone.models import PackCode
from safety_portal.access import Permission, needs
from safety_portal.page_parts import Column, Table

PAGE = "naloxone:pack_codes"


@needs(Permission.STOCK_RECEIVE)
def pack_codes(request):
    """Every number that means a product whose own number is another, and one more."""
    form = forms.PackCodeForm(request.POST or None, person=request.person)
    if request.method == "POST" and form.carry_out(actions.remember_code):
        told = form.cleaned_data
        messages.success(request, f"{told['number']} is {told['product']} from now on.")
        return redirect(PAGE)
    columns = [
        Column("Number"),
        Column("Product"),
        Column("Said by"),
        Column("", hidden="Take back"),
    ]
    context = {
        "title": "Numbers on packs",
        "head": Table(request, "Numbers that mean a product", columns, caption_hidden=True),
        "rows": PackCode.objects.in_force().select_related("product", "by").order_by("code"),
        "form": form,
    }
    return render(request, "naloxone/pack_codes.html", context)


@needs(Permission.STOCK_RECEIVE)
def forget_code(request, code):
    """Take a number back: says what will be so before it is done."""
    found = PackCode.objects.in_force().filter(code=code).select_related("product").first()
    if found is None:
        raise Http404
    form = forms.ForgetCodeForm(
        request.POST or None, person=request.person, cancel_url=reverse(PAGE)
    )
    form.describe(found)
    if request.method == "POST" and form.carry_out(actions.forget_code, code=code):
        messages.success(request, f"{code} means no product any more.")
        return redirect(PAGE)
    context = {"title": f"Take back {code}", "form": form, "narrow": True}
    return render(request, "naloxone/form.html", context)
