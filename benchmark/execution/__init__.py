"""Run planned runs in worker processes; the store alone says what is done."""
