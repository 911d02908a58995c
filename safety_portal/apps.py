"""Joins the core to Django's start."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules

from safety_portal import celery, roles


class SafetyPortalConfig(AppConfig):
    """The shared core; Celery's app is imported here so that the web can publish tasks."""

    name = "safety_portal"
    verbose_name = "Safety portal"
    celery = celery.app

    def ready(self):
        # The signal is sent once all migrations have run, so one sender suffices.
        post_migrate.connect(roles.grant_rights, sender=self)
        # Each app's notices.py says what alerts it has and who hears of them; its closing.py, what keeps a
        # station open.
        autodiscover_modules("notices", "closing")
