"""coverage"""
from pages.ui import guard

guard.require("coverage")
