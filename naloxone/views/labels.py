"""Labels of units, to be printed. To print is to read (ADR 9): it writes nothing."""

from django.urls import reverse
from django.utils import timezone

from naloxone import forms, labels
from naloxone.views.stock import asked, form_page
from safety_portal import documents
from safety_portal.access import everyone

STOCK = "label_stock"  # in the session: whoever prints again has the same sheets in the printer


@everyone
def label_sheets(request):
    """Labels of the units named, on a stock one chooses. A POST, because a thousand numbers fit in no address."""
    initial = {**asked(request), "stock": request.session.get(STOCK) or None}
    form = forms.LabelsForm(
        request.POST or None,
        person=request.person,
        initial={name: value for name, value in initial.items() if value},
        cancel_url=reverse("naloxone:kits"),
    )
    if request.method == "POST" and form.is_valid():
        told, now = form.cleaned_data, timezone.now()
        request.session[STOCK] = told["stock"].key
        pdf = labels.sheets(
            told["kits"], told["stock"], first=told["first"], by=request.person, at=now
        )
        name = told["kits"][0].reference if len(told["kits"]) == 1 else f"{len(told['kits'])} kits"
        return documents.answer(pdf, f"Labels {name}.pdf")
    return form_page(request, form, "Print labels")
