"""The store's mind: who took what, the journal, payments, receipts, pages."""
