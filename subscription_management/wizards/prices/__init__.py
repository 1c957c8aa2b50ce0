from . import publish
