"""Pure: events in, decisions out. No clock, no socket, no random source."""
