"""What travels between nodes and hub: messages, topics, the bus, the clock. The contract; it knows nobody."""
