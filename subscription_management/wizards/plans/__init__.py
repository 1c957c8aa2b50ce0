from . import compare
