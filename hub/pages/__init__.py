"""The store's page: who is on the floor, what lies where, carts as they grow, receipts with their reasons."""
