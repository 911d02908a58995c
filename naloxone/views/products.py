"""Products and lots: which there are, one more, and what is told of one."""

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import Lower
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from naloxone import actions, forms
from naloxone.models import Kit, Lot, Product
from naloxone.views.stock import form_page
from safety_portal import keyset
from safety_portal.access import Permission, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Table

BY_NAME = (By("name_key", str), By("pk"))
NEWEST = (By("pk"),)
PAGE = "naloxone:products"


PRODUCTS_FILE = (
    Out("Product", "name"), Out("NDC", "ndc"), Out("GTIN", "gtin"), Out("Manufacturer", "manufacturer"),
    Out("Antagonist", "antagonist"), Out("Strength, mg a dose", "strength_mg.normalize"), Out("Route", "route"), Out("Supply", "supply"),
    Out("Doses in a carton", "devices_per_carton"), Out("Storage from, °C", "storage_min_c"),
    Out("Storage to, °C", "storage_max_c"), Out("Shelf life, months", "shelf_life_months"), Out("Source", "fact_status"),
)  # fmt: skip
LOTS_FILE = (
    Out("Product", "product.name"), Out("Lot", "number"), Out("Expiry", "expires_on"),
    Out("Recalled", lambda lot: hasattr(lot, "recall")),
)  # fmt: skip


@needs(Permission.KITS_SEE)
@downloads
def products(request):
    """Every product that can be received."""
    rows = Product.objects.annotate(name_key=Lower("name"), lot_count=Count("lots"))
    if wanted(request):
        return Listed("Products", PRODUCTS_FILE, rows, BY_NAME)
    page = keyset.page_of(request.GET, rows, BY_NAME)
    columns = [Column("Product"), Column("NDC"), Column("GTIN"), Column("Antagonist"), Column("Doses in a carton", figure=True), Column("Lots", figure=True)]  # fmt: skip
    context = {
        "title": "Products",
        "head": Table(request, "Products", columns, caption_hidden=True),
        "products": page.rows,
        "pager": keyset.pager(request.GET, page, BY_NAME, keyset.count_of(page, rows), "product"),
    }
    return render(request, "naloxone/products.html", context)


@needs(Permission.KITS_SEE)
@downloads
def lots(request):
    """Every lot that was recorded, the newest first."""
    # Its page is for whoever has units of it; others read of it here.
    mine = Kit.objects.overseen_by(request.person).filter(devices__lot=OuterRef("pk"))
    rows = Lot.objects.select_related("product", "recall").annotate(has_page=Exists(mine))
    if wanted(request):
        return Listed("Lots", LOTS_FILE, rows, NEWEST, down=True)
    page = keyset.page_of(request.GET, rows, NEWEST, down=True)
    context = {
        "title": "Lots",
        "head": Table(
            request,
            "Lots",
            [*map(Column, ("Lot", "Product", "Expiry", "Recalled?"))],
            caption_hidden=True,
        ),
        "lots": page.rows,
        "pager": keyset.pager(request.GET, page, NEWEST, keyset.count_of(page, rows), "lot"),
    }  # fmt: skip
    return render(request, "naloxone/lots.html", context)


@needs(Permission.STOCK_RECEIVE)
def new_product(request):
    """A product that nobody has received yet."""
    form = forms.ProductForm(request.POST or None, person=request.person, cancel_url=reverse(PAGE))
    if request.method == "POST" and form.carry_out(actions.record_product):
        messages.success(request, f"{form.result} can be received from now on.")
        return redirect(PAGE)
    return form_page(request, form, "Add a product")


@needs(Permission.STOCK_RECEIVE)
def change_product(request, number):
    """What is told of a product."""
    found = get_object_or_404(Product, pk=number)
    form = forms.ProductForm(
        request.POST or None, row=found, person=request.person, cancel_url=reverse(PAGE)
    )
    if request.method == "POST" and form.carry_out(actions.change_product, product=found):
        messages.success(request, f"{found} is changed.")
        return redirect(PAGE)
    return form_page(request, form, f"Change {found}")


@needs(Permission.STOCK_RECEIVE)
def new_lot(request):
    """A lot and its expiry, before any of it came."""
    form = forms.LotForm(request.POST or None, person=request.person, cancel_url=reverse("naloxone:lots"))  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.record_lot):
        messages.success(request, f"Lot {form.result} is recorded.")
        return redirect("naloxone:lots")
    return form_page(request, form, "Record a lot")
