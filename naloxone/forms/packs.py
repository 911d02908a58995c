"""What people type about the numbers on packs."""

from django.core.exceptions import ValidationError

from naloxone.forms.base import CustodyForm
from naloxone.gs1_rules import CodeError, checked_gtin
from naloxone.models import Product
from safety_portal import widgets as w


class PackCodeForm(CustodyForm):
    """A UPC or GTIN, and the product it stands for."""

    submit_label = "Remember it"
    keyed = False

    number = w.ScanField(
        label="Number below the bars", widget=w.CodeLine({"inputmode": "numeric"}),
        help_text="12, 13 or 14 digits. Scan it or type it.",
    )  # fmt: skip
    product = w.ModelField(queryset=Product.objects.all(), label="Product")

    def clean_number(self):
        try:
            return checked_gtin(self.cleaned_data["number"])
        except CodeError as error:
            raise ValidationError(str(error)) from error

    def facts(self):
        return {"code": self.cleaned_data["number"], "product": self.cleaned_data["product"]}


class ForgetCodeForm(CustodyForm):
    """Nothing to type: it only says what follows."""

    submit_label = "Take it back"
    submit_kind = "danger"
    keyed = False
    seen_by = ("Everybody who receives stock", "In the audit: your name")

    def describe(self, told):
        self.consequences = (
            f"{told.code} no longer means {told.product}. Who scans it next is asked what it is.",
            "Deliveries that were received with it stay as they are.",
        )
