"""Parts of a model: Python classes from which the model's class is composed."""

from odoo import models


class ModelPart(models.Model):
    """A part of one model, with fields and methods of one feature.

    The class of the model lists its parts as bases, so that the list of them is in one
    place and no part depends on the order of imports. A part is not a model: it has no
    name, and Odoo registers only the class that inherits it. Each part sets
    `_register = False` itself, as Odoo reads the attribute of the class only.
    """

    _register = False
    _module = "subscription_management"
