"""look_up"""
from pages.ui import guard

guard.require("look_up")
