"""Joins exposures to Django's start."""

from django.apps import AppConfig


class ExposuresConfig(AppConfig):
    name = "exposures"
