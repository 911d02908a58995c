"""What the numbers on packs mean: said by who receives, never erased; the newest word counts."""

from django.db import transaction

from naloxone import gs1_rules, packs
from naloxone.gs1_rules import CodeError
from naloxone.models import PackCode, Product
from safety_portal import access, audit
from safety_portal.access import ANYWHERE, Permission


@transaction.atomic
def remember_code(*, code, product, by):
    """Note that a UPC or GTIN on packs means a product, for every station. Raises CodeError.

    Whoever receives stock anywhere may say so. Said again, it is noted once.
    """
    access.check(by, Permission.STOCK_RECEIVE, at=ANYWHERE)
    code = gs1_rules.checked_gtin(code)
    if own := Product.objects.filter(gtin=code).exclude(pk=product.pk).first():
        raise CodeError(f"{code} is the number of {own} itself.", "number")
    if packs.product_of(code) == product:
        return
    PackCode.objects.create(code=code, product=product, by=by)
    audit.record("pack_code.remembered", by=by, target=code, product=product)


@transaction.atomic
def forget_code(*, code, by):
    """Take back what a number on packs means; the next who scans it is asked again."""
    access.check(by, Permission.STOCK_RECEIVE, at=ANYWHERE)
    told = PackCode.objects.in_force().filter(code=code).first()
    if told:
        PackCode.objects.create(code=code, product=None, by=by)
        audit.record("pack_code.forgotten", by=by, target=code, product=told.product)
