"""ledger"""
from pages.ui import guard

guard.require("ledger")
