"""register"""
from pages.ui import guard

guard.require("register")
