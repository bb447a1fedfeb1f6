"""The ledger: what every worker did and every pool was sent, kept in an SQLite file."""

from stratumproxy.ledger.ledger import Ledger
from stratumproxy.ledger.pages import ShareQuery
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.ledger.standing import Standing

__all__ = ["Ledger", "LedgerReader", "ShareQuery", "Standing"]
