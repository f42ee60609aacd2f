"""What is shown: state, intents, planning, caching. No Qt, no threads."""
