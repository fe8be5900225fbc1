"""data"""
from pages.ui import guard

guard.require("data")
