"""Joins training to Django's start."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"
